import {
  EMPTY_SUMS,
  mergeSums,
  type PowerSums,
  scaleSums,
  shiftSums,
} from "../../stats/power-sums.ts";
import { shownNumber } from "../kernel/precision.ts";
import { binsOf, type HeavyQuantity, octaveName } from "../outcome/binned.ts";
import { boundedSums, type Cell } from "../outcome/cell.ts";
import { scoreScale } from "../outcome/score.ts";
import { type ScoredCell, scoredShare, scoringOf } from "./scoring.ts";

/** A metric with a range, so that statements about its mean need no assumption about its distribution. */
export interface Metric {
  readonly name: string;
  /** Largest value in the metric's own unit; the smallest is 0. */
  readonly max: number;
  readonly better: "higher" | "lower";
  /** The unit in words, for sentences. */
  readonly unit: string;
  /** What a mean and its interval are about. */
  readonly about: string;
  /** Whether callers score it: then a failed call without a score counts as the worst. */
  readonly isScored?: boolean;
  /** The quantity that is counted up to `max`, which is the upper edge of this octave. */
  readonly capped?: { readonly quantity: HeavyQuantity; readonly octave: number };
}

/** A metric that callers score, of any name. */
export function scoreMetric(name: string): Metric {
  const { max, better } = scoreScale(name);
  const worst = better === "higher" ? 0 : max;
  const about = `the mean ${name} of a call; a failed call without a score counts ${worst}, a successful one without is taken to be like those with one`;
  return { name, max, better, unit: "points", about, isScored: true };
}

/** Metrics whose range does not depend on what was seen. */
export const METRICS: readonly Metric[] = [
  scoreMetric("quality"),
  {
    name: "success",
    max: 1,
    better: "higher",
    unit: "of calls",
    about: "the share of calls that ended with OK, without those cancelled or not used",
  },
  scoreMetric("coherence"),
  scoreMetric("creativity"),
  scoreMetric("hallucination"),
];

/** Quantities with heavy tails: their plain means decide nothing, those of capped values may. */
const HEAVY: readonly {
  readonly name: HeavyQuantity;
  readonly unit: string;
  readonly factor: number;
}[] = [
  { name: "latency", unit: "ms", factor: 1 },
  { name: "cost", unit: "USD", factor: 1e-9 },
  { name: "tokens", unit: "tokens", factor: 1 },
];

/** Every metric that can be analysed. */
export const METRIC_NAMES: readonly string[] = [...METRICS, ...HEAVY].map(({ name }) => name);

/** The cap lies at the first octave that holds this share of what was seen, so that an outlier moves nothing. */
const SHARE_BELOW_CAP = 0.99;

/** A metric with a fixed range. */
export function metricOf(name: string): Metric | undefined {
  return METRICS.find((metric) => metric.name === name);
}

/**
 * A metric for what the cells hold. That of a heavy quantity counts every call up to a cap: the upper edge of the octave below which
 * 99 % of the calls lie. It moves in powers of two only, so that over time few caps are ever used. `undefined` for an unknown name.
 */
export function metricFor(name: string, cells: Iterable<Cell>): Metric | undefined {
  const heavy = HEAVY.find((quantity) => quantity.name === name);
  if (!heavy) return metricOf(name);
  const octave = capOctave(cells, heavy.name);
  const max = 2 ** octave * heavy.factor;
  const cap = `${Number(max.toPrecision(3))} ${heavy.unit}`;
  return {
    name,
    max,
    better: "lower",
    unit: heavy.unit,
    about: `the mean ${name} of a call, each call counted up to ${cap}`,
    capped: { quantity: heavy.name, octave },
  };
}

/**
 * Sums of a metric in a cell, in 0..1 and turned so that more is better: what every statement about it is made of.
 *
 * Of a metric that callers score, a failed call without a score has the worst one: else settings would gain by failing where they are
 * bad. Where only a share of the successful calls is scored, as many of the failed ones count, so that both weigh alike: the mean is
 * that of scored calls times the rate at which calls do not fail so. To count a known share of n alike values is to take the expected
 * log wealth of a bet on a random part of them, which is at most the log of the expected wealth: an e-process stays one. Assumes
 * that the scored successes are like the others; where levels are scored unlike, see `worstCaseSums`. `share` is the share scored, of this
 * cell where absent.
 */
export function utilitySums(
  cell: UtilityCell,
  metric: Metric,
  share: number = metric.isScored === true ? scoredShare(scoringOf(cell, metric.name)) : 1,
): PowerSums {
  const sums = ratedSums(cell, metric);
  if (metric.isScored !== true) return sums;
  return { ...sums, n: sums.n + share * scoringOf(cell, metric.name).failed };
}

/** The same of the calls that carry a value of their own: "among rated calls", which decides nothing. */
export function ratedSums(cell: UtilityCell, metric: Metric): PowerSums {
  const sums = metric.capped
    ? cappedSums(cell, metric.capped.quantity, metric.capped.octave)
    : boundedSums(cell, metric.name);
  return metric.better === "higher" ? sums : scaleSums(shiftSums(sums, 1), -1);
}

/**
 * Sums as `utilitySums` has them where the successful calls that lack a score, compared with a level of which the share `most` is
 * scored, all have the worst one, and where they all have the best one: the worst-case bounds of Manski 1990.
 */
export function worstCaseSums(
  cell: UtilityCell,
  metric: Metric,
  { share, most }: { readonly share: number; readonly most: number },
): { readonly lowest: PowerSums; readonly highest: PowerSums } {
  const sums = utilitySums(cell, metric, most);
  const lacking = Math.max(0, most - share) * scoringOf(cell, metric.name).successful;
  const { n, s1, s2, s3, s4 } = sums;
  return {
    lowest: { ...sums, n: n + lacking },
    highest: {
      n: n + lacking,
      ...{ s1: s1 + lacking, s2: s2 + lacking, s3: s3 + lacking, s4: s4 + lacking },
    },
  };
}

/** Outcomes of a cell that a metric says something of. */
export function countOf(cell: UtilityCell, metric: Metric): number {
  const own = ratedSums(cell, metric).n;
  return metric.isScored === true ? own + scoringOf(cell, metric.name).failed : own;
}

/** What of a cell says something of a metric. */
export type UtilityCell = ScoredCell & Pick<Cell, "binned">;

/** A utility in 0..1 in the metric's own unit and direction. */
export function inUnit(metric: Metric, utility: number): number {
  return shownNumber((metric.better === "higher" ? utility : 1 - utility) * metric.max);
}

/** Sums of min(x, 2^octave) / 2^octave over the calls of a cell; exact, since octaves are whole. */
export function cappedSums(
  cell: Pick<Cell, "binned">,
  quantity: HeavyQuantity,
  octave: number,
): PowerSums {
  return binsOf(cell.binned, (bin) => octaveName(quantity, bin)).reduce((total, { bin, sums }) => {
    if (bin <= octave) return mergeSums(total, scaleSums(sums, 2 ** (bin - octave)));
    const { n } = sums;
    return mergeSums(total, { n, s1: n, s2: n, s3: n, s4: n });
  }, EMPTY_SUMS);
}

function capOctave(cells: Iterable<Cell>, quantity: HeavyQuantity): number {
  const counts = new Map<number, number>();
  let total = 0;
  for (const cell of cells) {
    for (const { bin, sums } of binsOf(cell.binned, (k) => octaveName(quantity, k))) {
      counts.set(bin, (counts.get(bin) ?? 0) + sums.n);
      total += sums.n;
    }
  }
  let below = 0;
  for (const [bin, count] of [...counts].toSorted(([a], [b]) => a - b)) {
    below += count;
    if (below >= SHARE_BELOW_CAP * total) return bin;
  }
  return 0;
}
