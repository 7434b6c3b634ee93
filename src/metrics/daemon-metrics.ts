import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from "prom-client";
import type { BoundUse } from "../engine/daemon-status.ts";
import type { LoopStatus } from "../engine/loop.ts";
import type { OutcomePlaneMeasures } from "../engine/outcome-plane.ts";

export interface DaemonReads {
  readonly version: string;
  readonly nodeVersion: string;
  readonly storeSizeBytes: () => Promise<number>;
  readonly journal: () => OutcomePlaneMeasures;
  readonly loop: () => LoopStatus;
  readonly bounds: () => readonly BoundUse[];
  readonly bootSeconds: () => number;
}

export interface RpcCall {
  readonly service: string;
  readonly method: string;
  readonly code: string;
  readonly seconds: number;
}

/** The daemon itself: calls, store, journal, loop, process. Answers what takes each finished call. */
export function createDaemonMetrics(
  registry: Registry,
  reads: DaemonReads,
): (call: RpcCall) => void {
  collectDefaultMetrics({ register: registry });
  // Gauges with names that end in _total break the conventions that `promtool check metrics` holds us to.
  for (const name of ["handles", "requests", "resources"])
    registry.removeSingleMetric(`nodejs_active_${name}_total`);
  const registers = [registry];
  new Gauge({
    name: "attuned_build_info",
    help: "The program; the value is 1.",
    labelNames: ["version", "node_version"] as const,
    registers,
  }).set({ version: reads.version, node_version: reads.nodeVersion }, 1);
  storeMetrics(registry, reads);
  outcomeIdMetrics(registry, reads);
  faultMetrics(registry, reads);
  tableMetrics(registry, reads);
  boundMetrics(registry, reads);
  loopMetrics(registry, reads);
  const requests = new Counter({
    name: "attuned_rpc_requests_total",
    help: "Calls answered, by status.",
    labelNames: ["service", "method", "code"] as const,
    registers,
  });
  const durations = new Histogram({
    name: "attuned_rpc_duration_seconds",
    help: "Duration of calls.",
    labelNames: ["service", "method"] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  return ({ service, method, code, seconds }) => {
    requests.inc({ service, method, code });
    durations.observe({ service, method }, seconds);
  };
}

/** A gauge that is read at each scrape. */
function gauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read());
    },
  });
}

/** A counter whose count is kept elsewhere and read at each scrape. */
function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

function storeMetrics(registry: Registry, reads: DaemonReads): void {
  const measures = () => reads.journal().journal;
  gauge(registry, "attuned_store_size_bytes", "Bytes of the store on disk.", reads.storeSizeBytes);
  counter(
    registry,
    "attuned_store_sync_groups_total",
    "Synced writes of outcome groups.",
    () => measures().groups,
  );
  counter(
    registry,
    "attuned_store_sync_seconds_total",
    "Time spent in synced writes of outcome groups.",
    () => measures().syncSeconds,
  );
  counter(
    registry,
    "attuned_store_write_failures_total",
    "Writes of outcome groups that failed.",
    () => measures().failures,
  );
  counter(
    registry,
    "attuned_store_checkpoints_total",
    "Checkpoints written.",
    () => reads.journal().checkpoints,
  );
  gauge(
    registry,
    "attuned_store_checkpoint_timestamp_seconds",
    "When the newest checkpoint was written, in seconds since 1970; 0 before the first.",
    () => reads.journal().checkpointAtMs / 1000,
  );
  gauge(
    registry,
    "attuned_store_journal_lag_records",
    "Journal records that no checkpoint holds yet.",
    () => reads.journal().lag,
  );
  gauge(
    registry,
    "attuned_store_queue_outcomes",
    "Outcomes that wait for the disk.",
    () => reads.journal().queued,
  );
}

function outcomeIdMetrics(registry: Registry, reads: DaemonReads): void {
  gauge(
    registry,
    "attuned_outcome_id_window_seconds",
    "How far back outcome ids are told apart.",
    () => reads.journal().idWindowMs / 1000,
  );
  gauge(
    registry,
    "attuned_outcome_ids_loaded",
    "1 once the ids of the time before the start are read; until then reports wait.",
    () => (reads.journal().idsLoaded ? 1 : 0),
  );
  counter(
    registry,
    "attuned_outcome_producers_forgotten_total",
    "Producers whose sequence numbers were forgotten for lack of room.",
    () => reads.journal().producersForgotten,
  );
}

function faultMetrics(registry: Registry, reads: DaemonReads): void {
  gauge(
    registry,
    "attuned_store_writable",
    "1 while the disk takes writes; 0 after a write that failed, until the store could be opened again.",
    () => (reads.journal().isWritable ? 1 : 0),
  );
  counter(
    registry,
    "attuned_store_recoveries_total",
    "Times that the store was opened again after a write that failed.",
    () => reads.journal().recoveries,
  );
}

function tableMetrics(registry: Registry, reads: DaemonReads): void {
  new Gauge({
    name: "attuned_table_bytes",
    help: "Memory that is taken by what is remembered of outcomes.",
    labelNames: ["table"] as const,
    registers: [registry],
    collect() {
      for (const [table, bytes] of Object.entries(reads.journal().tableBytes))
        this.set({ table }, bytes);
    },
  });
}

function boundMetrics(registry: Registry, reads: DaemonReads): void {
  gauge(
    registry,
    "attuned_boot_seconds",
    "From the start of the process until it could serve.",
    reads.bootSeconds,
  );
  new Gauge({
    name: "attuned_bound_use_ratio",
    help: "How much of a bound is in use, 0 to 1.",
    labelNames: ["bound"] as const,
    registers: [registry],
    collect() {
      for (const { name, used, max } of reads.bounds()) this.set({ bound: name }, used / max);
    },
  });
}

function loopMetrics(registry: Registry, reads: DaemonReads): void {
  new Counter({
    name: "attuned_optimizer_runs_total",
    help: "Passes of the loop that ended, by result.",
    labelNames: ["result"] as const,
    registers: [registry],
    collect() {
      const { passes, failures } = reads.loop();
      this.reset();
      this.inc({ result: "success" }, passes - failures);
      this.inc({ result: "failure" }, failures);
    },
  });
  gauge(
    registry,
    "attuned_optimizer_last_success_timestamp_seconds",
    "When a pass of the loop last succeeded, in seconds since 1970; 0 before the first.",
    () => (reads.loop().lastSuccessAtMs ?? 0) / 1000,
  );
  gauge(
    registry,
    "attuned_optimizer_run_duration_seconds",
    "Duration of the newest pass of the loop.",
    () => (reads.loop().lastPass?.durationMs ?? 0) / 1000,
  );
  gauge(
    registry,
    "attuned_optimizer_longest_slice_seconds",
    "The longest that the newest pass of the loop held the event loop at once, pauses of the collector and the machine included.",
    () => (reads.loop().lastPass?.longestSliceMs ?? 0) / 1000,
  );
}
