import { expect, test } from "vitest";
import {
  advanceCut,
  type BettingState,
  emptyState,
  foldUnit,
  logEvidence,
  mergeStates,
} from "../../src/stats/betting.ts";
import { seededRandom } from "./random.ts";
import { bernoulliKind, binomialBound, designFor } from "./streams.ts";

const KIND = bernoulliKind(0.9);
const DESIGN = designFor(KIND);
const ALARM = Math.log(20);
const SHARDS = 16;
const UNITS = 3_000;
const TTL_MS = 700;
const LATE_MS = 600;
const TICK_MS = 100;
const STREAMS = 60;

interface Trial {
  readonly index: number;
  readonly arm: 0 | 1;
  readonly outcome: number;
  /** One unit a ms: its index is also when it was assigned. */
  readonly reportedAtMs: number;
}

/** Identical arms; the challenger's failures are reported late. */
function lateFailures(seed: number): Trial[] {
  const random = seededRandom(seed);
  return Array.from({ length: UNITS }, (_, index) => {
    const arm = random.bernoulli(0.5);
    const outcome = KIND.draw(random, 0);
    return {
      index,
      arm,
      outcome,
      reportedAtMs: index + (arm === 1 && outcome === 0 ? LATE_MS : 0),
    };
  });
}

/** The units of one shard, folded as far as a rule lets it. */
class Shard {
  #state = emptyState(DESIGN);
  #next = 0;
  readonly #trials: readonly Trial[];

  constructor(trials: readonly Trial[]) {
    this.#trials = trials;
  }

  foldWhile(isReady: (trial: Trial) => boolean): void {
    for (let trial = this.#trials[this.#next]; trial; trial = this.#trials[++this.#next]) {
      if (!isReady(trial)) return;
      const { index, arm, outcome } = trial;
      this.#state = foldUnit(DESIGN, this.#state, {
        index,
        arm,
        outcome,
        propensity: 0.5,
        centre: 0.9,
      });
    }
  }

  /** Up to where every unit is folded and none after: its own cut. */
  get ownCutMs(): number {
    return this.#trials[this.#next]?.index ?? UNITS;
  }

  at(cutMs: number): BettingState {
    return advanceCut(this.#state, cutMs);
  }
}

/** The merged evidence, or none where the states may not be merged. */
function mergedEvidence(states: readonly BettingState[]): number {
  try {
    return logEvidence(states.reduce(mergeStates), "superiority");
  } catch (cause) {
    if (cause instanceof RangeError) return 0;
    throw cause;
  }
}

const ofStream = (trials: readonly Trial[]) =>
  Array.from({ length: SHARDS }, (_, s) => new Shard(trials.filter((t) => t.index % SHARDS === s)));

test("16 shards with late failures: quiet at a common cut, refused at their own, false alarms where their own pass for one", () => {
  let [atCommonCut, atOwnCuts, relabelled] = [0, 0, 0];
  for (let stream = 0; stream < STREAMS; stream++) {
    const trials = lateFailures(500 + stream);
    const [waiting, eager] = [ofStream(trials), ofStream(trials)];
    const ever = { atCommonCut: false, atOwnCuts: false, relabelled: false };
    for (let nowMs = TTL_MS + TICK_MS; nowMs <= UNITS; nowMs += TICK_MS) {
      const cutMs = nowMs - TTL_MS;
      for (const shard of waiting) shard.foldWhile(({ index }) => index < cutMs);
      for (const shard of eager) shard.foldWhile(({ reportedAtMs }) => reportedAtMs <= nowMs);
      const common = waiting.map((shard) => shard.at(cutMs));
      ever.atCommonCut ||= mergedEvidence(common) >= ALARM;
      ever.atOwnCuts ||= mergedEvidence(eager.map((shard) => shard.at(shard.ownCutMs))) >= ALARM;
      ever.relabelled ||= mergedEvidence(eager.map((shard) => shard.at(nowMs))) >= ALARM;
    }
    if (ever.atCommonCut) atCommonCut++;
    if (ever.atOwnCuts) atOwnCuts++;
    if (ever.relabelled) relabelled++;
  }
  expect(atCommonCut).toBeLessThanOrEqual(binomialBound(STREAMS, 0.05));
  expect(atOwnCuts).toBeLessThanOrEqual(binomialBound(STREAMS, 0.05));
  expect(relabelled / STREAMS).toBeGreaterThan(0.2);
});
