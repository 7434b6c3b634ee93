import { emptyState, foldUnit, logEvidence } from "../../src/stats/betting.ts";
import { meanInterval } from "../../src/stats/confidence-sequence.ts";
import { differenceInterval, independentEvidence } from "../../src/stats/difference.ts";
import { findOptimumSet } from "../../src/stats/optimum-set.ts";
import { pairedEvidence } from "../../src/stats/paired-difference.ts";
import { addValue, EMPTY_SUMS, sumsOf } from "../../src/stats/power-sums.ts";
import { stratifiedEvidence } from "../../src/stats/stratified-difference.ts";
import { atLeast, atMost, type HeavyRow } from "./heavy-row.ts";
import { type Random, seededRandom, shuffled } from "./random.ts";
import { temperatureReplay } from "./replay-levels.ts";
import { hasSharedData, readReplay, type TemperatureRow } from "./shared-data.ts";
import { bernoulliKind, Centre, designFor, FIVE_KINDS, scoreKind } from "./streams.ts";

/** The intervals of what was merely seen: coverage at 50 looks. */
export function* observationalIntervals(): Generator<HeavyRow> {
  const kinds = FIVE_KINDS.filter((kind) => kind !== scoreKind);
  for (const [k, kind] of kinds.entries()) {
    const random = seededRandom(21_000 + k);
    const streams = 500;
    let missed = 0;
    for (let stream = 0; stream < streams; stream++) {
      let sums = EMPTY_SUMS;
      let ever = false;
      for (let n = 1; n <= 5_000 && !ever; n++) {
        sums = addValue(sums, kind.draw(random, 0));
        if (n % 100 !== 0) continue;
        const { low, high } = meanInterval(sums, { alpha: 0.05 });
        ever = kind.mean < low || kind.mean > high;
      }
      if (ever) missed++;
    }
    yield atMost(`mean of ${kind.name}: ever missed in 50 looks`, missed / streams, 0.05);
  }
  const random = seededRandom(22_000);
  let missed = 0;
  const streams = 300;
  for (let stream = 0; stream < streams; stream++) {
    let [a, b] = [EMPTY_SUMS, EMPTY_SUMS];
    let ever = false;
    for (let n = 1; n <= 4_000; n++) {
      if (random.uniform() < 0.2) a = addValue(a, random.bernoulli(0.95));
      else b = addValue(b, random.bernoulli(0.9));
      if (n % 200 !== 0) continue;
      const { low, high } = differenceInterval(a, b, { alpha: 0.05 });
      ever ||= low > 0.05 || high < 0.05;
    }
    if (ever) missed++;
  }
  yield atMost("difference of two means: ever missed in 20 looks", missed / streams, 0.05);
}

/** Five equal levels, eight looks: is one of them ever left out? */
export function* plateau(): Generator<HeavyRow> {
  const random = seededRandom(23_000);
  const values = [0, 0.3, 0.6, 0.9, 1.2];
  const worlds = 300;
  let wrong = 0;
  for (let world = 0; world < worlds; world++) {
    const outcomes = values.map((): number[] => []);
    let ever = false;
    for (let look = 0; look < 8 && !ever; look++) {
      for (const level of outcomes) {
        for (let i = 0; i < 60; i++) level.push(random.bernoulli(0.6));
      }
      const sums = outcomes.map(sumsOf);
      const compare = (i: number, j: number) =>
        independentEvidence(sums[i] ?? EMPTY_SUMS, sums[j] ?? EMPTY_SUMS);
      const { levels } = findOptimumSet(values, compare, { alpha: 0.05 });
      ever = levels.some((level) => !level.isMember);
    }
    if (ever) wrong++;
  }
  yield atMost("plateau of five levels: one ever left out", wrong / worlds, 0.025);
}

/** Target 9: the recorded answers, in 200 orders. */
export function* recordedAnswers(): Generator<HeavyRow> {
  if (!hasSharedData) return;
  const rows = [
    ...readReplay<TemperatureRow>("temperature-gpt-3.5-turbo.ndjson.gz"),
    ...readReplay<TemperatureRow>("temperature-null-two-models.ndjson.gz"),
  ];
  const isUsual = ({ labels, settings }: TemperatureRow) =>
    labels.prompt === "chain_of_thought" && settings.temperature <= 1;
  for (const [model, all] of Map.groupBy(rows, (row) => row.model)) {
    const random = seededRandom(24_000);
    const usual = all.filter(isUsual);
    const exam = usual.filter(({ labels }) => labels.exam === "comprehensive-100");
    const ten = usual.filter(({ labels }) => labels.exam !== "comprehensive-100");
    yield atMost(`${model}, one exam, T = 0 against .1 to 1: claims`, claims(exam, random), 0.01);
    if (ten.length > 0) {
      yield atMost(`${model}, ten exams, nominal .05: claims`, claims(ten, random), 0.05);
    }
    let observed = 0;
    for (let order = 0; order < 40; order++) if (anyLeftOut(shuffled(usual, random))) observed++;
    yield atMost(`${model}, T <= 1: a level left out, 40 orders x 3 looks`, observed / 40, 0.01);
  }
  yield* cliff(rows.filter((row) => row.model === "gpt-3.5-turbo"));
}

/** The share of 200 orders in which any temperature is claimed better or worse than 0. */
function claims(rows: readonly TemperatureRow[], random: Random): number {
  let found = 0;
  for (let order = 0; order < 200; order++) if (anyClaim(rows, random)) found++;
  return found / 200;
}

/** One pass over the units: each is drawn to T = 0 or to the other temperature. */
function anyClaim(rows: readonly TemperatureRow[], random: Random): boolean {
  const kind = bernoulliKind(0.6);
  const design = designFor(kind);
  const byUnit = Map.groupBy(rows, (row) => row.unit);
  const temperatures = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
  return temperatures.some((temperature) => {
    let state = emptyState(design);
    const centre = new Centre(design, kind);
    for (const [index, unit] of shuffled([...byUnit.values()], random).entries()) {
      const arm = random.bernoulli(0.5);
      const wanted = arm === 1 ? temperature : 0;
      const row = unit.find(({ settings }) => settings.temperature === wanted);
      if (row === undefined) continue;
      const outcome = row.scores.quality / 100;
      const drawn = { index, arm, outcome, propensity: 0.5, centre: centre.value() };
      state = foldUnit(design, state, drawn);
      centre.add(outcome);
      const sides = [logEvidence(state, "superiority"), logEvidence(state, "worse")];
      if (Math.max(...sides) >= Math.log(400)) return true;
    }
    return false;
  });
}

/** Whether the optimum set, by strata and by pairs, ever leaves a level out on the way. */
function anyLeftOut(rows: readonly TemperatureRow[]): boolean {
  return [0.3, 0.6, 1].some((part) => {
    const replay = temperatureReplay(rows.slice(0, Math.ceil(part * rows.length)));
    return [
      (i: number, j: number) => stratifiedEvidence(replay.batches(i, j)),
      (i: number, j: number) => pairedEvidence(replay.pairs(i, j)),
    ].some((compare) =>
      findOptimumSet(replay.levels, compare, { alpha: 0.05 }).levels.some(
        (level) => !level.isMember,
      ),
    );
  });
}

/**
 * Target 9: T = 1.5 and 1.6 against 1.0, shown worse in every random order of the 200 recorded answers, a hundred of each. Power is at
 * stake here, not error: arms of a balanced order are not drawn independently. T = 1.4 is not shown by so few answers; drawn from them
 * with replacement it is by 2,000.
 */
function* cliff(rows: readonly TemperatureRow[]): Generator<HeavyRow> {
  const of = (temperature: number, arm: 0 | 1) =>
    rows
      .filter(
        ({ labels, settings }) =>
          labels.exam === "comprehensive-100" &&
          labels.prompt === "chain_of_thought" &&
          settings.temperature === temperature,
      )
      .map((row) => ({ arm, outcome: row.scores.quality / 100 }));
  const random = seededRandom(25_000);
  const orders = 200;
  const share = (temperature: number, orderOf: (answers: readonly Answer[]) => Answer[]) => {
    const answers = [...of(1, 0), ...of(temperature, 1)];
    let found = 0;
    for (let order = 0; order < orders; order++) if (isShownWorse(orderOf(answers))) found++;
    return found / orders;
  };
  const once = (answers: readonly Answer[]) => shuffled(answers, random);
  const resampled = (answers: readonly Answer[]) =>
    Array.from({ length: 10 }, () => answers.map(() => answers[random.below(answers.length)]))
      .flat()
      .filter((answer) => answer !== undefined);
  const name = (temperature: number) =>
    `gpt-3.5-turbo, T = ${temperature} against 1.0: shown worse`;
  for (const temperature of [1.5, 1.6])
    yield atLeast(`${name(temperature)} by its 200 answers`, share(temperature, once), 1);
  yield atLeast(`${name(1.4)} by 2,000, resampled`, share(1.4, resampled), 0.95);
}

interface Answer {
  readonly arm: 0 | 1;
  readonly outcome: number;
}

/** Whether arm 1 is ever shown worse than arm 0, looked at after every answer. */
function isShownWorse(answers: readonly Answer[]): boolean {
  const design = designFor(bernoulliKind(0.6));
  let state = emptyState(design);
  for (const [index, answer] of answers.entries()) {
    state = foldUnit(design, state, { index, ...answer, propensity: 0.5, centre: 0.6 });
    if (logEvidence(state, "worse") >= Math.log(40)) return true;
  }
  return false;
}
