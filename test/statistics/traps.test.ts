import { expect, test } from "vitest";
import { type BettingState, emptyState, foldUnit, logEvidence } from "../../src/stats/betting.ts";
import { freezeDesign } from "../../src/stats/betting-design.ts";
import { ProductRun } from "./product-run.ts";
import { type Random, seededRandom } from "./random.ts";
import { binomialBound } from "./streams.ts";

/**
 * The three traps of statistics.md, section 0: each alone makes identical arms alarm. The product's own path stays within its 5 %,
 * while the same streams, handled in the way that each test computes by itself, do not.
 */
const STREAMS = 60;
const ALPHA = 0.05;
const TWO_SIDED = Math.log(2 / ALPHA);
const MEAN = 0.9;

const DESIGN = freezeDesign({
  plannedPropensity: 0.5,
  propensity: { low: 0.5, high: 0.5 },
  centre: { low: 0, high: 1 },
  outcomeVariance: MEAN * (1 - MEAN),
  designedEffect: 0.05,
  harmTolerance: 0.01,
  worthwhileEffect: 0.02,
  margin: 0.02,
});

interface Call {
  readonly arm: 0 | 1;
  readonly outcome: 0 | 1;
  readonly assignedAtMs: number;
  readonly reportedAtMs: number;
}

/** A fold at fixed even shares that remembers whether it ever decided either way. */
class Watched {
  #state: BettingState = emptyState(DESIGN);
  everDecided = false;

  fold(unit: { readonly arm: 0 | 1; readonly outcome: number }, centre: number): void {
    const index = this.#state.units;
    this.#state = foldUnit(DESIGN, this.#state, { index, ...unit, propensity: 0.5, centre });
    const sides = [logEvidence(this.#state, "superiority"), logEvidence(this.#state, "worse")];
    this.everDecided ||= Math.max(...sides) >= TWO_SIDED;
  }
}

function everDecided(run: ProductRun): boolean {
  return Math.max(run.peak("superiority"), run.peak("worse")) >= TWO_SIDED;
}

/** A call a ms of identical arms, run by the product and reported after a delay. */
function runCalls(
  seed: number,
  count: number,
  delayOf: (call: Pick<Call, "arm" | "outcome">, random: Random) => number,
): { readonly run: ProductRun; readonly byArrival: readonly Call[] } {
  const random = seededRandom(seed);
  const run = new ProductRun(seed, { unitWindowMs: 0, ttlMs: 700 });
  const due = new Map<number, { sequence: number; outcome: 0 | 1 }[]>();
  const calls: Call[] = [];
  const deliver = (nowMs: number) => {
    for (const { sequence, outcome } of due.get(nowMs) ?? [])
      run.report(sequence, { outcome, nowMs });
  };
  for (let nowMs = 0; nowMs < count; nowMs++) {
    const { sequence, arm } = run.assign(nowMs);
    const outcome = random.bernoulli(MEAN);
    const reportedAtMs = nowMs + Math.min(600, Math.round(delayOf({ arm, outcome }, random)));
    calls.push({ arm, outcome, assignedAtMs: nowMs, reportedAtMs });
    due.set(reportedAtMs, [...(due.get(reportedAtMs) ?? []), { sequence, outcome }]);
    deliver(nowMs);
    if (nowMs % 100 === 99) run.release(nowMs);
  }
  for (let nowMs = count; nowMs <= count + 600; nowMs++) deliver(nowMs);
  run.drain(count + 700);
  expect(run.state?.units).toBe(count);
  return { run, byArrival: calls.toSorted((a, b) => a.reportedAtMs - b.reportedAtMs) };
}

test("trap 1: failures that come late are no evidence in the order of assignment, and much in that of arrival", () => {
  let [product, byArrival] = [0, 0];
  for (let stream = 0; stream < STREAMS; stream++) {
    // The challenger answers later than control, and later still where it fails.
    const delayOf = ({ arm, outcome }: Pick<Call, "arm" | "outcome">) =>
      arm === 0 ? 0 : outcome === 0 ? 300 : 100;
    const { run, byArrival: calls } = runCalls(10_000 + stream, 1_500, delayOf);
    if (everDecided(run)) product++;
    const wrong = new Watched();
    for (const call of calls) wrong.fold(call, MEAN);
    if (wrong.everDecided) byArrival++;
  }
  expect(product).toBeLessThanOrEqual(binomialBound(STREAMS, ALPHA));
  expect(byArrival / STREAMS).toBeGreaterThan(0.3);
});

test("trap 2: a session counts once, however many calls it has; counted per call it is much evidence", () => {
  let [product, perCall] = [0, 0];
  for (let stream = 0; stream < STREAMS; stream++) {
    const random = seededRandom(20_000 + stream);
    const run = new ProductRun(20_000 + stream, { unitWindowMs: 50, ttlMs: 50 });
    const wrong = new Watched();
    for (let session = 0; session < 150; session++) {
      const startMs = session * 100;
      const level = Math.min(1, Math.max(0, 0.8 + 0.3 * random.normal()));
      for (let i = 0; i < 20; i++) {
        const outcome = random.bernoulli(level);
        const { sequence, arm } = run.assign(startMs + i, `session-${session}`);
        run.report(sequence, { outcome, nowMs: startMs + i });
        wrong.fold({ arm, outcome }, 0.8);
      }
      run.release(startMs + 99);
    }
    run.drain(15_000);
    expect(run.state?.units).toBe(150);
    if (everDecided(run)) product++;
    if (wrong.everDecided) perCall++;
  }
  expect(product).toBeLessThanOrEqual(binomialBound(STREAMS, ALPHA));
  expect(perCall / STREAMS).toBeGreaterThan(0.4);
});

test("trap 2: the engine takes one outcome of a unit and refuses a second", () => {
  const unit = { index: 0, arm: 1, outcome: 1, propensity: 0.5, centre: 0.5 } as const;
  const state = foldUnit(DESIGN, emptyState(DESIGN), unit);
  expect(() => foldUnit(DESIGN, state, unit)).toThrow(RangeError);
});

test("trap 3: around no centre a slower arm is much evidence, around the mean it is little, in order none", () => {
  let [product, centred, uncentred] = [0, 0, 0];
  for (let stream = 0; stream < STREAMS; stream++) {
    // The delay depends on the arm, and not on the outcome.
    const delayOf = ({ arm }: Pick<Call, "arm" | "outcome">, random: Random) =>
      arm === 0 ? 0 : random.exponential(200);
    const { run, byArrival } = runCalls(30_000 + stream, 1_500, delayOf);
    if (everDecided(run)) product++;
    const [around, without] = [new Watched(), new Watched()];
    for (const call of byArrival) {
      around.fold(call, MEAN);
      without.fold(call, 0);
    }
    if (around.everDecided) centred++;
    if (without.everDecided) uncentred++;
  }
  expect(product).toBeLessThanOrEqual(binomialBound(STREAMS, ALPHA));
  expect(centred / STREAMS).toBeLessThan(0.3);
  expect(uncentred / STREAMS).toBeGreaterThan(0.9);
});

test("trap 3: a variance that is estimated on the way alarms at the first ties, frozen bets do not", () => {
  const random = seededRandom(40_000);
  let [frozen, plugIn] = [0, 0];
  for (let stream = 0; stream < STREAMS; stream++) {
    const engine = new Watched();
    let [n, sum, squares] = [0, 0, 0];
    let everAlarmed = false;
    for (let i = 0; i < 400; i++) {
      const [arm, outcome] = [random.bernoulli(0.5), random.bernoulli(MEAN)];
      engine.fold({ arm, outcome }, MEAN);
      const u = ((arm - 0.5) * (outcome - MEAN)) / 0.25;
      [n, sum, squares] = [n + 1, sum + u, squares + u * u];
      everAlarmed ||= n > 1 && plugInRatio(n, sum, squares) >= 1 / ALPHA;
    }
    if (engine.everDecided) frozen++;
    if (everAlarmed) plugIn++;
  }
  expect(frozen).toBeLessThanOrEqual(binomialBound(STREAMS, ALPHA));
  // The first two values alone are equal in two of five streams.
  expect(plugIn / STREAMS).toBeGreaterThan(0.2);
});

/** The mixture sequential ratio test with the variance of what came so far in place of the true one; prior sd .1. */
function plugInRatio(n: number, sum: number, squares: number): number {
  const variance = Math.max(0, squares / n - (sum / n) ** 2);
  const prior = 0.01;
  const whole = variance + n * prior;
  // Ties: no variance, and any mean but zero is certain.
  if (variance < 1e-12) return Math.abs(sum) > 1e-12 ? Number.POSITIVE_INFINITY : 1;
  return Math.sqrt(variance / whole) * Math.exp((prior * sum * sum) / (2 * variance * whole));
}
