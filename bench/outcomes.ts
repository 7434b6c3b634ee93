import { fork } from "node:child_process";
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Daemon, residentBytes, startDaemon } from "../test/support/daemon.ts";
import { type LoadResult, loadBatches, percentile } from "./load.ts";
import type { Probed } from "./lookup-probe.ts";

/**
 * `npm run bench [-- --seconds N] [-- --outcomes N] [--dir DIR]`
 *
 * Outcomes per second at several batch sizes and by stream, against what the disk can do by itself in the same run, and what lookups
 * take beside them against lookups alone. With --outcomes it loads that many and shows memory, disk and the time of a restart instead.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    outcomes: { type: "string" },
    dir: { type: "string", default: tmpdir() },
  },
});
const seconds = Number(values.seconds);
const IN_FLIGHT = 64;
const BATCH_SIZES = [1, 10, 100, 1000];
const STREAM_BATCH = 100;
const LOOKUP_EVERY_MS = 5;
/** Ids of each measurement start here times its number, so that none repeats. */
const IDS_APART = 1e9;

function say(...columns: readonly (string | number)[]): void {
  process.stdout.write(`${columns.map((column) => String(column).padStart(11)).join("")}\n`);
}

/** Synced writes of 4 KB one after the other: what group commit has to live with. */
function syncedWritesPerSecond(dir: string): number {
  const path = join(dir, "probe");
  const file = openSync(path, "w");
  const block = Buffer.alloc(4096, 1);
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < 1000) {
    writeSync(file, block);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  rmSync(path);
  return (count * 1000) / (performance.now() - startedMs);
}

/** A process of this folder that speaks once it is ready, or with its result. */
function start(file: string, args: readonly string[]) {
  const child = fork(new URL(file, import.meta.url), args);
  const next = <T>() =>
    new Promise<T>((resolve, reject) => {
      child.once("message", (message) => resolve(message as T));
      child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    });
  return { child, next };
}

/** What lookups take while `work` runs. */
async function lookupsDuring(daemon: Daemon, work: () => Promise<unknown>): Promise<Probed> {
  const server = start("null-server.ts", []);
  const port = await server.next<number>();
  const nullUrl = `http://127.0.0.1:${port}`;
  const probe = start("lookup-probe.ts", [daemon.agentsUrl, nullUrl, String(LOOKUP_EVERY_MS)]);
  await probe.next();
  await work();
  const probed = probe.next<Probed>();
  probe.child.send("stop");
  const result = await probed;
  server.child.disconnect();
  return result;
}

const ms = (value: number) => value.toFixed(2);
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/** One line: what was taken in, against the disk, and what lookups took meanwhile, against the same call that does nothing. */
function sayRow(
  name: string,
  result: LoadResult | undefined,
  syncs: number,
  { lookups, nulls }: Probed,
  alone: Probed,
): void {
  const p99 = percentile(lookups, 0.99);
  const load = result
    ? [
        Math.round(result.outcomes / result.seconds),
        Math.round(result.calls / result.seconds),
        (result.calls / result.seconds / syncs).toFixed(2),
        (result.outcomes / result.seconds / syncs).toFixed(1),
        ...[0.5, 0.99].map((share) => ms(percentile(result.latenciesMs, share))),
      ]
    : ["", "", "", "", "", ""];
  say(
    name,
    ...load,
    ms(percentile(lookups, 0.5)),
    ms(p99),
    (p99 / percentile(alone.lookups, 0.99)).toFixed(1),
    ms(percentile(nulls, 0.99)),
    (percentile(nulls, 0.99) / percentile(alone.nulls, 0.99)).toFixed(1),
    Math.round(syncs),
  );
}

async function compare(dir: string): Promise<void> {
  process.stdout.write(
    `${[
      `${availableParallelism()} cores for the daemon, the load, the probe and the null server, each a process of its own.`,
      "disk: synced writes of 4 KB per second, one after the other, measured before and after each row.",
      `lookup: GetLLMParams every ${LOOKUP_EVERY_MS} ms over a connection of its own; null: the same call to a server that does nothing,`,
      "which shows what the machine does to any call meanwhile. x: p99 against that of the first row.",
    ].join("\n")}\n`,
  );
  await using daemon = await startDaemon({ dataDir: join(dir, "data") });
  const url = daemon.agentsUrl;
  await loadBatches(url, { batchSize: 100, inFlight: 8, start: 0, end: { seconds: 3 } });
  say(
    ...["batch", "outcomes/s", "calls/s", "calls/sync", "outc./sync", "p50 ms", "p99 ms"],
    ...["lookup p50", "lookup p99", "x", "null p99", "x", "disk"],
  );
  let before = syncedWritesPerSecond(dir);
  const alone = await lookupsDuring(daemon, () => sleep(seconds * 1000));
  sayRow("none", undefined, before, alone, alone);
  const loads = BATCH_SIZES.map((batchSize, index) => ({
    name: String(batchSize),
    kind: "batches",
    shape: {
      batchSize,
      inFlight: batchSize === 1000 ? 8 : IN_FLIGHT,
      start: (index + 1) * IDS_APART,
      end: { seconds },
    },
  }));
  const stream = { batchSize: STREAM_BATCH, start: 9 * IDS_APART, seconds };
  for (const load of [...loads, { name: "stream", kind: "stream", shape: stream }]) {
    let result: LoadResult | undefined;
    const probed = await lookupsDuring(daemon, async () => {
      const loader = start("load-run.ts", [load.kind, url, JSON.stringify(load.shape)]);
      result = await loader.next<LoadResult>();
    });
    const after = syncedWritesPerSecond(dir);
    sayRow(load.name, result, (before + after) / 2, probed, alone);
    before = after;
  }
}

/** Loads many outcomes in tenths, and says after each what the daemon takes; then how long a restart is, and what stays on disk. */
async function fill(dir: string, outcomes: number): Promise<void> {
  const dataDir = join(dir, "data");
  const tenth = Math.ceil(outcomes / 10);
  let daemon = await startDaemon({ dataDir });
  say("outcomes", "outcomes/s", "RSS MB", "store MB", "p99 ms", "max ms");
  for (let part = 0; part < 10; part++) {
    const { latenciesMs, ...result } = await loadBatches(daemon.agentsUrl, {
      batchSize: 500,
      inFlight: 8,
      start: part * tenth,
      end: { outcomes: tenth },
    });
    say(
      (part + 1) * tenth,
      Math.round(result.outcomes / result.seconds),
      megabytes(residentBytes(daemon.pid)),
      megabytes(sizeOf(join(dataDir, "store"))),
      ms(percentile(latenciesMs, 0.99)),
      ms(latenciesMs.at(-1) ?? Number.NaN),
    );
  }
  for (const how of ["kill -9", "SIGTERM"]) {
    await (how === "SIGTERM" ? daemon.stop() : daemon.kill());
    daemon = await startDaemon({ dataDir });
    process.stdout.write(`ready after ${how}: ${daemon.bootMs} ms\n`);
    const startedMs = performance.now();
    const end = { outcomes: 1 };
    const start = outcomes + IDS_APART + startedMs;
    const shape = { batchSize: 1, inFlight: 1, start: Math.round(start), end };
    await loadBatches(daemon.agentsUrl, shape);
    process.stdout.write(`first report: ${Math.round(performance.now() - startedMs)} ms later\n`);
  }
  await daemon.stop();
  process.stdout.write(`store: ${megabytes(sizeOf(join(dataDir, "store")))} MB\n`);
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}

function sizeOf(path: string): number {
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}

const dir = mkdtempSync(join(values.dir, "attuned-bench-"));
try {
  if (values.outcomes === undefined) await compare(dir);
  else await fill(dir, Number(values.outcomes));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
