import { expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { bernoulliKind, binomialBound, designFor } from "../../test/statistics/streams.ts";
import {
  advanceCut,
  type BettingState,
  emptyState,
  foldUnit,
  logEvidence,
  mergeStates,
} from "./betting.ts";
import { type AssignedUnit, releasableNow, releasedBefore } from "./release-order.ts";

const KIND = bernoulliKind(0.9);
const DESIGN = designFor(KIND);
const ALARM = Math.log(20);
const TTL_MS = 700;

interface Trial extends AssignedUnit {
  readonly arm: 0 | 1;
}

/** Identical arms, one unit a ms; the challenger's failures are reported `lateMs` late. */
function lateFailures(count: number, lateMs: number, seed: number): Trial[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const arm = random.bernoulli(0.5);
    const outcome = KIND.draw(random, 0);
    const delay = arm === 1 && outcome === 0 ? lateMs : 0;
    return {
      index,
      arm,
      assignedAtMs: index,
      deadlineAtMs: index + TTL_MS,
      report: { outcome, receivedAtMs: index + delay },
    };
  });
}

function fold(state: BettingState, trial: Trial, outcome: number): BettingState {
  const { index, arm } = trial;
  return foldUnit(DESIGN, state, { index, arm, outcome, propensity: 0.5, centre: 0.9 });
}

/** Folds what a rule releases from a shard's trials, from where it stopped before. */
class Shard {
  state = emptyState(DESIGN);
  #next = 0;
  readonly #trials: readonly Trial[];

  constructor(trials: readonly Trial[]) {
    this.#trials = trials;
  }

  release(rule: (pending: readonly Trial[]) => readonly { outcome: number }[]): void {
    const released = rule(this.#trials.slice(this.#next, this.#next + 2_000));
    for (const { outcome } of released) {
      const trial = this.#trials[this.#next++];
      if (trial !== undefined) this.state = fold(this.state, trial, outcome);
    }
  }
}

/** Whether "worse than the control" or "better" is ever claimed of the merged shards. */
function everAlarms(trials: readonly Trial[], shards: number, rule: "eager" | "common cut") {
  const parts = Array.from(
    { length: shards },
    (_, s) => new Shard(trials.filter((trial) => trial.index % shards === s)),
  );
  for (let nowMs = 100; nowMs <= trials.length; nowMs += 100) {
    const cutMs = rule === "eager" ? nowMs : nowMs - TTL_MS - 1;
    if (cutMs <= 0) continue;
    for (const part of parts) {
      part.release((pending) =>
        rule === "eager"
          ? releasableNow(pending, { nowMs, imputed: 0 })
          : releasedBefore(pending, { nowMs, cutMs, imputed: 0 }),
      );
      part.state = advanceCut(part.state, cutMs);
    }
    const merged = parts.map((part) => part.state).reduce(mergeStates);
    if (logEvidence(merged, "superiority") >= ALARM) return true;
  }
  return false;
}

test("a unit is settled by its first report or its deadline, and waits for those before it", () => {
  const at = (index: number, receivedAtMs?: number): AssignedUnit => ({
    index,
    assignedAtMs: index,
    deadlineAtMs: index + 10,
    ...(receivedAtMs === undefined ? {} : { report: { outcome: 1, receivedAtMs } }),
  });
  const pending = [at(0), at(1, 3), at(2, 30)];
  expect(releasableNow(pending, { nowMs: 5, imputed: 0 })).toEqual([]);
  expect(releasableNow(pending, { nowMs: 11, imputed: 0 })).toEqual([
    { index: 0, outcome: 0, isImputed: true },
    { index: 1, outcome: 1, isImputed: false },
  ]);
  expect(releasableNow(pending, { nowMs: 40, imputed: 0 })[2]).toEqual({
    index: 2,
    outcome: 0,
    isImputed: true,
  });
  expect(releasableNow([], { nowMs: 5, imputed: 0 })).toEqual([]);
});

test("a cut later than the deadlines allow is refused, and so is a broken order", () => {
  const [first, second] = lateFailures(2, 0, 1);
  if (first === undefined || second === undefined) throw new RangeError("two trials");
  const { report: _, ...silent } = first;
  expect(() => releasedBefore([silent], { cutMs: 1, nowMs: 5, imputed: 0 })).toThrow(RangeError);
  expect(() => releasableNow([second, first], { nowMs: 5, imputed: 0 })).toThrow(RangeError);
});

test("failures that come late: quiet in the order of assignment, false alarms in that of arrival", () => {
  const streams = 60;
  let [inOrder, byArrival] = [0, 0];
  for (let stream = 0; stream < streams; stream++) {
    const trials = lateFailures(1_500, 200, 100 + stream);
    if (everAlarms(trials, 1, "eager")) inOrder++;
    const arrivals = trials.toSorted(
      (a, b) => (a.report?.receivedAtMs ?? 0) - (b.report?.receivedAtMs ?? 0),
    );
    let state = emptyState(DESIGN);
    let ever = false;
    for (const [index, trial] of arrivals.entries()) {
      state = fold(state, { ...trial, index }, trial.report?.outcome ?? 0);
      ever ||= logEvidence(state, "superiority") >= ALARM;
    }
    if (ever) byArrival++;
  }
  expect(inOrder).toBeLessThanOrEqual(binomialBound(streams, 0.05));
  expect(byArrival / streams).toBeGreaterThan(0.3);
});

test("16 shards with late failures: quiet at a common cut, false alarms where each runs ahead", () => {
  const streams = 60;
  let [atCut, eager] = [0, 0];
  for (let stream = 0; stream < streams; stream++) {
    const trials = lateFailures(3_000, 600, 500 + stream);
    if (everAlarms(trials, 16, "common cut")) atCut++;
    if (everAlarms(trials, 16, "eager")) eager++;
  }
  expect(atCut).toBeLessThanOrEqual(binomialBound(streams, 0.05));
  expect(eager / streams).toBeGreaterThan(0.2);
});

test("a restart that forgets units in flight cries wolf; one that imputes them does not", () => {
  const streams = 60;
  let [forgot, remembered] = [0, 0];
  for (let stream = 0; stream < streams; stream++) {
    const trials = lateFailures(6_000, 60, 900 + stream);
    let states = { forgot: emptyState(DESIGN), remembered: emptyState(DESIGN) };
    const ever = { forgot: false, remembered: false };
    for (const trial of trials) {
      const restartAtMs = Math.ceil((trial.assignedAtMs + 1) / 200) * 200;
      const outcome = trial.report?.outcome ?? 0;
      const isLost = (trial.report?.receivedAtMs ?? 0) > restartAtMs;
      states = {
        forgot: isLost ? states.forgot : fold(states.forgot, trial, outcome),
        remembered: fold(states.remembered, trial, isLost ? 0 : outcome),
      };
      ever.forgot ||= logEvidence(states.forgot, "superiority") >= ALARM;
      ever.remembered ||= logEvidence(states.remembered, "superiority") >= ALARM;
    }
    if (ever.forgot) forgot++;
    if (ever.remembered) remembered++;
  }
  expect(remembered).toBeLessThanOrEqual(binomialBound(streams, 0.05));
  expect(forgot / streams).toBeGreaterThan(0.5);
});
