import { type ConfigState, isKnownModel, mergedHead } from "../domain/config/registry.ts";
import {
  type VersionPrompt,
  versionContent,
  versionNameViolation,
} from "../domain/config/version.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { VERSIONS_MAX } from "../domain/kernel/limits.ts";
import { sha256 } from "../platform/digest.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { type Author, checkReason } from "./author.ts";
import type { Change } from "./change.ts";
import type { LabelRecord, VersionRecord } from "./config-load.ts";
import { labelsOf, summaryOf, versionNotFound, versionsOf } from "./versions.ts";

export interface SavedVersion {
  readonly record: VersionRecord;
  /** False where the same content was saved under this name before. */
  readonly isNew: boolean;
}

/**
 * Saves the newest stored layer of a model and its own prompts under a name. Errors: REQUEST_MALFORMED, VERSION_NAME_INVALID,
 * MODEL_NOT_FOUND, VERSION_EXISTS, TOO_MANY_VERSIONS.
 */
export function saveVersion(
  target: { readonly model: string; readonly version: string },
  author: Author,
): Change<SavedVersion> {
  return {
    name: "save_config_version",
    async plan(state, context) {
      const { model, version } = target;
      checkReason(author);
      checkName(version);
      const content = presentContent(state.config, model);
      const existing = await context.store.json<VersionRecord>(keys.version(model, version));
      if (existing) {
        if (existing.contentHash !== content.contentHash) throw versionExists(existing, content);
        const result = { record: existing, isNew: false };
        return { ops: [], next: state, touched: new Set(), result };
      }
      if (!isKnownModel(state.config, model)) throw unknownModel(model);
      const namesake = await context.store.json<LabelRecord>(keys.label(model, version));
      if (namesake) throw nameInvalid(version, "is the name of a label of this model");
      if ((await versionsOf(context.store, model)).length >= VERSIONS_MAX)
        throw tooManyVersions(model);
      const revision = state.config.revision + 1;
      const record: VersionRecord = {
        model,
        version,
        contentHash: content.contentHash,
        revision,
        savedAtMs: context.nowMs,
        savedBy: author.changedBy,
        reason: author.reason,
        stored: content.stored,
        merged: mergedHead(state.config, model),
        prompts: content.prompts,
      };
      return {
        ops: [...versionOps(record), { put: keys.meta("revision"), json: revision }],
        next: { ...state, config: { ...state.config, revision } },
        touched: new Set(),
        result: { record, isNew: true },
      };
    },
  };
}

/** Deletes a version. Errors: REQUEST_MALFORMED, VERSION_NOT_FOUND, VERSION_REFERENCED while a label points to it. */
export function deleteVersion(
  target: { readonly model: string; readonly version: string },
  author: Author,
): Change<{ readonly revision: number }> {
  return {
    name: "delete_config_version",
    async plan(state, context) {
      const { model, version } = target;
      checkReason(author);
      const record =
        version === ""
          ? undefined
          : await context.store.json<VersionRecord>(keys.version(model, version));
      if (!record) throw await versionNotFound(context.store, model, version);
      const labels = (await labelsOf(context.store, model))
        .filter((label) => label.version === version)
        .map(({ label }) => label);
      if (labels.length > 0) {
        throw new Fault(
          "VERSION_REFERENCED",
          `${version} of ${JSON.stringify(model)} is what ${labels.join(", ")} points to; move the label first`,
          { metadata: { model, version, labels: labels.join(",") } },
        );
      }
      const revision = state.config.revision + 1;
      return {
        ops: [
          { delete: keys.version(model, version) },
          { delete: keys.versionOrder(model, record.revision, version) },
          { put: keys.meta("revision"), json: revision },
        ],
        next: { ...state, config: { ...state.config, revision } },
        touched: new Set(),
        result: { revision },
      };
    },
  };
}

/** Ops that store a version, and its place in the order of saving. */
export function versionOps(record: VersionRecord): StoreOp[] {
  const { model, version, revision } = record;
  return [
    { put: keys.version(model, version), json: record },
    { put: keys.versionOrder(model, revision, version), json: summaryOf(record) },
  ];
}

/** What a version of a model would hold now: its newest write and its own prompts, with their digest. */
export function presentContent(
  state: ConfigState,
  model: string,
): Pick<VersionRecord, "stored" | "prompts" | "contentHash"> {
  const stored = state.stored.get(model)?.config ?? null;
  const prompts = [...(state.prompts.get(model)?.values() ?? [])]
    .map(({ type, text }): VersionPrompt => ({ type, text }))
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
  return { stored, prompts, contentHash: contentHashOf(stored, prompts) };
}

/** SHA-256 of a version's content, in hexadecimal. */
export function contentHashOf(
  stored: VersionRecord["stored"],
  prompts: readonly VersionPrompt[],
): string {
  return Buffer.from(sha256(versionContent(stored, prompts))).toString("hex");
}

function checkName(version: string): void {
  const violation = versionNameViolation(version);
  if (violation !== undefined) throw nameInvalid(version, violation);
}

/** A version and a label of one name would leave open what the name means. */
function nameInvalid(version: string, message: string): Fault {
  return new Fault("VERSION_NAME_INVALID", `version ${JSON.stringify(version)} ${message}`, {
    violations: [{ field: "version", message }],
  });
}

function versionExists(
  { model, version, contentHash }: VersionRecord,
  present: { readonly contentHash: string },
): Fault {
  return new Fault(
    "VERSION_EXISTS",
    `${version} of ${JSON.stringify(model)} was saved with other content (${contentHash.slice(0, 12)}, now ${present.contentHash.slice(0, 12)}); versions do not change, choose another name`,
    {
      metadata: { model, version, contentHash },
      resource: { type: "version", name: `models/${model}/versions/${version}` },
    },
  );
}

/** The fault of a model that neither layers nor the catalog know. */
function unknownModel(model: string): Fault {
  return new Fault(
    "MODEL_NOT_FOUND",
    `no config is known for model ${JSON.stringify(model)}; put one with PutModelConfig`,
    { metadata: { model }, resource: { type: "model", name: model } },
  );
}

/** The fault of a model that has as many versions as it may. */
export function tooManyVersions(model: string): Fault {
  return new Fault(
    "TOO_MANY_VERSIONS",
    `${JSON.stringify(model)} has ${VERSIONS_MAX} versions; delete one first`,
    { metadata: { model } },
  );
}
