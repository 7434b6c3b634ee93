import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Random } from "./random.ts";
import { systemRandom } from "./random.ts";
import type { Timers } from "./timers.ts";
import { systemTimers } from "./timers.ts";

/** Everything impure that the shell needs, as one value. */
export interface Platform {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

export function createPlatform(log: Log): Platform {
  return { clock: systemClock, timers: systemTimers, random: systemRandom, log };
}
