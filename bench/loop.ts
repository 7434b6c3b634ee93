// `node bench/loop.ts [--scopes N] [--arms N] [--days N] [--hourly-days N]`: a pass of the background loop over many scopes, on a real
// store. Says how long each pass takes, the longest that it held the event loop by its own measure, and how long a lookup would have
// waited beside it for whatever reason (the collector, the machine). Prints a table.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { MeasuredArm } from "../src/domain/analysis/measured-arm.ts";
import { METRICS } from "../src/domain/analysis/metric.ts";
import { PARAMETERS } from "../src/domain/analysis/parameter.ts";
import { analyseParameterSteps } from "../src/domain/analysis/parameter-impact.ts";
import { configIdOf } from "../src/domain/config/config-id.ts";
import { scopeKey } from "../src/domain/config/scope.ts";
import { type Cell, EMPTY_CELL, foldOutcome, mergeCells } from "../src/domain/outcome/cell.ts";
import { outcomeOf } from "../src/domain/outcome/outcome-fixtures.ts";
import { DriftWatch } from "../src/engine/drift-watch.ts";
import { createTestPlatform, openTestEngine } from "../src/engine/engine-fixtures.ts";
import type { LoopPass } from "../src/engine/loop.ts";
import { Driver } from "../src/optimizer/driver.ts";
import { createMeasureImpact } from "../src/optimizer/tasks/measure-impact.ts";
import { createRecommendDriftReturn } from "../src/optimizer/tasks/recommend-drift-return.ts";
import { createWatchConfigDrift } from "../src/optimizer/tasks/watch-config-drift.ts";
import { createWatchOutcomeDrift } from "../src/optimizer/tasks/watch-outcome-drift.ts";
import { createWatchSourceDrift } from "../src/optimizer/tasks/watch-source-drift.ts";
import { sha256 } from "../src/platform/digest.ts";
import { inSlices } from "../src/platform/slices.ts";
import { keys, ranges } from "../src/store/keys.ts";
import { openDatabase } from "../src/store/open-database.ts";
import { Store, type StoreOp } from "../src/store/store.ts";

const { values } = parseArgs({
  options: {
    scopes: { type: "string", default: "1000" },
    arms: { type: "string", default: "10" },
    days: { type: "string", default: "30" },
    "hourly-days": { type: "string", default: "2" },
  },
});
const scopeCount = Number(values.scopes);
const armCount = Number(values.arms);
const days = Number(values.days);
const hourlyDays = Number(values["hourly-days"]);

const NOW_MS = 1_800_000_000_000;
const NOW_HOUR = Math.floor(NOW_MS / 3_600_000);
const CALLS_PER_CELL = 20;
/** Cells that are built once and used again: what is in them costs the same. */
const CELL_KINDS = 12;
/** Time for LevelDB to finish with the bulk load, in milliseconds. */
const SETTLE_MS = 5_000;
/** Analyses without a store, to see what they cost alone. */
const SCOPES_ALONE = 1_000;

function cellOfCalls(kind: number, quality: number): Cell {
  let cell = EMPTY_CELL;
  for (let call = 0; call < CALLS_PER_CELL; call++) {
    const spread = ((call * 7 + kind * 3) % 41) - 20;
    const over = {
      status: (call + kind) % 11 === 0 ? ("timeout" as const) : ("ok" as const),
      latencyMs: 400 + 37 * ((call * kind) % 40),
      inputTokens: 300,
      outputTokens: 40 + ((call * 53 + kind) % 900),
      costNanoUsd: 1_000_000 + 1_000 * ((call * 31) % 900),
      scores: { quality: Math.max(0, Math.min(100, quality + spread)) },
    };
    cell = foldOutcome(cell, outcomeOf("b", over));
  }
  return cell;
}

const usual = Array.from({ length: CELL_KINDS }, (_, kind) => cellOfCalls(kind, 70));
const worse = Array.from({ length: CELL_KINDS }, (_, kind) => cellOfCalls(kind, 55));

/** The arms of scope `place`; in every fifth scope three of them are worse. */
function armsOf(place: number) {
  const model = `bench-model-${place}`;
  return Array.from({ length: armCount }, (_, index) => {
    const settings = { temperature: index / 10, maxTokens: 1_000 + 100 * (index % 3) };
    const isWorse = place % 5 === 0 && index >= armCount - 3;
    return {
      arm: {
        scope: { model, phase: "execution" as const, dimensions: ["production", ""] },
        configId: configIdOf({ modelKey: model, settings }, sha256),
        settings,
      },
      cells: isWorse ? worse : usual,
    };
  });
}

/** Longest waits of the event loop, as whatever waits for it would feel them. */
function startProbe() {
  const waits: number[] = [];
  let isOn = true;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    waits.push(now - last);
    last = now;
    if (isOn) setImmediate(tick);
  };
  setImmediate(tick);
  return () => {
    isOn = false;
    waits.sort((a, b) => a - b);
    const at = (share: number) => waits[Math.floor(share * (waits.length - 1))] ?? 0;
    return { p99: at(0.99), p999: at(0.999), max: at(1) };
  };
}

async function measured(what: string, work: () => Promise<LoopPass | undefined>): Promise<void> {
  const stop = startProbe();
  const started = performance.now();
  const cpu = process.cpuUsage();
  const pass = await work();
  const ms = performance.now() - started;
  const { p99, p999, max } = stop();
  const { user } = process.cpuUsage(cpu);
  const failed = pass?.tasks.filter(({ ok }) => !ok).map(({ task, error }) => `${task}: ${error}`);
  const slice = pass ? `slices at most ${pass.longestSliceMs.toFixed(2)} ms` : "";
  console.log(
    `${what.padEnd(44)} ${ms.toFixed(0).padStart(7)} ms  cpu ${(user / 1000).toFixed(0).padStart(6)} ms  ${slice.padEnd(24)} waits p99 ${p99.toFixed(2)} p99.9 ${p999.toFixed(2)} max ${max.toFixed(2)} ms ${failed?.join(", ") ?? ""}`,
  );
}

/** Memory in use after a collection; without `--expose-gc`, with what was not collected yet. */
function memory(when: string): void {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`;
  console.log(`memory ${when}: heap ${mb(heapUsed)}, RSS ${mb(rss)}`);
}

async function alone(): Promise<undefined> {
  const [temperature] = PARAMETERS;
  const [quality] = METRICS;
  if (!temperature || !quality) return undefined;
  for (let place = 0; place < SCOPES_ALONE; place++) {
    const arms = armsOf(place).map(({ arm, cells }, index): MeasuredArm => {
      const cell = cells[index % CELL_KINDS] ?? EMPTY_CELL;
      return { settings: arm.settings, cell };
    });
    await inSlices(analyseParameterSteps(arms, temperature, quality));
  }
  return undefined;
}

async function fill(store: Store): Promise<number> {
  let count = 0;
  for (let place = 0; place < scopeCount; place++) {
    const ops: StoreOp[] = [];
    for (const { arm, cells } of armsOf(place)) {
      const scope = scopeKey(arm.scope);
      ops.push({ put: keys.arm(scope, arm.configId), json: arm });
      let total = EMPTY_CELL;
      const cell = () => {
        const next = cells[count++ % CELL_KINDS] ?? EMPTY_CELL;
        total = mergeCells(total, next);
        return next;
      };
      const firstHour = NOW_HOUR - hourlyDays * 24;
      for (let hour = firstHour; hour < NOW_HOUR; hour++)
        ops.push({ put: keys.cell(scope, arm.configId, hour), json: cell() });
      const lastDay = Math.floor(firstHour / 24);
      for (let day = lastDay - (days - hourlyDays); day < lastDay; day++)
        ops.push({ put: keys.dailyCell(scope, arm.configId, day), json: cell() });
      ops.push({ put: keys.totals(scope, arm.configId), json: total });
    }
    await store.write(ops, "buffered");
  }
  return count;
}

const dataDir = await mkdtemp(join(tmpdir(), "attuned-bench-"));
try {
  await measured(`analysis alone, ${SCOPES_ALONE} scopes x ${armCount} arms`, alone);
  await measured(`the same again, compiled`, alone);
  const store = await Store.open(await openDatabase(dataDir, async () => undefined), "store-bench");
  const cells = await fill(store);
  console.log(`${scopeCount} scopes x ${armCount} arms, ${cells} cells`);
  // A bulk load leaves LevelDB busy, which a daemon that folds outcomes never sees.
  await store.compact(ranges.journal);
  await new Promise((resume) => setTimeout(resume, SETTLE_MS));
  const platform = createTestPlatform();
  platform.clock.ms = NOW_MS;
  memory("before the start");
  const opening = performance.now();
  const engine = await openTestEngine(store, platform);
  console.log(`the engine is open after ${(performance.now() - opening).toFixed(0)} ms`);
  memory("after the start");
  const loop = new Driver({
    engine,
    platform,
    tasks: [
      createWatchConfigDrift(engine),
      createWatchOutcomeDrift(engine, new DriftWatch(engine)),
      createWatchSourceDrift(engine),
      createRecommendDriftReturn(engine),
      createMeasureImpact(engine, () => undefined),
    ],
    options: { intervalMs: 10_000, driftThreshold: 0.1 },
  });
  loop.start();
  await measured("first pass: every scope", () => loop.runNow());
  memory("after the first pass");
  const news = (round: number, share: number) =>
    Array.from({ length: Math.ceil(scopeCount * share) }, (_, place) => {
      const [first] = armsOf(place);
      return first ? [outcomeOf(`new-${round}-${place}`, { arm: first.arm })] : [];
    }).flat();
  for (let round = 1; round <= 2; round++) {
    await engine.report(news(round, 1));
    await measured("a later pass, every scope has news", () => loop.runNow());
  }
  await measured("a checkpoint of one cell in every scope", async () => {
    await engine.checkpoint();
    return undefined;
  });
  for (let round = 3; round <= 4; round++) {
    await engine.report(news(round, 0.01));
    await measured("a pass with news in 1 % of the scopes", () => loop.runNow());
  }
  await measured("a pass without news", () => loop.runNow());
  memory("at the end");
  await loop.stop();
  await engine.close();
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
