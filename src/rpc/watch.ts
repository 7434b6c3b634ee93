import type { ServiceImpl } from "@connectrpc/connect";
import type { WatchHub } from "../engine/watch.ts";
import type { WatchedState } from "../engine/watched-states.ts";
import type { Watcher, WatchUpdate } from "../engine/watcher.ts";
import { ConfigService } from "../gen/attuned/v1/config_service_pb.ts";
import type { Timers } from "../platform/timers.ts";
import { type Frame, type HotCall, hotStream } from "./server/hot-call.ts";
import { createUpdateToWire, type WatchCall, watchFromWire } from "./wire/watch.ts";

/** Frames kept for watches that are told the same, of at most a few hundred kilobytes each: those of the newest changes. */
const FRAMES_SHARED_MAX = 32;

interface WatchDeps {
  readonly timers: Timers;
  readonly storeId: string;
}

/**
 * WatchConfigs. Each message is computed when the transport asks for the next one, which it does once the reader took the one before,
 * so that a reader that does not read keeps nothing waiting in memory.
 */
export function createWatchConfigs(
  watches: WatchHub,
  { timers, storeId }: WatchDeps,
): Pick<ServiceImpl<typeof ConfigService>, "watchConfigs"> {
  const updateToWire = createUpdateToWire(storeId);
  return {
    async *watchConfigs(request, { signal }) {
      const watch = new OpenWatch(watches, timers, watchFromWire(request));
      const end = () => watch.wake();
      signal.addEventListener("abort", end, { once: true });
      try {
        while (!signal.aborted) {
          const update = watch.take();
          if (update) yield updateToWire(update);
          else await new Promise<void>((resolve) => watch.onReady(resolve));
        }
      } finally {
        signal.removeEventListener("abort", end);
        watch.close();
      }
    },
  };
}

/** WatchConfigs on the fast lane. */
export function hotWatch(watches: WatchHub, { timers, storeId }: WatchDeps): HotCall {
  const updateToWire = createUpdateToWire(storeId);
  const frames = new SharedFrames();
  return hotStream(ConfigService.method.watchConfigs, (request, { format, frame }) => {
    const watch = new OpenWatch(watches, timers, watchFromWire(request));
    return {
      take() {
        const update = watch.take();
        return update && frames.get(format, update, () => frame(updateToWire(update)));
      },
      onReady: (callback) => watch.onReady(callback),
      close: () => watch.close(),
    };
  });
}

/** A watch that is read over either transport. Errors: those of WatchHub.open. */
class OpenWatch {
  readonly #watches: WatchHub;
  readonly #watcher: Watcher;
  readonly #timers: Timers;
  readonly #heartbeatMs: number;
  #isDue = false;
  #cancelTimer = () => {};

  constructor(watches: WatchHub, timers: Timers, { heartbeatMs, ...wanted }: WatchCall) {
    this.#watches = watches;
    this.#timers = timers;
    this.#heartbeatMs = heartbeatMs;
    this.#watcher = watches.open(wanted);
  }

  /** What there is to tell; a heartbeat where that is nothing and one is due. Errors: those of Watcher.take. */
  take(): WatchUpdate | undefined {
    const update = this.#watcher.take() ?? (this.#isDue ? this.#watcher.heartbeat() : undefined);
    this.#isDue = false;
    return update;
  }

  /** Calls back once when there may be something to take, or a heartbeat is due. */
  onReady(callback: () => void): void {
    this.#cancelTimer = this.#timers.after(this.#heartbeatMs, () => {
      this.#isDue = true;
      this.wake();
    });
    this.#watcher.onWake(() => {
      this.#cancelTimer();
      callback();
    });
  }

  /** Calls back who waits. */
  wake(): void {
    this.#watcher.wake();
  }

  close(): void {
    this.#cancelTimer();
    this.#watcher.onWake(undefined);
    this.#watches.close(this.#watcher);
  }
}

/** The newest frames, so that a change is encoded once for all watches that are told the same of it. */
class SharedFrames {
  readonly #frames = new Map<string, Frame>();
  readonly #names = new WeakMap<WatchedState, number>();
  #named = 0;

  get(format: string, { event, states, revision }: WatchUpdate, make: () => Frame): Frame {
    const key = [format, event, revision, ...states.map((state) => this.#nameOf(state))].join(" ");
    const known = this.#frames.get(key);
    if (known) return known;
    const made = make();
    const oldest =
      this.#frames.size >= FRAMES_SHARED_MAX ? this.#frames.keys().next().value : undefined;
    if (oldest !== undefined) this.#frames.delete(oldest);
    this.#frames.set(key, made);
    return made;
  }

  /** A number for each state, which watches of the same key share. */
  #nameOf(state: WatchedState): number {
    const known = this.#names.get(state);
    if (known !== undefined) return known;
    this.#named += 1;
    this.#names.set(state, this.#named);
    return this.#named;
  }
}
