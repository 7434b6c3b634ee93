import { smallestDetectableEffect, unitsNeeded } from "../../stats/forecast.ts";
import { EMPTY_SUMS, mergeSums, type PowerSums, varianceOf } from "../../stats/power-sums.ts";
import { ALPHA } from "./level-comparison.ts";
import type { Metric } from "./metric.ts";

/** How long until an answer, at the present rate. */
export interface TimeToAnswer {
  /** Outcomes that are still needed. */
  readonly outcomes: number;
  readonly perDay: number;
  /** Undefined where there is no rate. */
  readonly days: number | undefined;
  /** The difference that would be shown by then, in the metric's unit; 0 where only a first comparison is meant. */
  readonly difference: number;
  readonly chance: number;
  /** The smallest difference that as many outcomes as there are would show in such a test, in the metric's unit; undefined before any. */
  readonly smallestDifference: number | undefined;
  readonly text: string;
}

/** The difference that is worth knowing, on the 0..1 scale, and the chance of having shown it by the time named. */
const DIFFERENCE = 0.05;
const CHANCE = 0.8;

/** Stands for the variance where too little was seen: that of a coin is the largest there is. */
const LARGEST_VARIANCE = 0.25;
/** Keeps the forecast finite where all outcomes were alike. */
const SMALLEST_VARIANCE = 1e-4;

/**
 * What an answer takes: with too little data the outcomes lacking for a first comparison, else those of a randomised test of two levels
 * in equal parts for a difference of a twentieth of the metric's range (`unitsNeeded`; the range that is observed is only an effect
 * where it was drawn at random).
 */
export function timeToAnswer(known: {
  readonly metric: Metric;
  /** Outcomes of each level, in 0..1. */
  readonly levels: readonly PowerSums[];
  /** Outcomes lacking for a first comparison. */
  readonly lacking: number;
  readonly perDay: number;
}): TimeToAnswer {
  const { metric, lacking, perDay } = known;
  const isFirst = lacking > 0;
  const outcomes = isFirst ? lacking : Math.ceil(outcomesOfTest(known.levels));
  const days = perDay > 0 ? outcomes / perDay : undefined;
  const difference = isFirst ? 0 : DIFFERENCE * metric.max;
  const rate =
    days === undefined
      ? "no such outcomes come in at present"
      : `at the present ${rounded(perDay)} a day that takes ${durationText(days)}`;
  const smallestDifference = smallestShown(known.levels, metric);
  const shown =
    smallestDifference === undefined
      ? ""
      : `; as many as there are would show ${rounded(smallestDifference)} ${metric.unit}`;
  const text = isFirst
    ? `${outcomes} more outcomes with ${metric.name} are needed; ${rate}${shown}`
    : `a randomised test of two values would show a difference of ${rounded(difference)} ${metric.unit} after about ${outcomes} outcomes (4 times of 5); ${rate}${shown}`;
  return { outcomes, perDay, days, difference, chance: CHANCE, smallestDifference, text };
}

/** No more than the whole scale: few outcomes show nothing less. */
function smallestShown(levels: readonly PowerSums[], metric: Metric): number | undefined {
  const all = levels.reduce(mergeSums, EMPTY_SUMS);
  if (all.n === 0) return undefined;
  const effect = smallestDetectableEffect({
    incrementVariance: incrementVariance(levels),
    alpha: ALPHA,
    sides: 2,
    chance: CHANCE,
    units: all.n,
    designedEffect: DIFFERENCE,
  });
  return Math.min(1, effect) * metric.max;
}

/** Days as a person says them. */
export function durationText(days: number): string {
  const hours = days * 24;
  if (hours < 1) return "less than an hour";
  if (hours < 48) return `about ${Math.ceil(hours)} hours`;
  return days < 60 ? `about ${Math.ceil(days)} days` : `about ${Math.ceil(days / 30)} months`;
}

/** That of two equal arms. */
function incrementVariance(levels: readonly PowerSums[]): number {
  const variance = varianceOf(levels.reduce(mergeSums, EMPTY_SUMS)) ?? LARGEST_VARIANCE;
  return 4 * Math.max(SMALLEST_VARIANCE, variance);
}

function outcomesOfTest(levels: readonly PowerSums[]): number {
  const forecast = unitsNeeded({
    incrementVariance: incrementVariance(levels),
    alpha: ALPHA,
    sides: 2,
    chance: CHANCE,
    effect: DIFFERENCE,
    designedEffect: DIFFERENCE,
  });
  return forecast.kind === "units" ? forecast.units : Number.POSITIVE_INFINITY;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
