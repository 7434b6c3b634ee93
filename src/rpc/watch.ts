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
      try {
        while (!signal.aborted) {
          const update = watcher.take();
          if (update) {
            yield updateToWire(update);
            continue;
          }
          const sign = await nextSign(watcher, { timers, heartbeatMs, signal });
          if (sign === "due") yield updateToWire(watcher.take() ?? watcher.heartbeat());
        }
      } finally {
        watches.close(watcher);
      }
    },
  };
}

/** Waits until there may be something to tell, a heartbeat is due, or the call ends. */
function nextSign(
  watcher: Watcher,
  call: { readonly timers: Timers; readonly heartbeatMs: number; readonly signal: AbortSignal },
): Promise<"woken" | "due" | "ended"> {
  const { timers, heartbeatMs, signal } = call;
  return new Promise((resolve) => {
    const settle = (sign: "woken" | "due" | "ended") => {
      cancelTimer();
      watcher.onWake(undefined);
      signal.removeEventListener("abort", end);
      resolve(sign);
    };
    const end = () => settle("ended");
    const cancelTimer = timers.after(heartbeatMs, () => settle("due"));
    signal.addEventListener("abort", end, { once: true });
    watcher.onWake(() => settle("woken"));
  });
}
