import type { ModelConfig } from "../config/model-config.ts";
import { PHASES, type Phase } from "../config/phase.ts";
import { canonicalSettings } from "../config/settings.ts";
import type { DriftFinding } from "./drift.ts";

/** A saved version, as far as it is compared. */
export interface LabelledVersion {
  readonly version: string;
  /** Revision at which it was saved: a higher one is newer. */
  readonly revision: number;
  readonly merged: ModelConfig;
}

/** What a label of a model serves, and what was approved. */
export interface LabelState {
  readonly model: string;
  /** The label in use. */
  readonly label: string;
  readonly serves: LabelledVersion;
  /** Versions that were given the label in use or `production`, and are still there, with the label that each was given. */
  readonly approved: readonly (LabelledVersion & { readonly by: string })[];
}

/**
 * A label in use that serves an older version than the newest approved one, in each phase whose settings differ; in execution where
 * none do, as prompts and limits are of no phase. Approved is what was given the label in use or `production` and was not deleted since.
 */
export function labelDrifts(
  { model, label, serves, approved }: LabelState,
  dimensions: readonly string[],
): DriftFinding[] {
  const [newest] = approved.toSorted((a, b) => b.revision - a.revision);
  if (!newest || newest.revision <= serves.revision) return [];
  return phasesThatDiffer(serves.merged, newest.merged).map((phase) => ({
    kind: "source",
    scope: { model, phase, dimensions: dimensions.map(() => "") },
    parameter: "version",
    served: serves.version,
    optimum: [],
    optimumValues: [newest.version],
    magnitude: 1,
    threshold: 0,
    evidence: "deterministic",
    sampleSize: 0,
    message: `the label ${label} serves version ${serves.version}, and ${newest.version}, which is newer, was given the label ${newest.by}: point ${label} to it, or delete it if it was given by mistake`,
  }));
}

function phasesThatDiffer(a: ModelConfig, b: ModelConfig): Phase[] {
  const differing = PHASES.map(({ phase }) => phase).filter(
    (phase) =>
      canonicalSettings(a.phases?.[phase] ?? {}) !== canonicalSettings(b.phases?.[phase] ?? {}),
  );
  return differing.length > 0 ? differing : ["execution"];
}
