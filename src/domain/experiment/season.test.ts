import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/statistics/random.ts";
import { SEASON_SLOTS, SEASONS_KEPT_MAX } from "./bounds.ts";
import { EvidenceFold, type ExperimentEvidence, emptyEvidence } from "./evidence.ts";
import type { Experiment } from "./experiment.ts";
import { experimentOf, unitOf } from "./experiment-fixtures.ts";
import {
  claimOf,
  commonCut,
  evaluated,
  NO_SEASONS,
  type Seasons,
  seasonKind,
  unfinished,
  withSlots,
} from "./season.ts";

const HOUR_MS = 3_600_000;
const DELAY_MS = 2_400_000;

/** An experiment on success alone, started at 0. */
function runningExperiment(experimentId: string, ttlMs = 600_000): Experiment {
  return experimentOf({
    experimentId,
    metrics: [{ metric: "success", missing: "failure", ttlMs }],
  });
}

/** The evidence of units that were drawn evenly, one a second from 1 s on. */
function evidenceOf(
  experiment: Experiment,
  units: number,
  rates: readonly [number, number],
): ExperimentEvidence {
  const random = seededRandom(7);
  const fold = new EvidenceFold(experiment);
  let evidence = emptyEvidence(experiment);
  for (let sequence = 1; sequence <= units; sequence++) {
    const arm = random.bernoulli(0.5);
    const value = random.bernoulli(rates[arm]);
    const unit = unitOf({ sequence, arm, assignedAtMs: sequence * 1_000 });
    evidence = fold.fold(evidence, { unit, values: [{ kind: "reported", value }] });
  }
  return evidence;
}

function atCut(
  experiments: readonly Experiment[],
  found: readonly ExperimentEvidence[],
  ms: number,
) {
  return {
    cutMs: ms,
    nowMs: ms + DELAY_MS,
    experiments: new Map(experiments.map((one) => [one.experimentId, one])),
    evidence: new Map(
      found.map((one) => {
        const experiment = experiments.find(
          ({ experimentId }) => experimentId === one.experimentId,
        );
        if (!experiment) throw new Error("evidence is of an experiment");
        return [one.experimentId, new EvidenceFold(experiment).cut(one, ms)] as const;
      }),
    ),
  };
}

describe("seasons", () => {
  test("a primary metric known within an hour and one known later have their own, with half of alpha each", () => {
    const prompt = runningExperiment("exp-a", HOUR_MS);
    const slow = runningExperiment("exp-b", HOUR_MS + 1);
    expect([seasonKind(prompt), seasonKind(slow)]).toStrictEqual(["prompt", "slow"]);
    const { seasons } = withSlots(NO_SEASONS, [prompt, slow]);
    expect(seasons.map(({ kind, ledger }) => [kind, ledger.alpha, ledger.size])).toStrictEqual([
      ["prompt", 0.025, 50],
      ["slow", 0.025, 50],
    ]);
  });

  test("a slow experiment does not hold up the cut of the prompt ones", () => {
    const prompt = runningExperiment("exp-a");
    const slow = runningExperiment("exp-b", 20 * HOUR_MS);
    const seasons = withSlots(NO_SEASONS, [prompt, slow]);
    const at = {
      nowMs: 100 * HOUR_MS,
      experiments: [prompt, slow],
      releasedUntil: () => Number.POSITIVE_INFINITY,
    };
    expect(commonCut(seasons, "prompt", at)).toBe(100 * HOUR_MS - DELAY_MS);
    expect(commonCut(seasons, "slow", at)).toBe(79.5 * HOUR_MS);
  });

  test("the cut is that of the slowest open comparison, waits for what is not on disk, and never goes back", () => {
    const quick = runningExperiment("exp-a");
    const longer = runningExperiment("exp-b", HOUR_MS);
    const seasons = withSlots(NO_SEASONS, [quick, longer]);
    const cut = (current: Seasons, hours: number, releasedUntil = Number.POSITIVE_INFINITY) =>
      commonCut(current, "prompt", {
        nowMs: hours * HOUR_MS,
        experiments: [quick, longer],
        releasedUntil: () => releasedUntil,
      });
    expect(cut(seasons, 10)).toBe(8.5 * HOUR_MS);
    expect(cut(seasons, 10, 5 * HOUR_MS)).toBe(5 * HOUR_MS);
    const found = [emptyEvidence(quick), emptyEvidence(longer)];
    const after = evaluated(seasons, "prompt", atCut([quick, longer], found, 8.5 * HOUR_MS));
    expect(cut(after.seasons, 9)).toBe(8.5 * HOUR_MS);
  });

  test("a true effect is claimed once, and the claim stays; identical arms are not", () => {
    const better = runningExperiment("exp-a");
    const same = runningExperiment("exp-b");
    const experiments = [better, same];
    const seasons = withSlots(NO_SEASONS, experiments);
    const found = [evidenceOf(better, 3_000, [0.5, 0.8]), evidenceOf(same, 3_000, [0.6, 0.6])];
    const at = atCut(experiments, found, 4_000_000);
    const first = evaluated(seasons, "prompt", at);
    expect(first.claimed).toMatchObject([{ experimentId: "exp-a", arm: 1, cutMs: 4_000_000 }]);
    const again = evaluated(first.seasons, "prompt", at);
    expect(again.claimed).toStrictEqual([]);
    expect(claimOf(again.seasons, "exp-a", 1)).toBeDefined();
    expect(claimOf(again.seasons, "exp-b", 1)).toBeUndefined();
  });

  test("nothing is claimed while the evidence of one open slot is at another cut", () => {
    const [ready, behind] = [runningExperiment("exp-a"), runningExperiment("exp-b")];
    const seasons = withSlots(NO_SEASONS, [ready, behind]);
    const found = evidenceOf(ready, 3_000, [0.5, 0.8]);
    const at = atCut([ready, behind], [found, emptyEvidence(behind)], 4_000_000);
    const late = new Map(at.evidence).set("exp-b", emptyEvidence(behind));
    expect(evaluated(seasons, "prompt", { ...at, evidence: late }).claimed).toStrictEqual([]);
    expect(evaluated(seasons, "prompt", at).claimed).toHaveLength(1);
  });

  test("a slot is closed when its experiment ended and its last unit is before the cut, not earlier", () => {
    const ended = {
      ...runningExperiment("exp-a"),
      state: "concluded" as const,
      endedAtMs: 5_000_000,
    };
    const seasons = withSlots(NO_SEASONS, [runningExperiment("exp-a")]);
    const at = (ms: number) => atCut([ended], [emptyEvidence(ended)], ms);
    const before = evaluated(seasons, "prompt", at(5_000_000)).seasons;
    const whole = new Map([
      ["exp-a", new EvidenceFold(ended).cut(emptyEvidence(ended), 6_000_000)],
    ]);
    expect(unfinished(before, [ended], whole)).toHaveLength(1);
    const after = evaluated(before, "prompt", at(5_000_001)).seasons;
    expect(unfinished(after, [ended], whole)).toHaveLength(0);
    // Its evidence goes on until its last unit is folded, slot or not.
    expect(unfinished(after, [ended], new Map())).toHaveLength(1);
  });

  test("a full season is followed by the next, and finished ones are not kept for ever", () => {
    let seasons = NO_SEASONS;
    const rounds = SEASONS_KEPT_MAX + 3;
    for (let round = 0; round < rounds; round++) {
      const running = Array.from({ length: SEASON_SLOTS }, (_, index) =>
        runningExperiment(`exp-${round}-${index}`),
      );
      seasons = withSlots(seasons, running);
      const ended = running.map((one) => ({ ...one, state: "concluded" as const, endedAtMs: 1 }));
      const found = ended.map(emptyEvidence);
      seasons = evaluated(seasons, "prompt", atCut(ended, found, 10 + round)).seasons;
    }
    expect(seasons.seasons).toHaveLength(SEASONS_KEPT_MAX + 1);
    expect(seasons.seasons.at(-1)?.number).toBe(rounds);
    expect(seasons.seasons.every(({ ledger }) => ledger.slots.length === SEASON_SLOTS)).toBe(true);
  });
});
