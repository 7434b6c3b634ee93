import { effectInterval, emptyState, foldUnit, logEvidence } from "../../src/stats/betting.ts";
import { unitsNeeded } from "../../src/stats/forecast.ts";
import { normalQuantile } from "../../src/stats/special.ts";
import { atLeast, atMost, type HeavyRow } from "./heavy-row.ts";
import { seededRandom } from "./random.ts";
import { runSeason, sparseEffects, wrongShare } from "./seasons.ts";
import {
  bernoulliKind,
  designFor,
  FIVE_KINDS,
  misses,
  type OutcomeKind,
  quantileOf,
  runStream,
  scoreKind,
} from "./streams.ts";

/** Target 1 and 3: identical arms, five kinds, 2,000 streams of 10,000, looked at after every one. */
export function* nullStreams(): Generator<HeavyRow> {
  for (const [k, kind] of FIVE_KINDS.entries()) {
    const random = seededRandom(1000 + k);
    const design = designFor(kind);
    const streams = 2_000;
    let [alarms, naive] = [0, 0];
    for (let stream = 0; stream < streams; stream++) {
      const result = runStream(kind, design, random, { units: 10_000, effect: 0, alpha: 0.05 });
      if (result.decidedAfter !== undefined) alarms++;
      if (result.naiveEver) naive++;
    }
    yield atMost(`A/A ${kind.name}: ever alarmed (nominal .05)`, alarms / streams, 0.06);
    yield atLeast(`A/A ${kind.name}: naive t, every unit`, naive / streams, 0.35);
  }
}

/** Target 2 and 4: how long to a decision against n80, and against the forecast. */
export function* detection(): Generator<HeavyRow> {
  const cases: readonly (readonly [OutcomeKind, number, number])[] = [
    [bernoulliKind(0.6), 0.02, 300],
    [bernoulliKind(0.6), 0.05, 1_000],
    [bernoulliKind(0.6), 0.1, 1_000],
    [scoreKind, 0.02, 600],
    [scoreKind, 0.05, 1_000],
    [bernoulliKind(0.95), -0.05, 1_000],
  ];
  for (const [k, [kind, shift, streams]] of cases.entries()) {
    const random = seededRandom(2000 + k);
    const design = designFor(kind);
    const shifted = kind.momentsAt(shift);
    const effect = Math.abs(shifted.mean - kind.mean);
    const incrementVariance = 2 * (kind.variance + shifted.variance);
    const z = normalQuantile(0.975) + normalQuantile(0.8);
    const n80 = (incrementVariance * z * z) / effect ** 2;
    const results = Array.from({ length: streams }, () =>
      runStream(kind, design, random, {
        units: Math.ceil(8 * n80),
        effect: shift,
        alpha: 0.05,
        stopAtDecision: true,
      }),
    );
    const times = results.map((result) => result.decidedAfter);
    const name = `${kind.name} ${shift > 0 ? "+" : ""}${shift}`;
    for (const [q, most] of [
      [0.5, 1.25],
      [0.8, 2.1],
      [0.95, 3],
    ] as const) {
      yield atMost(
        `${name}: q${q * 100} / n80 (${Math.round(n80)})`,
        quantileOf(times, q) / n80,
        most,
      );
    }
    const decided = results.filter((result) => result.decidedAfter !== undefined);
    yield atLeast(`${name}: decided by 8 n80`, decided.length / streams, 0.995);
    const wrong = decided.filter((result) => result.decidedBetter !== shift > 0).length / streams;
    yield atMost(`${name}: wrong sign`, wrong, 0.01);
    for (const chance of [0.5, 0.8]) {
      const { bets } = design.tests.superiority;
      const question = { incrementVariance, alpha: 0.05, sides: 2, chance, bets } as const;
      const forecast = unitsNeeded({ ...question, effect, designedEffect: 0.05 });
      if (forecast.kind !== "units") continue;
      const ratio = forecast.units / quantileOf(times, chance);
      yield atMost(`${name}: |forecast/actual - 1| at q${chance * 100}`, Math.abs(ratio - 1), 0.2);
    }
  }
}

/** Target 3: coverage of the interval over 60 looks, and its width. */
export function* coverage(): Generator<HeavyRow> {
  for (const [k, [kind, effect]] of (
    [
      [bernoulliKind(0.6), 0.05],
      [bernoulliKind(0.95), -0.05],
      [scoreKind, 0],
    ] as const
  ).entries()) {
    const random = seededRandom(3000 + k);
    const design = designFor(kind);
    const streams = 600;
    const truth = kind.momentsAt(effect).mean - kind.mean;
    let missed = 0;
    const ratios: number[] = [];
    for (let stream = 0; stream < streams; stream++) {
      let state = emptyState(design);
      let ever = false;
      for (let index = 0; index < 6_000; index++) {
        const arm = random.bernoulli(0.5);
        const outcome = kind.draw(random, arm === 1 ? effect : 0);
        const unit = { index, arm, outcome, propensity: 0.5, centre: kind.mean };
        state = foldUnit(design, state, unit);
        if (index % 100 === 99) ever ||= misses(design, state, truth);
      }
      if (ever) missed++;
      const { low, high } = effectInterval(design, state, { alpha: 0.05 });
      const { n, uu } = state.increments;
      const fixed = (1.96 * Math.sqrt(uu)) / n;
      ratios.push((high - low) / 2 / fixed);
    }
    yield atMost(
      `interval ${kind.name} ${effect}: ever missed in 60 looks`,
      missed / streams,
      0.05,
    );
    yield atMost(
      `interval ${kind.name}: half width / fixed at 6,000`,
      quantileOf(ratios, 0.5),
      1.8,
    );
  }
}

/** Target 6: the guard of a canary that gets a tenth. */
export function* guard(): Generator<HeavyRow> {
  const kind = bernoulliKind(0.95);
  const design = designFor(kind, 0.1);
  for (const [effect, streams, target] of [
    [0, 1_000, undefined],
    [-0.1, 400, 110],
    [-0.2, 400, 35],
    [-0.5, 400, 10],
  ] as const) {
    const random = seededRandom(4000 - Math.round(100 * effect));
    const canaries: (number | undefined)[] = [];
    for (let stream = 0; stream < streams; stream++) {
      let state = emptyState(design);
      let seen = 0;
      let at: number | undefined;
      for (let index = 0; index < 8_000 && at === undefined; index++) {
        const arm = random.bernoulli(0.1);
        seen += arm;
        const outcome = kind.draw(random, arm === 1 ? effect : 0);
        const unit = { index, arm, outcome, propensity: 0.1, centre: 0.95 };
        state = foldUnit(design, state, unit);
        if (logEvidence(state, "harm") >= Math.log(20)) at = seen;
      }
      canaries.push(at);
    }
    if (target === undefined) {
      const fired = canaries.filter((at) => at !== undefined).length / streams;
      yield atMost("guard, no effect: rolled back", fired, 0.02);
    } else {
      yield atMost(`guard ${effect}: canary units, median`, quantileOf(canaries, 0.5), target);
    }
  }
}

/** Target 5: seasons of K = 50, a fifth of the slots with an effect, looked at 60 times; and without any. */
export function* seasons(): Generator<HeavyRow> {
  const run = { alpha: 0.05, looks: 60, unitsPerLook: 100, designedEffect: 0.05 };
  for (const [low, high, leastPower] of [
    [0.06, 0.1, 0.95],
    [0.03, 0.06, 0.45],
  ] as const) {
    const random = seededRandom(5000 + 100 * low);
    const repeats = 25;
    let [wrong, found] = [0, 0];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const effects = sparseEffects(50, { low, high, oneIn: 5 }, random);
      const { byLedger } = runSeason(effects, { ...run, random });
      wrong += wrongShare(byLedger, effects) / repeats;
      found += byLedger.filter((i) => effects[i] !== 0).length;
    }
    const name = `e-BH K=50, effects ${low}..${high}`;
    yield atMost(`${name}: FDR`, wrong, 0.05);
    yield atLeast(`${name}: power`, found / (10 * repeats), leastPower);
  }
  const random = seededRandom(5_900);
  const none = Array.from({ length: 50 }, () => 0);
  const results = Array.from({ length: 100 }, () => runSeason(none, { ...run, random }));
  const share = (of: "byLedger" | "alone") =>
    results.filter((claims) => claims[of].length > 0).length / results.length;
  yield atMost("e-BH K=50, no effect at all: seasons with a false claim", share("byLedger"), 0.05);
  yield atLeast("the same seasons, every slot at E >= 20 for itself", share("alone"), 0.5);
}
