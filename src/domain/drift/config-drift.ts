import {
  type LevelReport,
  type ParameterImpact,
  rangeAround,
} from "../analysis/parameter-impact.ts";
import type { Scope } from "../config/scope.ts";
import type { DriftFinding } from "./drift.ts";

/** A distance greater than this is a drift, unless a policy or a request says otherwise. */
export const DRIFT_THRESHOLD_DEFAULT = 0.1;
/** 0.8 - 0.7 is 0.10000000000000009: distances within this of the threshold are not greater than it. */
export const DRIFT_EPSILON = 1e-9;

/** Why there is no drift, in words. */
export interface NoDrift {
  readonly reason: string;
  readonly isInsufficient: boolean;
}

/**
 * Compares a served value with the known optimum of its scope.
 *
 * An optimum is known once some level is shown to be worse than another: where nothing tells the levels apart, nothing has
 * drifted. A served level has drifted only where its own outcomes show it to be worse: one in doubt has not, and neither has a value
 * between an optimal level and one in doubt, or one beyond every level that was ever measured, next to a level that is not shown to be
 * worse. Elsewhere the drift is the distance to the nearest member of the optimum, and strictly greater than the threshold. That
 * distance is an estimate, the verdict is not: levels in doubt do not shorten it.
 */
export function findConfigDrift(
  scope: Scope,
  served: number | undefined,
  impact: ParameterImpact,
  threshold: number,
): DriftFinding | NoDrift {
  const { parameter, metric } = impact;
  if (served === undefined) return none(`no ${parameter.name} is served`);
  if (impact.status === "insufficient_data") {
    return {
      reason: `too little data on ${parameter.name}: ${impact.sampleSize} outcomes with ${metric.name}, at least ${impact.samplesNeeded} more are needed`,
      isInsufficient: true,
    };
  }
  if (!impact.isDistinguishable) {
    return none(
      `no ${parameter.name} is shown to be worse than another in ${metric.name}, so none is known to be better`,
    );
  }
  const nearest = rangeAround(impact.optimum, served);
  if (!nearest) return none(`no ${parameter.name} is known to be best`);
  if (served >= nearest.low && served <= nearest.high) {
    return none(`${parameter.name} ${parameter.text(served)} lies within the optimum`);
  }
  const end = served < nearest.low ? nearest.low : nearest.high;
  const outer = levelBeyond(impact, served, end);
  if (!outer) {
    return none(
      `${parameter.name} ${parameter.text(served)} lies beyond every value measured, next to levels that are not shown to be worse: unknown, not worse`,
    );
  }
  if (outer.isInDoubt) {
    return none(
      `${parameter.name} ${parameter.text(served)} is in doubt: ${parameter.text(outer.value)} looks worse and is not shown to be`,
    );
  }
  const distance = parameter.distance(served, end);
  if (distance <= threshold + DRIFT_EPSILON) {
    return none(
      `${parameter.name} ${parameter.text(served)} is ${parameter.text(distance)} from the optimum, not more than ${threshold}`,
    );
  }
  return {
    kind: "config",
    scope,
    parameter: parameter.name,
    served,
    optimum: impact.optimum,
    optimumValues: [],
    magnitude: Math.min(1, Number(distance.toPrecision(12))),
    threshold,
    evidence: impact.evidence,
    sampleSize: impact.sampleSize,
    optimumSource: "measured",
    message: driftMessage(served, impact),
  };
}

export function isDrift(result: DriftFinding | NoDrift): result is DriftFinding {
  return "kind" in result;
}

function none(reason: string): NoDrift {
  return { reason, isInsufficient: false };
}

/**
 * The measured level that says how a served value stands: it itself, else the next one on the side that leads away from the optimum,
 * else the outermost one where that is shown to be worse. Undefined beyond an outermost one that is not.
 */
function levelBeyond(
  impact: ParameterImpact,
  served: number,
  optimumEnd: number,
): LevelReport | undefined {
  const judged = impact.levels.filter((level) => level.isOptimal !== undefined || level.isInDoubt);
  const outwards = served > optimumEnd ? judged : judged.toReversed();
  const direction = Math.sign(served - optimumEnd);
  const beyond = outwards.find(({ value }) => direction * (value - served) >= 0);
  const outermost = outwards.at(-1);
  return beyond ?? (outermost?.isOptimal === false ? outermost : undefined);
}

function driftMessage(served: number, { parameter, metric, optimum }: ParameterImpact): string {
  const ranges = optimum.map(({ low, high }) =>
    low === high ? parameter.text(low) : `${parameter.text(low)} to ${parameter.text(high)}`,
  );
  return `${parameter.name} ${parameter.text(served)} is served, outside the known optimum for ${metric.name} (${ranges.join(", ")}); observational, so a person decides: set it back into the optimum, or run an experiment`;
}
