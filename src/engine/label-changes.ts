import {
  type ConfigurationChange,
  diffModelConfigs,
  type ParameterChange,
} from "../domain/config/change.ts";
import { type ConfigState, mergedConfig } from "../domain/config/registry.ts";
import { labelViolation } from "../domain/config/version.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { LABELS_PER_MODEL_MAX, VERSIONS_GIVEN_MAX } from "../domain/kernel/limits.ts";
import { keys } from "../store/keys.ts";
import { type Author, acceptedChanges, checkReason, historyOps } from "./author.ts";
import type { Change } from "./change.ts";
import { type LabelRecord, servedVersion, type VersionRecord } from "./config-load.ts";
import { snapshotOps, takeSnapshot } from "./snapshots.ts";
import { phasesOf } from "./stored-layers.ts";
import { labelsOf, versionNotFound } from "./versions.ts";

export interface LabelMove {
  readonly revision: number;
  /** Empty where the label was new. */
  readonly previousVersion: string;
  /** Whether lookups serve the label. */
  readonly served: boolean;
  readonly changes: readonly ConfigurationChange[];
}

/**
 * Points a label of a model to a version, or removes it where `version` is empty. Errors: REQUEST_MALFORMED, LABEL_INVALID,
 * VERSION_NOT_FOUND, ETAG_STALE, TOO_MANY_LABELS.
 */
export function setLabel(
  target: {
    readonly model: string;
    readonly label: string;
    readonly version: string;
    /** Where the label must point now; empty moves it in any case. */
    readonly expectedVersion: string;
  },
  author: Author,
): Change<LabelMove> {
  return {
    name: "set_label",
    async plan(state, context) {
      const { model, label, version } = target;
      checkReason(author);
      const before = state.config;
      checkLabel(label);
      const present = await context.store.json<LabelRecord>(keys.label(model, label));
      checkExpected(target, present?.version ?? "");
      const previousVersion = present?.version ?? "";
      const served = before.label === label;
      if (previousVersion === version) {
        const result = { revision: before.revision, previousVersion, served, changes: [] };
        return { ops: [], next: state, touched: new Set(), result };
      }
      const record =
        version === ""
          ? undefined
          : await context.store.json<VersionRecord>(keys.version(model, version));
      if (version !== "" && !record) throw await versionNotFound(context.store, model, version);
      if (!present) {
        const others = await labelsOf(context.store, model);
        const namesake = await context.store.json<VersionRecord>(keys.version(model, label));
        if (namesake) throw labelInvalid(label, "is the name of a version of this model");
        if (others.length >= LABELS_PER_MODEL_MAX) throw tooManyLabels(model);
      }
      const revision = before.revision + 1;
      const next: ConfigState = served
        ? { ...before, revision, labelled: labelledAfter(before, model, record, revision) }
        : { ...before, revision };
      const differences = [
        moveOf(label, previousVersion, version),
        ...(served ? diffModelConfigs(mergedConfig(before, model), mergedConfig(next, model)) : []),
      ];
      const changes = acceptedChanges(differences, { model, revision }, author, context);
      const snapshots = (served ? phasesOf(changes) : []).map((phase) =>
        takeSnapshot(next, { modelKey: model, phase, attributes: {} }, context),
      );
      const pointer = pointLabel(present, { model, label, version, revision });
      return {
        ops: [
          record
            ? { put: keys.label(model, label), json: pointer }
            : { delete: keys.label(model, label) },
          { put: keys.meta("revision"), json: revision },
          ...historyOps(changes),
          ...(await snapshotOps(context.store, snapshots)),
        ],
        next: { ...state, config: next },
        touched: served ? new Set([model]) : new Set(),
        changes,
        result: { revision, previousVersion, served, changes },
      };
    },
  };
}

function checkLabel(label: string): void {
  const violation = labelViolation(label);
  if (violation !== undefined) throw labelInvalid(label, violation);
}

function checkExpected(
  target: { readonly model: string; readonly label: string; readonly expectedVersion: string },
  current: string,
): void {
  const { model, label, expectedVersion } = target;
  if (expectedVersion === "" || expectedVersion === current) return;
  const where = current === "" ? "does not exist" : `points to ${current}`;
  throw new Fault(
    "ETAG_STALE",
    `label ${label} of ${JSON.stringify(model)} ${where}, not to ${expectedVersion}; look again and decide anew`,
    { metadata: { model, label, version: current } },
  );
}

function labelInvalid(label: string, message: string): Fault {
  return new Fault("LABEL_INVALID", `label ${JSON.stringify(label)} ${message}`, {
    violations: [{ field: "label", message }],
  });
}

/** The fault of a model that has as many labels as it may. */
export function tooManyLabels(model: string): Fault {
  return new Fault(
    "TOO_MANY_LABELS",
    `${JSON.stringify(model)} has ${LABELS_PER_MODEL_MAX} labels; remove one first`,
    { metadata: { model } },
  );
}

/** What lookups serve of a label after its move; a version of a model for which nothing was stored serves nothing. */
export function labelledAfter(
  before: ConfigState,
  model: string,
  record: VersionRecord | undefined,
  revision: number,
): ConfigState["labelled"] {
  const served = record && servedVersion(record, revision);
  return served ? before.labelled.set(model, served) : before.labelled.delete(model);
}

/** A label that is given a version, with the versions that it was given before. */
export function pointLabel(
  present: LabelRecord | undefined,
  target: Omit<LabelRecord, "given">,
): LabelRecord {
  const before = present ? (present.given ?? [present.version]) : [];
  const given = [...before.filter((version) => version !== target.version), target.version];
  return { ...target, given: given.slice(-VERSIONS_GIVEN_MAX) };
}

/** The move of a label as an entry of the history. */
export function moveOf(label: string, from: string, to: string): ParameterChange {
  return {
    parameter: `labels.${label}`,
    ...(from === "" ? {} : { oldValue: from }),
    ...(to === "" ? {} : { newValue: to }),
  };
}
