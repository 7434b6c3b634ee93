import { Counter, Gauge, type Registry } from "prom-client";
import type { FileLayerStatus } from "../engine/daemon-status.ts";

/** What became of a reload: `unchanged` read the same configs again, `failure` kept the old ones. */
export interface FileReads extends FileLayerStatus {
  readonly reloads: Readonly<Record<"success" | "unchanged" | "failure", number>>;
}

const RESULTS = ["success", "unchanged", "failure"] as const;

/** The operator files; every series is 0 where none are read. */
export function createFileMetrics(registry: Registry, read: () => FileReads | undefined): void {
  const registers = [registry];
  new Gauge({
    name: "attuned_config_files_loaded",
    help: "Operator files in force.",
    registers,
    collect() {
      this.set(read()?.fileCount ?? 0);
    },
  });
  new Gauge({
    name: "attuned_config_files_invalid",
    help: "1 while the present content of the operator files is refused and an older one is in force.",
    registers,
    collect() {
      this.set((read()?.problems.length ?? 0) > 0 ? 1 : 0);
    },
  });
  new Gauge({
    name: "attuned_config_files_last_load_timestamp_seconds",
    help: "When the operator files in force were read, in seconds since 1970.",
    registers,
    collect() {
      this.set((read()?.loadedAtMs ?? 0) / 1000);
    },
  });
  new Counter({
    name: "attuned_config_file_reloads_total",
    help: "Reloads of the operator files, by result.",
    labelNames: ["result"] as const,
    registers,
    collect() {
      this.reset();
      for (const result of RESULTS) this.inc({ result }, read()?.reloads[result] ?? 0);
    },
  });
}
