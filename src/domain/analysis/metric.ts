import { type PowerSums, scaleSums, shiftSums } from "../../stats/power-sums.ts";
import { boundedSums, type Cell } from "../outcome/cell.ts";
import { SCORE_SCALES } from "../outcome/score.ts";

/** A metric with a range, so that statements about its mean need no assumption about its distribution. */
export interface Metric {
  readonly name: string;
  /** Largest value in the metric's own unit; the smallest is 0. */
  readonly max: number;
  readonly better: "higher" | "lower";
  /** The unit in words, for sentences. */
  readonly unit: string;
}

export const METRICS: readonly Metric[] = [
  { name: "quality", ...scale("quality"), unit: "points" },
  { name: "success", max: 1, better: "higher", unit: "of calls" },
  { name: "coherence", ...scale("coherence"), unit: "points" },
  { name: "creativity", ...scale("creativity"), unit: "points" },
  { name: "hallucination", ...scale("hallucination"), unit: "points" },
];

export function metricOf(name: string): Metric | undefined {
  return METRICS.find((metric) => metric.name === name);
}

/** Sums of a metric in a cell, in 0..1 and turned so that more is better. */
export function utilitySums(cell: Cell, metric: Metric): PowerSums {
  const sums = boundedSums(cell, metric.name);
  return metric.better === "higher" ? sums : scaleSums(shiftSums(sums, 1), -1);
}

/** A utility in 0..1 in the metric's own unit and direction. */
export function inUnit(metric: Metric, utility: number): number {
  return (metric.better === "higher" ? utility : 1 - utility) * metric.max;
}

function scale(name: keyof typeof SCORE_SCALES): { max: number; better: "higher" | "lower" } {
  return SCORE_SCALES[name] ?? { max: 1, better: "higher" };
}
