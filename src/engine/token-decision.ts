import { cellArmOf, type Experiment, isExperimentArm } from "../domain/experiment/experiment.ts";
import type { Arm, AssignmentRef } from "../domain/outcome/outcome.ts";
import { openAssignment } from "./assignment-token.ts";
import { openToken, type SharedDecision } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What a token of either kind says of an outcome. */
export interface TokenDecision extends SharedDecision {
  /** When exactly it was decided; only of an assignment, whose sessions have windows. */
  readonly decidedAtMs?: number;
  readonly assignment?: AssignmentRef;
  /** Whether the lookup is a unit of its own; only of an assignment. */
  readonly isLookup?: boolean;
}

/** A unit as feedback names it, by the token of one of its decisions. */
export interface DecidedUnit extends Pick<AssignmentRef, "experimentId" | "boot" | "sequence"> {
  /** What its scores count for. */
  readonly arm: Arm;
  readonly decidedAtMs: number;
  readonly isLookup: boolean;
  /** Undefined where a crash took it, so that its scores are merely seen. */
  readonly assignment: AssignmentRef | undefined;
}

/**
 * Opens a token of either kind; undefined for one that is damaged, forged, of another store or of an unknown kind. The outcome of a
 * unit counts for (experiment, index), and that of a unit whose assignment a crash took for the config id that was served.
 */
export function openDecision(
  token: string,
  keys: TokenKeys,
  experiments: {
    readonly get: (experimentId: string) => Experiment | undefined;
    readonly isVoid: (ref: AssignmentRef) => boolean;
  },
): TokenDecision | undefined {
  const shared = openToken(token, keys);
  if (shared) return shared;
  const decision = openAssignment(token, keys);
  const experiment = decision && experiments.get(decision.experimentId);
  if (!experiment) return undefined;
  const { experimentId, boot, sequence, arm, served, decidedAtMs, unitKey } = decision;
  const assignment = { experimentId, boot, sequence, arm };
  const counted = experiments.isVoid(assignment) ? served.arm : cellArmOf(experiment, arm);
  return { ...served, arm: counted, decidedAtMs, assignment, isLookup: unitKey === "" };
}

/** The unit of a decision; undefined for one that was made for everyone in its scope. */
export function decidedUnit({
  arm,
  decidedAtMs,
  assignment,
  isLookup = false,
}: TokenDecision): DecidedUnit | undefined {
  if (!assignment || decidedAtMs === undefined) return undefined;
  const { experimentId, boot, sequence } = assignment;
  const isCounted = isExperimentArm(arm);
  return {
    ...{ experimentId, boot, sequence, arm, decidedAtMs, isLookup },
    assignment: isCounted ? assignment : undefined,
  };
}
