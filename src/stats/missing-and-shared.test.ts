import { expect, test } from "vitest";
import { type Random, seededRandom } from "../../test/statistics/random.ts";
import { bernoulliKind, binomialBound, designFor } from "../../test/statistics/streams.ts";
import { emptyState, foldUnit, logEvidence } from "./betting.ts";
import { freezeDesign } from "./betting-design.ts";
import {
  RATIO_ALARM,
  reportingDesign,
  reportingLogEvidence,
  worstCaseDifference,
} from "./ratio-check.ts";

const ALARM = Math.log(20);
const STREAMS = 60;

interface Judged {
  readonly arm: 0 | 1;
  /** `undefined`: never judged. */
  readonly quality: number | undefined;
}

/** Equal arms and equal shares judged, but the challenger's missing ones are its bad answers. */
function judged(random: Random): Judged {
  const arm = random.bernoulli(0.5);
  const quality = random.bernoulli(0.6);
  const chance = arm === 0 ? 0.8 : quality === 1 ? 1 : 0.5;
  return { arm, quality: random.uniform() < chance ? quality : undefined };
}

test("quality missing not at random: dropping it claims, the worst case does not, the ratio is mute", () => {
  const random = seededRandom(31);
  const design = freezeDesign({
    plannedPropensity: 0.5,
    propensity: { low: 0.5, high: 0.5 },
    centre: { low: 0, high: 1 },
    outcomeVariance: 0.24,
    designedEffect: 0.05,
    harmTolerance: 0.01,
    worthwhileEffect: 0.02,
    margin: 0.01,
  });
  const reporting = reportingDesign({
    propensity: { low: 0.5, high: 0.5 },
    plannedPropensity: 0.5,
    expectedRate: 0.8,
  });
  const ever = { dropped: 0, worstCase: 0, ratio: 0 };
  for (let stream = 0; stream < STREAMS; stream++) {
    const state = {
      dropped: emptyState(design),
      worstCase: emptyState(design),
      ratio: emptyState(reporting),
    };
    const alarmed = { dropped: false, worstCase: false, ratio: false };
    for (let index = 0; index < 2_000; index++) {
      const { arm, quality } = judged(random);
      const unit = { index, arm, propensity: 0.5, centre: 0.6 };
      if (quality !== undefined) {
        state.dropped = foldUnit(design, state.dropped, { ...unit, outcome: quality });
      }
      const worst = quality ?? (arm === 1 ? 0 : 1);
      state.worstCase = foldUnit(design, state.worstCase, { ...unit, outcome: worst });
      const wasReported = quality === undefined ? 0 : 1;
      state.ratio = foldUnit(reporting, state.ratio, { ...unit, outcome: wasReported });
      alarmed.dropped ||= logEvidence(state.dropped, "superiority") >= ALARM;
      alarmed.worstCase ||= logEvidence(state.worstCase, "superiority") >= ALARM;
      alarmed.ratio ||= reportingLogEvidence(state.ratio) >= Math.log(RATIO_ALARM);
    }
    for (const key of ["dropped", "worstCase", "ratio"] as const) if (alarmed[key]) ever[key]++;
  }
  expect(ever.dropped / STREAMS).toBeGreaterThan(0.95);
  expect(ever.worstCase).toBeLessThanOrEqual(binomialBound(STREAMS, 0.05));
  expect(ever.ratio).toBeLessThanOrEqual(binomialBound(STREAMS, 0.01));
});

test("the worst case of what is missing widens a difference on both sides", () => {
  const { low, high } = worstCaseDifference({
    difference: 0.02,
    challengerShare: 0.1,
    controlShare: 0.05,
  });
  expect(low).toBeCloseTo(-0.03, 12);
  expect(high).toBeCloseTo(0.12, 12);
});

test("calls that share their session's outcome: quiet per session, false alarms per call", () => {
  const random = seededRandom(32);
  const kind = bernoulliKind(0.85);
  const design = designFor(kind);
  const ever = { perCall: 0, perSession: 0 };
  for (let stream = 0; stream < STREAMS * 2; stream++) {
    let [calls, sessions] = [emptyState(design), emptyState(design)];
    const alarmed = { perCall: false, perSession: false };
    for (let session = 0; session < 150; session++) {
      const arms = Array.from({ length: 20 }, () => random.bernoulli(0.5));
      const majority = Math.abs(2 * arms.reduce<number>((sum, arm) => sum + arm, 0) - 20);
      const outcome = random.bernoulli(majority >= 6 ? 0.6 : 0.98);
      for (const [i, arm] of arms.entries()) {
        const unit = { index: session * 20 + i, arm, outcome, propensity: 0.5, centre: 0.85 };
        calls = foldUnit(design, calls, unit);
        alarmed.perCall ||= eitherSide(calls) >= Math.log(40);
      }
      const arm = random.bernoulli(0.5);
      const shared = random.bernoulli(0.85);
      const unit = { index: session, arm, outcome: shared, propensity: 0.5, centre: 0.85 };
      sessions = foldUnit(design, sessions, unit);
      alarmed.perSession ||= eitherSide(sessions) >= Math.log(40);
    }
    if (alarmed.perCall) ever.perCall++;
    if (alarmed.perSession) ever.perSession++;
  }
  expect(ever.perSession).toBeLessThanOrEqual(binomialBound(STREAMS * 2, 0.05));
  expect(ever.perCall).toBeGreaterThan(binomialBound(STREAMS * 2, 0.05));
});

test("a session of many calls counts once: folded per call it cries wolf", () => {
  const random = seededRandom(33);
  const kind = bernoulliKind(0.6);
  const design = designFor(kind);
  const ever = { perCall: 0, perSession: 0 };
  for (let stream = 0; stream < STREAMS; stream++) {
    let [calls, sessions] = [emptyState(design), emptyState(design)];
    const alarmed = { perCall: false, perSession: false };
    for (let session = 0; session < 150; session++) {
      const arm = random.bernoulli(0.5);
      const level = Math.min(1, Math.max(0, 0.6 + 0.3 * random.normal()));
      let total = 0;
      for (let i = 0; i < 20; i++) {
        const outcome = random.bernoulli(level);
        total += outcome;
        const unit = { index: session * 20 + i, arm, outcome, propensity: 0.5, centre: 0.6 };
        calls = foldUnit(design, calls, unit);
        alarmed.perCall ||= eitherSide(calls) >= Math.log(40);
      }
      const unit = { index: session, arm, outcome: total / 20, propensity: 0.5, centre: 0.6 };
      sessions = foldUnit(design, sessions, unit);
      alarmed.perSession ||= eitherSide(sessions) >= Math.log(40);
    }
    if (alarmed.perCall) ever.perCall++;
    if (alarmed.perSession) ever.perSession++;
  }
  expect(ever.perSession).toBeLessThanOrEqual(binomialBound(STREAMS, 0.05));
  expect(ever.perCall / STREAMS).toBeGreaterThan(0.4);
});

function eitherSide(state: Parameters<typeof logEvidence>[0]): number {
  return Math.max(logEvidence(state, "superiority"), logEvidence(state, "worse"));
}
