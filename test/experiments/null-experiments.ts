import { MILLION } from "../../src/domain/experiment/experiment.ts";
import type { ReleasedUnit } from "../../src/domain/experiment/tally.ts";
import { createTestPlatform, openTestEngine } from "../../src/engine/engine-fixtures.ts";
import {
  lookupOf,
  outcomeFor,
  releasedLog,
  startedExperiment,
} from "../../src/engine/experiments/experiments-fixtures.ts";
import { emptyState, foldUnit, logEvidence } from "../../src/stats/betting.ts";
import { freezeDesign } from "../../src/stats/betting-design.ts";
import { openMemoryStore } from "../../src/store/store-fixtures.ts";
import { seededRandom } from "../statistics/random.ts";

export interface NullResult {
  readonly experiments: number;
  readonly units: number;
  /** Experiments in which either direction was ever claimed at 0.05, units folded in the order of assignment. */
  readonly claimsReleased: number;
  /** The same from the same outcomes, folded as they arrived: what the order of release is for. */
  readonly claimsArrived: number;
}

const ALPHA = 0.05;
const SUCCESS = 0.6;
/** Between two units, in milliseconds. */
const STEP_MS = 1_000;
/** After how long a failure is told: at once by control, late by the challenger. */
const FAILURE_DELAY_UNITS = [0, 150] as const;
/** Units between two reports, so that calls share batches as they do in a daemon. */
const REPORT_EVERY = 10;

const DESIGN = freezeDesign({
  plannedPropensity: 0.5,
  propensity: { low: 0.5, high: 0.5 },
  centre: { low: 0, high: 1 },
  outcomeVariance: SUCCESS * (1 - SUCCESS),
  designedEffect: 0.1,
  harmTolerance: 0.01,
  worthwhileEffect: 0.02,
  margin: 0.01,
});

/**
 * Experiments through the whole product whose arms do not differ, except that the challenger's failures are told late: lookups enrol,
 * outcomes are reported through the journal, checkpoints release, and the log is folded by the engine that claims.
 */
export async function runNullExperiments(plan: {
  readonly experiments: number;
  readonly units: number;
  readonly seed: number;
}): Promise<NullResult> {
  let claimsReleased = 0;
  let claimsArrived = 0;
  for (let i = 0; i < plan.experiments; i++) {
    const { released, arrived } = await runOne(plan.units, plan.seed + i);
    if (isClaimed(released)) claimsReleased += 1;
    if (isClaimed(arrived)) claimsArrived += 1;
  }
  return { experiments: plan.experiments, units: plan.units, claimsReleased, claimsArrived };
}

interface Folded {
  readonly arm: number;
  readonly outcome: number;
  readonly centre: number;
}

async function runOne(
  units: number,
  seed: number,
): Promise<{ readonly released: Folded[]; readonly arrived: Folded[] }> {
  const random = seededRandom(seed);
  const { store } = await openMemoryStore();
  const platform = createTestPlatform();
  // Another salt for each experiment.
  for (let i = 0; i < seed; i++) platform.random.bytes(4);
  const engine = await openTestEngine(store, platform);
  const ttlMs = 2 * STEP_MS * FAILURE_DELAY_UNITS[1];
  const experiment = await startedExperiment(engine, {
    metrics: [{ metric: "success", missing: "failure", ttlMs }],
    unitWindowMs: 0,
    scoreFractionPpm: MILLION,
  });
  const due = new Map<number, ReturnType<typeof outcomeFor>[]>();
  const arrived: Folded[] = [];
  const waiting: ReturnType<typeof outcomeFor>[] = [];
  let [sum, count] = [5, 10];
  for (let step = 0; step <= units + FAILURE_DELAY_UNITS[1] + REPORT_EVERY; step++) {
    platform.clock.ms += STEP_MS;
    if (step < units) {
      const answer = engine.lookups.resolve(lookupOf({ unit: `session-${step}` }));
      const status = random.bernoulli(SUCCESS) === 1 ? "ok" : "model_error";
      const outcome = outcomeFor(engine, answer, { outcomeId: `o${step}`, status });
      const delay =
        status === "ok" ? 0 : (FAILURE_DELAY_UNITS[outcome.assignment?.arm === 1 ? 1 : 0] ?? 0);
      due.set(step + delay, [...(due.get(step + delay) ?? []), outcome]);
    }
    waiting.push(...(due.get(step) ?? []));
    if (step % REPORT_EVERY !== 0) continue;
    const now = waiting.splice(0);
    if (now.length > 0) await engine.report(now);
    for (const { assignment, status } of now) {
      const outcome = status === "ok" ? 1 : 0;
      arrived.push({ arm: assignment?.arm ?? 0, outcome, centre: sum / count });
      sum += outcome;
      count += 1;
    }
    if (step % 50 === 0) await engine.checkpoint();
  }
  platform.clock.ms += 10 * ttlMs;
  await engine.checkpoint();
  const log = await releasedLog(store, experiment.experimentId);
  if (log.length !== units) throw new Error(`${log.length} of ${units} units were released`);
  return { released: log.map(foldedOf), arrived };
}

function foldedOf({ unit, values }: ReleasedUnit): Folded {
  const [value] = values;
  if (value?.kind !== "reported") throw new Error("every unit reported in time");
  return { arm: unit.arm, outcome: value.value, centre: unit.centres[0] ?? 0.5 };
}

/** Whether either direction is ever claimed, looking after each unit. */
function isClaimed(units: readonly Folded[]): boolean {
  let state = emptyState(DESIGN);
  for (const [index, { arm, outcome, centre }] of units.entries()) {
    const unit = {
      index,
      arm: arm === 1 ? (1 as const) : (0 as const),
      outcome,
      centre,
      propensity: 0.5,
    };
    state = foldUnit(DESIGN, state, unit);
    const evidence = Math.max(logEvidence(state, "superiority"), logEvidence(state, "worse"));
    if (evidence >= Math.log(2 / ALPHA)) return true;
  }
  return false;
}
