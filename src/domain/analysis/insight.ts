import type { Scope } from "../config/scope.ts";
import type { Evidence } from "./evidence.ts";
import type { LevelReport, ParameterImpact, TailReport } from "./parameter-impact.ts";

export type InsightCode =
  | "TAIL_WORSE"
  | "LEVELS_WORSE"
  | "NO_DIFFERENCE_SHOWN"
  | "INSUFFICIENT_DATA";

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
  const worse = impact.levels.filter((level) => level.shortfall !== undefined);
  if (worse.length > 0) insights.push(make("LEVELS_WORSE", worseText(impact, worse)));
  const alike = impact.levels.filter((level) => level.isOptimal === true);
  if (alike.length > 1) insights.push(make("NO_DIFFERENCE_SHOWN", alikeText(impact, alike)));
  return insights;
}

function insufficientText(impact: ParameterImpact): string {
  const { parameter, metric, sampleSize, samplesNeeded, levels } = impact;
  const values = levels.length === 1 ? "one value" : `${levels.length} values`;
  return `Too little data on ${parameter.name}: ${sampleSize} outcomes with ${metric.name} at ${values}; at least ${samplesNeeded} more are needed, so that two values have 10 each.`;
}

function tailText(impact: ParameterImpact, tail: TailReport): string {
  const { parameter, metric, levels } = impact;
  const outside = levels.filter(
    (level) => level.isOptimal !== undefined && !tail.values.includes(level.value),
  );
  const edge = tail.side === "upper" ? outside.at(-1)?.value : outside[0]?.value;
  const where = `${tail.side === "upper" ? "Above" : "Below"} ${parameter.name} ${parameter.text(edge ?? 0)}`;
  const direction = metric.better === "higher" ? "lower" : "higher";
  const range = `${number(tail.shortfall.low)} to ${number(tail.shortfall.high)} ${metric.unit}`;
  return `${where} ${metric.name} is ${direction} by ${range} (${tail.sampleSize} outcomes at ${tail.values.map(parameter.text).join(", ")}, taken together).`;
}

function worseText(impact: ParameterImpact, worse: readonly LevelReport[]): string {
  const { parameter, metric } = impact;
  const direction = metric.better === "higher" ? "lower" : "higher";
  return `${capital(metric.name)} is ${direction} than at the best ${parameter.name} (${parameter.text(impact.best ?? 0)}) at ${list(impact, worse)}.`;
}

function list(impact: ParameterImpact, levels: readonly LevelReport[]): string {
  const { parameter, metric } = impact;
  return levels
    .map(({ value, shortfall }) => {
      const by = shortfall
        ? ` by ${number(shortfall.low)} to ${number(shortfall.high)} ${metric.unit}`
        : "";
      return `${parameter.text(value)}${by}`;
    })
    .join(", ");
}

function alikeText(impact: ParameterImpact, alike: readonly LevelReport[]): string {
  const { parameter, metric, optimum } = impact;
  const ranges = optimum.map(({ low, high }) =>
    low === high ? parameter.text(low) : `${parameter.text(low)} to ${parameter.text(high)}`,
  );
  const count = alike.reduce((sum, level) => sum + level.sampleSize, 0);
  return `No difference in ${metric.name} is shown between ${parameter.name} ${ranges.join(" and ")} (${count} outcomes): changing it within that range has no known effect.`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
