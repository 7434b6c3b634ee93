import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { OUTCOMES_PER_CHECKPOINT_MAX } from "../src/domain/kernel/limits.ts";
import { ResolveConfigRequestSchema } from "../src/gen/attuned/v1/config_service_pb.ts";
import { ReportOutcomesResponseSchema } from "../src/gen/attuned/v1/outcome_service_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { type Daemon, startDaemon } from "../test/support/daemon.ts";
import { readMetrics, sampleValue } from "../test/support/metrics-page.ts";
import { percentile, unary } from "./load.ts";
import { freshTokens, layOutArms, TokenBodies } from "./token-bodies.ts";

/**
 * `node bench/endurance.ts [--outcomes N] [--few N] [--dir DIR] [-- FLAGS OF THE DAEMON]`
 *
 * Ten million outcomes, each with a token and an id of its own, over 48 arms: what memory and disk do on the way, and how long a restart
 * takes then, after kill -9 and after SIGTERM, against a daemon that took 100 thousand. Some minutes, and up to a gigabyte of disk.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    outcomes: { type: "string", default: "10000000" },
    few: { type: "string", default: "100000" },
    dir: { type: "string", default: tmpdir() },
  },
});
const BATCH_SIZE = 500;
const IN_FLIGHT = 8;
/** Parts of a run after which it says how things stand. */
const PARTS = 20;
/** Between two looks at memory, in milliseconds: the largest of a part is shown. */
const LOOK_EVERY_MS = 500;
/** How old tokens get, in milliseconds: under full load the daemon tells ids apart for little more than a minute. */
const TOKENS_EVERY_MS = 5_000;
const LOOKUP_EVERY_MS = 5;
const RESTARTS = 3;
/** Outcomes that no checkpoint holds when the daemon is killed: half of what sets one off. */
const OUTCOMES_UNSAVED = OUTCOMES_PER_CHECKPOINT_MAX / 2;
const REPORT = "/attuned.v1.OutcomeService/ReportOutcomes";
const RESOLVE = "/attuned.v1.ConfigService/ResolveConfig";

const sleep = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

function say(...columns: readonly (string | number)[]): void {
  process.stdout.write(`${columns.map((column) => String(column).padStart(12)).join("")}\n`);
}

const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(0);

/** Resident memory of a process in bytes: its own, and the pages of files that it maps, which the kernel takes back when it needs them. */
function residentOf(pid: number): { readonly own: number; readonly files: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { own: field("RssAnon"), files: field("RssFile") };
}

/** The largest of what is looked at again and again, since it was asked for last. */
class Peak {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #own = 0;
  #files = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  take(): { readonly own: number; readonly files: number } {
    this.#look();
    const peak = { own: this.#own, files: this.#files };
    this.#own = 0;
    this.#files = 0;
    return peak;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { own, files } = residentOf(this.#pid);
    this.#own = Math.max(this.#own, own);
    this.#files = Math.max(this.#files, files);
  }
}

function sizeOf(dataDir: string): number {
  const path = join(dataDir, "store");
  const size = (name: string) => statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0;
  return readdirSync(path).reduce((sum, name) => sum + size(name), 0);
}

/** Reports a body. Throws where anything of it was refused. Answers how many were stored before. */
async function report(session: ClientHttp2Session, body: Buffer): Promise<number> {
  const answer = fromBinary(ReportOutcomesResponseSchema, await unary(session, REPORT, body));
  const [refused] = answer.rejected;
  if (refused) throw new Error(`${answer.rejected.length} refused: ${refused.message}`);
  return answer.duplicateCount;
}

/** Processor time that the daemon used so far, in seconds. */
async function cpuSeconds(daemon: Daemon): Promise<number> {
  return sampleValue(await readMetrics(daemon.managementUrl), "process_cpu_seconds_total");
}

async function sayHow(daemon: Daemon, peak: Peak, ...columns: readonly number[]) {
  const samples = await readMetrics(daemon.managementUrl);
  const value = (name: string) => megabytes(sampleValue(samples, name));
  const use = (bound: string) => sampleValue(samples, "attuned_bound_use_ratio", { bound });
  const { own, files } = peak.take();
  say(
    ...columns.map(Math.round),
    megabytes(own),
    megabytes(files),
    value("nodejs_heap_size_used_bytes"),
    value("nodejs_external_memory_bytes"),
    `${Math.round(100 * use("outcome_ids"))} %`,
    `${Math.round(100 * use("feedback_targets"))} %`,
    megabytes(sizeOf(daemon.dataDir)),
  );
}

/** Sends so many outcomes; answers the last body. */
async function send({ agentsUrl }: Daemon, outcomes: number): Promise<Buffer> {
  const session = connect(agentsUrl);
  let bodies = new TokenBodies(BATCH_SIZE, await freshTokens(agentsUrl));
  let madeMs = performance.now();
  let sent = 0;
  let last: Buffer = Buffer.alloc(0);
  const worker = async () => {
    while (sent < outcomes) {
      sent += BATCH_SIZE;
      if (performance.now() - madeMs > TOKENS_EVERY_MS) {
        madeMs = performance.now();
        bodies = new TokenBodies(BATCH_SIZE, await freshTokens(agentsUrl));
      }
      last = bodies.next();
      await report(session, last);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  session.close();
  return last;
}

/** Waits until a checkpoint holds everything. */
async function settle({ managementUrl }: Daemon): Promise<void> {
  const lag = async () =>
    sampleValue(await readMetrics(managementUrl), "attuned_store_journal_lag_records");
  while ((await lag()) > 0) await sleep(LOOK_EVERY_MS);
}

/** Loads outcomes in parts and says after each how things stand. */
async function fill(daemon: Daemon, outcomes: number): Promise<void> {
  await layOutArms(daemon.agentsUrl);
  const peak = new Peak(daemon.pid);
  say(
    "outcomes",
    "per second",
    "RSS MB",
    "mapped MB",
    "heap MB",
    "external",
    "ids",
    "targets",
    "disk",
  );
  const size = Math.ceil(outcomes / PARTS / BATCH_SIZE) * BATCH_SIZE;
  for (let part = 1; part <= PARTS; part++) {
    const cpuBefore = await cpuSeconds(daemon);
    const startedMs = performance.now();
    await send(daemon, size);
    const perSecond = (size * 1000) / (performance.now() - startedMs);
    const cpuEach = ((await cpuSeconds(daemon)) - cpuBefore) / size;
    await sayHow(daemon, peak, part * size, perSecond, 1e6 * cpuEach);
  }
  peak.stop();
}

/** Looks up again and again until told to stop; answers what they took, in milliseconds, in order. */
function lookUp(session: ClientHttp2Session): () => Promise<readonly number[]> {
  const request = create(ResolveConfigRequestSchema, { model: "gpt-4", phase: Phase.EXECUTION });
  const body = Buffer.from(toBinary(ResolveConfigRequestSchema, request));
  const latenciesMs: number[] = [];
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const sentMs = performance.now();
      await unary(session, RESOLVE, body);
      latenciesMs.push(performance.now() - sentMs);
      await sleep(LOOKUP_EVERY_MS);
    }
  })();
  return async () => {
    isOver = true;
    await running;
    return latenciesMs.toSorted((a, b) => a - b);
  };
}

/** On a machine that is very busy the daemon sends callers away while it reads ids. Errors: every other one. */
async function waitWhereStarting(error: unknown): Promise<undefined> {
  if (!String(error).includes("STARTING")) throw error;
  await sleep(LOOK_EVERY_MS);
}

/** Starts over a store: how long until it serves, until a report is answered, and what lookups take meanwhile. */
async function restart(dataDir: string, how: string, last: Buffer): Promise<Daemon> {
  const daemon = await startDaemon({ dataDir, args: positionals });
  const session = connect(daemon.agentsUrl);
  const startedMs = performance.now();
  const stop = lookUp(session);
  let duplicates: number | undefined;
  while (duplicates === undefined)
    duplicates = await report(session, last).catch(waitWhereStarting);
  const reportMs = performance.now() - startedMs;
  const latenciesMs = await stop();
  session.close();
  if (duplicates !== BATCH_SIZE) throw new Error(`${BATCH_SIZE - duplicates} ids were forgotten`);
  const { own, files } = residentOf(daemon.pid);
  say(
    how,
    daemon.bootMs,
    Math.round(reportMs),
    (await cpuSeconds(daemon)).toFixed(1),
    percentile(latenciesMs, 0.5).toFixed(1),
    percentile(latenciesMs, 0.99).toFixed(1),
    (latenciesMs.at(-1) ?? Number.NaN).toFixed(1),
    megabytes(own),
    megabytes(files),
  );
  return daemon;
}

async function endure(dir: string, outcomes: number): Promise<void> {
  const dataDir = join(dir, `data-${outcomes}`);
  let daemon = await startDaemon({ dataDir, args: positionals });
  await fill(daemon, outcomes);
  say(
    "ended by",
    "ready ms",
    "report ms",
    "CPU s",
    "lookup p50",
    "p99",
    "longest",
    "RSS MB",
    "mapped MB",
  );
  for (let round = 0; round < RESTARTS; round++) {
    for (const how of ["kill -9", "SIGTERM"]) {
      // What a start folds again is the same, however much was there before.
      await settle(daemon);
      const last = await send(daemon, OUTCOMES_UNSAVED);
      await (how === "SIGTERM" ? daemon.stop() : daemon.kill());
      daemon = await restart(dataDir, how, last);
    }
  }
  await daemon.stop();
  process.stdout.write(`disk: ${megabytes(sizeOf(dataDir))} MB\n\n`);
}

const dir = mkdtempSync(join(values.dir, "attuned-endurance-"));
try {
  for (const outcomes of [Number(values.few), Number(values.outcomes)]) await endure(dir, outcomes);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
