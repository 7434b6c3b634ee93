import { Counter, Gauge, type Registry } from "prom-client";

/** How many watch configs, and how many of them did not keep up. */
export interface WatchReads {
  readonly size: number;
  readonly slowConsumers: number;
}

export function createWatchMetrics(registry: Registry, read: () => WatchReads): void {
  const registers = [registry];
  new Gauge({
    name: "attuned_watch_streams",
    help: "Watches of configs that are open.",
    registers,
    collect() {
      this.set(read().size);
    },
  });
  new Counter({
    name: "attuned_watch_slow_consumers_total",
    help: "Watches that did not keep up and got the whole state again.",
    registers,
    collect() {
      this.reset();
      this.inc(read().slowConsumers);
    },
  });
}
