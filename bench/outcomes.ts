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
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type Daemon, residentBytes, startDaemon } from "../test/support/daemon.ts";
import { loadBatches, loadStream, percentile } from "./load.ts";

/**
 * `npm run bench [-- --seconds N] [-- --outcomes N] [--dir DIR]`
 *
 * Outcomes per second at several batch sizes and by stream, against what the disk can do by itself in the same run, and what lookups
 * take beside them. With --outcomes it loads that many and shows memory, disk and the time of a restart instead.
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
  process.stdout.write(`${columns.map((column) => String(column).padStart(13)).join("")}\n`);
}

/** Synced writes of 4 KB one after the other: what group commit has to live with. */
function syncedWritesPerSecond(dir: string): number {
  const path = join(dir, "probe");
  const file = openSync(path, "w");
  const block = Buffer.alloc(4096, 1);
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < 2000) {
    writeSync(file, block);
    fdatasyncSync(file);
    count += 1;
  }
  closeSync(file);
  rmSync(path);
  return (count * 1000) / (performance.now() - startedMs);
}

/** What lookups take while `work` runs, in milliseconds, in order. */
async function lookupsDuring(daemon: Daemon, work: () => Promise<unknown>) {
  const worker = new Worker(new URL("./lookup-probe.ts", import.meta.url), {
    workerData: { url: daemon.agentsUrl, everyMs: LOOKUP_EVERY_MS },
  });
  await work();
  const answer = new Promise<readonly number[]>((resolve) => worker.once("message", resolve));
  worker.postMessage("stop");
  const latenciesMs = await answer;
  await worker.terminate();
  return latenciesMs;
}

const ms = (value: number) => value.toFixed(2);
const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

async function compare(dir: string): Promise<void> {
  const limit = syncedWritesPerSecond(dir);
  process.stdout.write(`synced writes of this disk: ${Math.round(limit)}/s, one after the other\n`);
  await using daemon = await startDaemon({ dataDir: join(dir, "data") });
  await loadBatches(daemon.agentsUrl, {
    batchSize: 100,
    inFlight: 8,
    start: 0,
    end: { seconds: 2 },
  });
  const alone = await lookupsDuring(daemon, () => sleep(seconds * 1000));
  say(
    "batch",
    "outcomes/s",
    "calls/s",
    "calls/sync",
    "p50 ms",
    "p99 ms",
    "lookup p50",
    "lookup p99",
  );
  say("none", "", "", "", "", "", ms(percentile(alone, 0.5)), ms(percentile(alone, 0.99)));
  for (const [index, batchSize] of BATCH_SIZES.entries()) {
    const inFlight = batchSize === 1000 ? 8 : IN_FLIGHT;
    const shape = { batchSize, inFlight, start: (index + 1) * IDS_APART, end: { seconds } };
    let result: Awaited<ReturnType<typeof loadBatches>> | undefined;
    const lookups = await lookupsDuring(daemon, async () => {
      result = await loadBatches(daemon.agentsUrl, shape);
    });
    if (!result) continue;
    const { calls, latenciesMs } = result;
    say(
      batchSize,
      Math.round(result.outcomes / result.seconds),
      Math.round(calls / result.seconds),
      (calls / result.seconds / limit).toFixed(2),
      ms(percentile(latenciesMs, 0.5)),
      ms(percentile(latenciesMs, 0.99)),
      ms(percentile(lookups, 0.5)),
      ms(percentile(lookups, 0.99)),
    );
  }
  let streamed = 0;
  const lookups = await lookupsDuring(daemon, async () => {
    const shape = { batchSize: STREAM_BATCH, start: 9 * IDS_APART, seconds };
    const result = await loadStream(daemon.agentsUrl, shape);
    streamed = Math.round(result.outcomes / result.seconds);
  });
  const [p50, p99] = [percentile(lookups, 0.5), percentile(lookups, 0.99)];
  say("stream", streamed, "", "", "", "", ms(p50), ms(p99));
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
