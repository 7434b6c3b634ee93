import { EMPTY_SUMS, mergeSums, type PowerSums, varianceOf } from "../../stats/power-sums.ts";
import { plannedVariance } from "../experiment/evidence-design.ts";
import {
  type PlannedTest,
  smallestClaimableEffect,
  unitsUntilClaim,
} from "../experiment/time-to-answer.ts";
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

/**
 * What an answer takes: with too little data the outcomes lacking for a first comparison, else those of a randomised test of two levels
 * in equal parts for a difference of a twentieth of the metric's range: what an experiment of the same scope, metric and effect is told
 * (`unitsUntilClaim`). The difference that is observed is only an effect where it was drawn at random.
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
  const outcomes = isFirst
    ? lacking
    : Math.ceil(unitsUntilClaim(testOf(known.levels, metric), CHANCE));
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

function smallestShown(levels: readonly PowerSums[], metric: Metric): number | undefined {
  const units = levels.reduce((sum, { n }) => sum + n, 0);
  if (units === 0) return undefined;
  return smallestClaimableEffect(testOf(levels, metric), { units, chance: CHANCE }) * metric.max;
}

/** Days as a person says them. */
export function durationText(days: number): string {
  const hours = days * 24;
  if (hours < 1) return "less than an hour";
  if (hours < 48) return `about ${Math.ceil(hours)} hours`;
  return days < 60 ? `about ${Math.ceil(days)} days` : `about ${Math.ceil(days / 30)} months`;
}

function testOf(levels: readonly PowerSums[], { name: metric }: Metric): PlannedTest {
  const observed = varianceOf(levels.reduce(mergeSums, EMPTY_SUMS));
  const variance = plannedVariance({ metric }, observed);
  return { variance, designedEffect: DIFFERENCE, propensity: 0.5 };
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
