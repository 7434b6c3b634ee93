import { emptyState, foldUnit } from "../../src/stats/betting.ts";
import {
  type DetectorDesign,
  detectorOf,
  emptyDetector,
  foldOutcome,
  openDetector,
  readDetector,
  smallestTolerance,
} from "../../src/stats/detector.ts";
import { sumsOf } from "../../src/stats/power-sums.ts";
import { logRatioEvidence, RATIO_ALARM } from "../../src/stats/ratio-check.ts";
import { atLeast, atMost, type HeavyRow } from "./heavy-row.ts";
import { type Random, seededRandom } from "./random.ts";
import { runReporting } from "./reporting-streams.ts";
import { bernoulliKind, designFor, numbersIn, quantileOf } from "./streams.ts";

/** Target 7, with the reference known and estimated (statistics-review.md, section 5). */
export function* detector(): Generator<HeavyRow> {
  const random = seededRandom(7000);
  const known = detectorOf({ mean: 0.9, variance: 0.09, tolerance: 0.01, threshold: 1e5 });
  yield atMost("e-SR, reference known: alarms in 20,000", share(known, 0.9, random), 0.08);
  yield atMost("e-SR, reference known: -.10 found after, median", delay(known, 0.8, random), 300);
  const estimated = (n: number) => {
    const reference = sumsOf(Array.from({ length: n }, () => random.bernoulli(0.9)));
    const tolerance = smallestTolerance(reference);
    return openDetector({ reference, tolerance, threshold: 1e5 });
  };
  let alarms = 0;
  const streams = 150;
  for (let stream = 0; stream < streams; stream++) {
    if (runLength(estimated(500), 0.9, 20_000, random) !== undefined) alarms++;
  }
  yield atMost("e-SR, 500 reference outcomes: alarms in 20,000", alarms / streams, 0.08);
  const delays = Array.from({ length: 100 }, () => runLength(estimated(500), 0.8, 8_000, random));
  yield atMost("e-SR, 500 reference outcomes: -.10, median", quantileOf(delays, 0.5), 1_000);
  const large = Array.from({ length: 100 }, () => runLength(estimated(4_000), 0.8, 8_000, random));
  yield atMost("e-SR, 4,000 reference outcomes: -.10, median", quantileOf(large, 0.5), 300);
}

function share(design: DetectorDesign, rate: number, random: Random): number {
  const runs = 300;
  let alarms = 0;
  for (let run = 0; run < runs; run++) {
    if (runLength(design, rate, 20_000, random) !== undefined) alarms++;
  }
  return alarms / runs;
}

function delay(design: DetectorDesign, rate: number, random: Random): number {
  const runs = Array.from({ length: 200 }, () => runLength(design, rate, 8_000, random));
  return quantileOf(runs, 0.5);
}

function runLength(design: DetectorDesign, rate: number, limit: number, random: Random) {
  let state = emptyDetector(design);
  for (let at = 0; at < limit; at++) {
    state = foldOutcome(design, state, { outcome: random.bernoulli(rate), at });
    if (readDetector(design, state).isAlarm) return at + 1;
  }
  return undefined;
}

/** Target 8, of the assignments: shares of 50/50 and 55/45 over 20,000 units, looked at after every one. */
export function* ratio(): Generator<HeavyRow> {
  for (const [rate, streams] of [
    [0.5, 2_000],
    [0.55, 300],
  ] as const) {
    const random = seededRandom(8000 + 100 * rate);
    const times: (number | undefined)[] = [];
    for (let stream = 0; stream < streams; stream++) {
      let ones = 0;
      let at: number | undefined;
      for (let n = 1; n <= 20_000 && at === undefined; n++) {
        ones += random.bernoulli(rate);
        const evidence = logRatioEvidence([n - ones, ones], [0.5, 0.5]);
        if (evidence >= Math.log(RATIO_ALARM)) at = n;
      }
      times.push(at);
    }
    if (rate === 0.5) {
      const fired = times.filter((at) => at !== undefined).length / streams;
      yield atMost("ratio check at 50/50: fired in 20,000", fired, 0.002);
    } else {
      yield atMost("ratio check at 55/45: units, median", quantileOf(times, 0.5), 2_000);
    }
  }
}

/**
 * Target 8 as the review has it: the engine on "reported or not" of released units, looked at after every one. The allocation moves
 * 22 times, where a product of Bayes factors by allocation finds next to nothing.
 */
export function* reporting(): Generator<HeavyRow> {
  const cases = [
    { name: "equal rates", rates: [0.9, 0.9], streams: 2_000 },
    { name: ".85 against .90", rates: [0.9, 0.85], streams: 200 },
    { name: ".80 against .90", rates: [0.9, 0.8], streams: 200 },
  ] as const;
  for (const [k, { name, rates, streams }] of cases.entries()) {
    const random = seededRandom(8_500 + k);
    const runs = Array.from({ length: streams }, () =>
      runReporting(rates, { unitsEach: 455, random }),
    );
    const fired = runs.filter(({ engineAt }) => engineAt !== undefined).length / streams;
    const byProduct = runs.filter(({ productFired }) => productFired).length / streams;
    const what = `reporting, engine, ${name}`;
    if (rates[0] === rates[1]) {
      yield atMost(`${what}: fired in 10,000`, fired, 0.002);
      continue;
    }
    const most = rates[1] === 0.8 ? 1_200 : 4_500;
    yield atLeast(`${what}: fired in 10,000`, fired, 0.97);
    yield atMost(`${what}: units, median`, quantileOf(timesOf(runs), 0.5), most);
    yield atMost(`${what}: the product of factors fired`, byProduct, 0.5);
  }
}

function timesOf(runs: readonly { readonly engineAt: number | undefined }[]) {
  return runs.map(({ engineAt }) => engineAt);
}

/** Target 12: the time of one fold, all five tests and the interval's sums, and what a state grows to. */
export function* speed(): Generator<HeavyRow> {
  const kind = bernoulliKind(0.6);
  const design = designFor(kind);
  const random = seededRandom(12_000);
  const units = Array.from({ length: 4_096 }, () => ({
    arm: random.bernoulli(0.5),
    outcome: random.bernoulli(0.6),
    propensity: 0.5,
    centre: 0.6,
  }));
  let state = emptyState(design);
  const sizes: number[] = [];
  const before = process.cpuUsage();
  for (let index = 0; index < 10_000_000; index++) {
    const unit = units[index & 4_095];
    if (unit !== undefined) state = foldUnit(design, state, { ...unit, index });
    if (index === 9) sizes.push(numbersIn(state));
  }
  sizes.push(numbersIn(state));
  // Of the processor, so that other work on the machine does not count.
  const { user, system } = process.cpuUsage(before);
  yield atMost("fold of one unit into all tests, us of the processor", (user + system) / 1e7, 1);
  const [atTen = 0, atEnd = 0] = sizes;
  yield atMost("numbers in the state after 10 units", atTen, 60);
  yield atMost("numbers more after 10,000,000 units", atEnd - atTen, 0);
  yield atMost(
    "characters of the state after 10,000,000 units",
    JSON.stringify(state).length,
    1_500,
  );
}
