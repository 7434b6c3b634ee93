import type { Scope } from "../config/scope.ts";
import type { Evidence } from "./evidence.ts";
import {
  type LevelReport,
  levelText,
  type ParameterImpact,
  type TailReport,
} from "./parameter-impact.ts";

export type InsightCode =
  | "TAIL_WORSE"
  | "LEVELS_WORSE"
  | "NO_DIFFERENCE_SHOWN"
  | "INSUFFICIENT_DATA"
  | "SIGN_TURNED"
  | "LIMIT_MAY_FALL"
  | "LIMIT_CUTS"
  | "CHEAPER_AS_GOOD"
  | "BEST_VALUE"
  | "CHANGE_BETTER"
  | "CHANGE_WORSE"
  | "CHANGE_NOT_SHOWN"
  | "SETTINGS_SUGGESTED"
  | "COMPARED_OVER_TIME"
  | "RANDOMISED_EFFECT";

/** A finding in words, with what it rests on. */
export interface Insight {
  readonly code: InsightCode;
  readonly text: string;
  readonly evidence: Evidence;
  readonly scope: Scope;
  readonly parameter: string;
  readonly metric: string;
}

/** What an analysis says, in sentences that a person who is no statistician can act on. */
export function insightsOf(impact: ParameterImpact, scope: Scope): Insight[] {
  const make = (code: InsightCode, text: string): Insight => ({
    code,
    text,
    evidence: impact.evidence,
    scope,
    parameter: impact.parameter.name,
    metric: impact.metric.name,
  });
  if (impact.status === "insufficient_data")
    return [make("INSUFFICIENT_DATA", insufficientText(impact))];
  const insights: Insight[] = [];
  for (const tail of impact.tails) insights.push(make("TAIL_WORSE", tailText(impact, tail)));
  const worse = impact.levels.filter((level) => level.isOptimal === false);
  if (worse.length > 0) insights.push(make("LEVELS_WORSE", worseText(impact, worse)));
  const turned = impact.levels.filter((level) => isTurned(impact, level));
  if (turned.length > 0) insights.push(make("SIGN_TURNED", turnedText(impact, turned)));
  const alike = impact.levels.filter((level) => level.isOptimal === true);
  if (alike.length > 1) insights.push(make("NO_DIFFERENCE_SHOWN", alikeText(impact, alike)));
  return insights;
}

function insufficientText(impact: ParameterImpact): string {
  const { parameter, metric, sampleSize, samplesNeeded, levels } = impact;
  if (sampleSize === 0) {
    const both = parameter.isNominal ? metric.name : `both ${parameter.name} and ${metric.name}`;
    return `Too little data on ${parameter.name}: no outcome carries ${both}; at least ${samplesNeeded} more are needed, so that two values have 10 each.`;
  }
  const values = levels.length === 1 ? "one value" : `${levels.length} values`;
  return `Too little data on ${parameter.name}: ${sampleSize} outcomes with ${metric.name} at ${values}; at least ${samplesNeeded} more are needed, so that two values have 10 each.`;
}

function tailText(impact: ParameterImpact, tail: TailReport): string {
  const { parameter, metric, levels } = impact;
  const outside = levels.filter(
    (level) =>
      (level.isOptimal !== undefined || level.isInDoubt) && !tail.values.includes(level.value),
  );
  const edge = tail.side === "upper" ? outside.at(-1)?.value : outside[0]?.value;
  const where = `${tail.side === "upper" ? "Above" : "Below"} ${parameter.name} ${parameter.text(edge ?? 0)}`;
  const range = `${number(tail.shortfall.low)} to ${number(tail.shortfall.high)} ${metric.unit}`;
  const doubtful = levels.filter(
    (level) => tail.values.includes(level.value) && level.isOptimal !== false,
  );
  const alone =
    doubtful.length > 0
      ? ` By itself ${doubtful.map(({ value }) => parameter.text(value)).join(", ")} is not shown to be.`
      : "";
  return `${where} ${metric.name} is ${directionOf(impact)} by ${range} (${tail.sampleSize} outcomes at ${tail.values.map(parameter.text).join(", ")}, taken together).${alone}`;
}

function worseText(impact: ParameterImpact, worse: readonly LevelReport[]): string {
  const { parameter, metric, levels, best } = impact;
  const bestLevel = levels.find(({ value }) => value === best);
  const at = bestLevel ? levelText(parameter, bestLevel) : "";
  const within =
    impact.strata > 1
      ? ` Compared within ${impact.strata} strata, hour by hour, and not by the plain means.`
      : "";
  return `${capital(metric.name)} is ${directionOf(impact)} than at the best ${parameter.name} (${at}) at ${list(impact, worse)}.${within}`;
}

function list(impact: ParameterImpact, levels: readonly LevelReport[]): string {
  const { parameter, metric } = impact;
  return levels
    .map((level) => {
      const { low = 0, high = 0 } = level.shortfall ?? {};
      const by =
        number(low) === "0"
          ? ` by at most ${number(high)} ${metric.unit}`
          : ` by ${number(low)} to ${number(high)} ${metric.unit}`;
      return `${levelText(parameter, level)}${by}`;
    })
    .join(", ");
}

/** Whether the plain means say the opposite of the comparison within strata. */
function isTurned({ strata }: ParameterImpact, level: LevelReport): boolean {
  const { difference, naiveDifference } = level;
  return (
    strata > 1 &&
    level.isOptimal !== undefined &&
    difference !== undefined &&
    difference * naiveDifference < 0
  );
}

function turnedText(impact: ParameterImpact, turned: readonly LevelReport[]): string {
  const { parameter, metric, levels, best, strata } = impact;
  const bestLevel = levels.find(({ value }) => value === best);
  const told = turned.map((level) => {
    const { difference = 0, naiveDifference } = level;
    return `${levelText(parameter, level)} ${signed(naiveDifference)} as plain means but ${signed(difference)} within strata`;
  });
  return `The plain means of ${metric.name} mislead: against ${bestLevel ? levelText(parameter, bestLevel) : "the best"}, ${told.join(", ")} (${metric.unit}, ${strata} strata). The levels were used on unlike calls; go by the comparison within strata, or run an experiment.`;
}

function alikeText(impact: ParameterImpact, alike: readonly LevelReport[]): string {
  const { parameter, metric, optimum, optimumNames } = impact;
  const count = alike.reduce((sum, level) => sum + level.sampleSize, 0);
  if (parameter.isNominal)
    return `No difference in ${metric.name} is shown between ${optimumNames.join(", ")} (${count} outcomes).`;
  const ranges = optimum.map(({ low, high }) =>
    low === high ? parameter.text(low) : `${parameter.text(low)} to ${parameter.text(high)}`,
  );
  return `No difference in ${metric.name} is shown between ${parameter.name} ${ranges.join(" and ")} (${count} outcomes): changing it within that range has no known effect. That none is shown is not that there is none: the intervals against the best say how large one may be.`;
}

function directionOf({ metric }: ParameterImpact): string {
  return metric.better === "higher" ? "lower" : "higher";
}

/** A number as sentences write it. */
export function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** The same with its sign. */
export function signed(value: number): string {
  return `${value > 0 ? "+" : ""}${number(value)}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
