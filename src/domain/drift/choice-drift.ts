import type { Evidence } from "../analysis/evidence.ts";
import type { Parameter } from "../analysis/parameter.ts";
import type { Scope } from "../config/scope.ts";
import { DRIFT_EPSILON, type NoDrift } from "./config-drift.ts";
import type { DriftFinding, OptimumSource } from "./drift.ts";

/** One value that is known to be best because somebody chose it. */
export interface KnownChoice {
  readonly value: number;
  readonly source: OptimumSource;
  readonly evidence: Evidence;
  readonly sampleSize: number;
  /** 0..1: how sure it is; absent where somebody meant it without evidence. */
  readonly confidence?: number;
  /** What chose it, in words. */
  readonly text: string;
}

/** Compares a served value with a choice: a drift is a distance strictly greater than the threshold. */
export function findChoiceDrift(about: {
  readonly scope: Scope;
  readonly parameter: Parameter;
  readonly served: number | undefined;
  readonly choice: KnownChoice;
  readonly threshold: number;
}): DriftFinding | NoDrift {
  const { scope, parameter, served, choice, threshold } = about;
  if (served === undefined)
    return { reason: `no ${parameter.name} is served`, isInsufficient: false };
  const distance = parameter.distance(served, choice.value);
  const [told, wanted] = [parameter.text(served), parameter.text(choice.value)];
  if (distance <= threshold + DRIFT_EPSILON) {
    return {
      reason: `${parameter.name} ${told} is not more than ${threshold} from ${wanted} of ${choice.text}`,
      isInsufficient: false,
    };
  }
  return {
    kind: "config",
    scope,
    parameter: parameter.name,
    served,
    optimum: [{ low: choice.value, high: choice.value }],
    optimumValues: [],
    magnitude: Math.min(1, Number(distance.toPrecision(12))),
    threshold,
    evidence: choice.evidence,
    sampleSize: choice.sampleSize,
    optimumSource: choice.source,
    ...(choice.confidence === undefined ? {} : { confidence: choice.confidence }),
    message: `${parameter.name} ${told} is served, and ${wanted} is what is meant to be, by ${choice.text}: set it back, or move what is meant`,
  };
}
