import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 100;

/** Asks again until the answer passes `accept`, and answers it. Errors with the last answer when time is up. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  accept: (answer: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += STEP_MS) {
    const answer = await ask();
    if (accept(answer)) return answer;
    if (waitedMs >= timeoutMs) {
      throw new Error(`still not so after ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    }
    await sleep(STEP_MS);
  }
}
