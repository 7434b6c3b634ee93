import type { Scope } from "../config/scope.ts";
import type { Evidence } from "./evidence.ts";
import {
  type LevelReport,
  levelText,
  type ParameterImpact,
  type TailReport,
} from "./parameter-impact.ts";
import { lacksScores } from "./scoring.ts";

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
  | "RANDOMISED_EFFECT"
  | "SCORES_MISSING"
  | "VALUE_NOT_SHOWN";

/** A finding in words, with what it rests on. */
export interface Insight {
  readonly code: InsightCode;
  readonly text: string;
  readonly evidence: Evidence;
  readonly scope: Scope;
  readonly parameter: string;
  readonly metric: string;
}

/** Levels that a sentence names. */
const LEVELS_TOLD = 5;

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
  const late = impact.levels.filter(({ timeBasis }) => timeBasis === "over_time");
  if (late.length > 0) insights.push(make("COMPARED_OVER_TIME", overTimeText(impact, late)));
  const turned = impact.levels.filter((level) => isTurned(impact, level));
  if (turned.length > 0) insights.push(make("SIGN_TURNED", turnedText(impact, turned)));
  const missing = scoresMissingText(impact);
  if (missing !== "") insights.push(make("SCORES_MISSING", missing));
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

function overTimeText(impact: ParameterImpact, late: readonly LevelReport[]): string {
  const { parameter, levels, best } = impact;
  const bestLevel = levels.find(({ value }) => value === best);
  const names = late.map((level) => levelText(parameter, level)).join(", ");
  return `Compared over time: ${names} ${late.length === 1 ? "was" : "were"} used at other times than ${bestLevel ? levelText(parameter, bestLevel) : "the best"}, so that whatever else changed then is in the difference. Use both at the same time, or run an experiment.`;
}

/** Whether the plain means say the opposite of the comparison within strata or hours. */
function isTurned({ strata }: ParameterImpact, level: LevelReport): boolean {
  const { difference, naiveDifference, timeBasis } = level;
  return (
    (strata > 1 || timeBasis === "within_hours") &&
    level.isOptimal !== undefined &&
    difference !== undefined &&
    difference * naiveDifference < 0
  );
}

function turnedText(impact: ParameterImpact, turned: readonly LevelReport[]): string {
  const { parameter, metric, levels, best, strata } = impact;
  const bestLevel = levels.find(({ value }) => value === best);
  const where = strata > 1 ? "strata" : "hours";
  const told = turned.map((level) => {
    const { difference = 0, naiveDifference } = level;
    return `${levelText(parameter, level)} ${signed(naiveDifference)} as plain means but ${signed(difference)} within ${where}`;
  });
  const unlike = strata > 1 ? "on unlike calls" : "in unlike hours";
  return `The plain means of ${metric.name} mislead: against ${bestLevel ? levelText(parameter, bestLevel) : "the best"}, ${told.join(", ")} (${metric.unit}${strata > 1 ? `, ${strata} strata` : ""}). The levels were used ${unlike}; go by the comparison within ${where}, or run an experiment.`;
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

/** What the calls without a score leave open; empty where nearly all have one. */
function scoresMissingText({ parameter, metric, levels, isWorstCase }: ParameterImpact): string {
  const shares = levels.flatMap((level) =>
    level.unscoredShare === undefined ? [] : [{ level, share: level.unscoredShare }],
  );
  if (!shares.some(({ share }) => lacksScores(share))) return "";
  const told = shares
    .toSorted((a, b) => b.share - a.share)
    .slice(0, LEVELS_TOLD)
    .map(({ level, share }) => `${levelText(parameter, level)}: ${number(100 * share)} %`);
  const rest = shares.length > LEVELS_TOLD ? ", …" : "";
  const name = capital(metric.name);
  return isWorstCase
    ? `${name} is not scored alike: of the successful calls ${told.join(", ")}${rest} have no score. Those beyond what the best scored level lacks could be anything, so no level is called worse unless it is at their worst.`
    : `${name} is known of a part of the successful calls only (without a score: ${told.join(", ")}${rest}). The others are taken to be like them; that is assumed, not shown.`;
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
