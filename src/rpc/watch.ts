import type { ServiceImpl } from "@connectrpc/connect";
import type { WatchHub } from "../engine/watch.ts";
import type { Watcher } from "../engine/watcher.ts";
import type { ConfigService } from "../gen/attuned/v1/config_service_pb.ts";
import type { Timers } from "../platform/timers.ts";
import { createUpdateToWire, watchFromWire } from "./wire/watch.ts";

/**
 * WatchConfigs. Each message is computed when the transport asks for the next one, which it does once the reader took the one before,
 * so that a reader that does not read keeps nothing waiting in memory.
 */
export function createWatchConfigs(
  watches: WatchHub,
  { timers, storeId }: { readonly timers: Timers; readonly storeId: string },
): Pick<ServiceImpl<typeof ConfigService>, "watchConfigs"> {
  const updateToWire = createUpdateToWire(storeId);
  return {
    async *watchConfigs(request, { signal }) {
      const { heartbeatMs, ...wanted } = watchFromWire(request);
      const watcher = watches.open(wanted);
      const end = () => watcher.wake();
      signal.addEventListener("abort", end, { once: true });
      try {
        while (!signal.aborted) {
          const update = watcher.take();
          if (update) {
            yield updateToWire(update);
            continue;
          }
          const sign = await nextSign(watcher, timers, heartbeatMs);
          if (sign === "due") yield updateToWire(watcher.take() ?? watcher.heartbeat());
        }
      } finally {
        signal.removeEventListener("abort", end);
        watches.close(watcher);
      }
    },
  };
}

/** Waits until there may be something to tell or the call ended, or until a heartbeat is due. */
function nextSign(watcher: Watcher, timers: Timers, heartbeatMs: number): Promise<"woken" | "due"> {
  return new Promise((resolve) => {
    const cancelTimer = timers.after(heartbeatMs, () => {
      watcher.onWake(undefined);
      resolve("due");
    });
    watcher.onWake(() => {
      cancelTimer();
      resolve("woken");
    });
  });
}
