import type { LevelReport, ParameterImpact } from "../analysis/parameter-impact.ts";
import type { Drift } from "../drift/drift.ts";
import type { Improvement, Proposal } from "./recommendation.ts";

export interface DriftReturnInput {
  readonly drift: Drift;
  readonly impact: ParameterImpact;
  /** Values that were served before, newest first. */
  readonly servedBefore: readonly number[];
  readonly parentConfigId: string;
  readonly parentRevision: number;
}

/**
 * Proposes the return of a drifted parameter into its optimum. The evidence is what the drift's is, observational, so this is a
 * proposal for a person and never acts alone.
 *
 * The value is the newest one that was served before and lies in the optimum: a step back surprises least. Else it is the member
 * whose mean has the highest lower bound, which is the best evidenced one.
 */
export function proposeDriftReturn(input: DriftReturnInput): Proposal | undefined {
  const { drift, impact } = input;
  const { parameter, metric } = impact;
  // Where somebody chose what is meant, that is the way back; only a measured optimum leaves a choice.
  const isMeasured = drift.optimumSource === undefined || drift.optimumSource === "measured";
  const value = isMeasured ? returnValue(impact, input.servedBefore) : drift.optimum[0]?.low;
  if (value === undefined || typeof drift.served !== "number") return undefined;
  const improvement =
    metric.name === "quality" ? expectedChange(impact, drift.served, value) : undefined;
  return {
    kind: "drift",
    scope: drift.scope,
    parameter: parameter.name,
    currentValue: drift.served,
    recommendedValue: value,
    improvements: improvement ? { quality: improvement } : {},
    confidence: drift.confidence ?? confidenceIn(impact, drift.served),
    reason: `Return ${parameter.name} from ${parameter.text(drift.served)} to ${parameter.text(value)}: ${drift.message}`,
    evidence: drift.evidence,
    sampleSize: drift.sampleSize,
    parentConfigId: input.parentConfigId,
    parentRevision: input.parentRevision,
    priority: drift.magnitude >= 0.5 ? "high" : "medium",
    driftId: drift.driftId,
  };
}

function returnValue(impact: ParameterImpact, servedBefore: readonly number[]): number | undefined {
  const inside = (value: number) =>
    impact.optimum.some((range) => value >= range.low && value <= range.high);
  const before = servedBefore.find(inside);
  if (before !== undefined) return before;
  const lowerBound = (level: LevelReport) =>
    impact.metric.better === "higher" ? level.interval.low : -level.interval.high;
  return impact.levels
    .filter((level) => level.isOptimal === true)
    .toSorted((a, b) => lowerBound(b) - lowerBound(a))[0]?.value;
}

/** What was merely seen never leaves more certainty than this: its model may be wrong where its arithmetic is sure. */
const OBSERVED_CONFIDENCE_MAX = 0.999;

/** One minus the level at which the level nearest to what is served is still shown, by its own outcomes, to be worse. */
function confidenceIn(impact: ParameterImpact, served: number): number {
  const exclusionLevel = nearestLevel(impact, served)?.exclusionLevel ?? 1;
  return Math.min(OBSERVED_CONFIDENCE_MAX, 1 - exclusionLevel);
}

/** Change of the mean between the two nearest measured levels, as a share of the served one's mean. */
function expectedChange(
  impact: ParameterImpact,
  served: number,
  value: number,
): Improvement | undefined {
  const from = nearestLevel(impact, served);
  const to = nearestLevel(impact, value);
  if (!from || !to || from.mean <= 0) return undefined;
  return {
    relative: (to.mean - from.mean) / from.mean,
    low: (to.interval.low - from.interval.high) / from.mean,
    high: (to.interval.high - from.interval.low) / from.mean,
  };
}

function nearestLevel(impact: ParameterImpact, value: number): LevelReport | undefined {
  return impact.levels
    .filter((level) => level.isOptimal !== undefined || level.isInDoubt)
    .toSorted((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value))[0];
}
