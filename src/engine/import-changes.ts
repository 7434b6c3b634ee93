import type { ConfigurationChange, ParameterChange } from "../domain/config/change.ts";
import { diffModelConfigs } from "../domain/config/change.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import { type Override, overrideIdentity } from "../domain/config/override.ts";
import { type ConfigState, mergedConfig, mergedHead } from "../domain/config/registry.ts";
import type { ConfigWarning } from "../domain/config/validate.ts";
import type {
  ExportContent,
  ExportedLabel,
  ExportedVersion,
} from "../domain/export/export-document.ts";
import type { Violation } from "../domain/kernel/fault.ts";
import { LABELS_PER_MODEL_MAX, VERSIONS_MAX } from "../domain/kernel/limits.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { type Author, acceptedChanges, checkReason, historyOps } from "./author.ts";
import type { Change, ChangeContext, Plan, Touched } from "./change.ts";
import { checkRoom, etagOf } from "./config-changes.ts";
import { requireValidConfig, warningsOf } from "./config-check.ts";
import type { LabelRecord, VersionRecord } from "./config-load.ts";
import { labelledAfter, moveOf, pointLabel, tooManyLabels } from "./label-changes.ts";
import {
  checkOverrideRoom,
  hasSameContent,
  overrideDifferences,
  overrideOf,
  overrideWarnings,
  touchedBy,
} from "./override-changes.ts";
import { writeStoredPrompts } from "./prompt-changes.ts";
import { type Snapshot, snapshotOps } from "./snapshots.ts";
import type { EngineState } from "./state.ts";
import { writeStoredLayers } from "./stored-layers.ts";
import { contentHashOf, tooManyVersions, versionOps } from "./version-changes.ts";
import { labelsOf, versionsOf } from "./versions.ts";

/** Warnings that an import answers; more would not be read. */
const WARNINGS_MAX = 100;

export interface ImportResult {
  /** Revision after the import; the present one where nothing was written. */
  readonly revision: number;
  readonly writtenCount: number;
  readonly unchangedCount: number;
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Brings content into the store, all of it or nothing: what it names is replaced, what it does not name stays. Each new version takes
 * a revision of its own, in the order of the content, so that their order is kept; everything else takes one more. Errors:
 * REQUEST_MALFORMED, CONFIG_INVALID with paths such as `versions[0].content_hash`, TOO_MANY_MODELS, TOO_MANY_PROMPTS,
 * TOO_MANY_OVERRIDES, TOO_MANY_VERSIONS, TOO_MANY_LABELS.
 */
export function importContent(
  content: ExportContent,
  options: Author & { readonly validateOnly: boolean },
): Change<ImportResult> {
  return {
    name: "import_configs",
    async plan(state, context) {
      checkReason(options);
      const { reason, changedBy, validateOnly } = options;
      const draft = new ImportDraft(state.config, { reason, changedBy }, context);
      await draft.versions(content);
      await draft.checkLabels(content);
      requireValidConfig(draft.violations);
      draft.beginContent();
      await draft.configs(content.configs);
      draft.prompts(content.prompts);
      draft.overrides(content.overrides);
      await draft.labels(content.labels);
      return draft.plan(state, { validateOnly });
    },
  };
}

/** An import under way: the state so far, and the batch so far. */
class ImportDraft {
  readonly violations: Violation[] = [];
  readonly #before: ConfigState;
  readonly #author: Author;
  readonly #context: ChangeContext;
  readonly #ops: StoreOp[] = [];
  readonly #changes: ConfigurationChange[] = [];
  readonly #snapshots: Snapshot[] = [];
  readonly #warnings: ConfigWarning[] = [];
  /** Versions of this import that are new, by model and name. */
  readonly #newVersions = new Map<string, VersionRecord>();
  #state: ConfigState;
  readonly #touched = new Set<string>();
  #touchesAll = false;
  #written = 0;
  #unchanged = 0;
  /** Whether anything but versions was written. */
  #hasContent = false;

  constructor(before: ConfigState, author: Author, context: ChangeContext) {
    this.#before = before;
    this.#state = before;
    this.#author = author;
    this.#context = context;
  }

  async versions({ versions, labels }: ExportContent): Promise<void> {
    const { store } = this.#context;
    const counts = new Map<string, number>();
    const named = new Set(labels.map(({ model, label }) => identityOf(model, label)));
    for (const [index, version] of versions.entries()) {
      const { model, version: name } = version;
      const path = `versions[${index}]`;
      if (version.stored && version.stored.modelName !== model)
        this.#refuse(`${path}.config.model_name`, `must be ${model}`);
      const hash = contentHashOf(version.stored, version.prompts);
      if (version.contentHash !== hash)
        this.#refuse(`${path}.content_hash`, `is not that of the content, which is ${hash}`);
      const present = await store.json<VersionRecord>(keys.version(model, name));
      if (present?.contentHash === hash) this.#unchanged += 1;
      else if (present) this.#refuse(path, `${name} of ${model} was saved with other content`);
      else {
        const isLabel = named.has(identityOf(model, name));
        if (isLabel || (await store.json<LabelRecord>(keys.label(model, name))))
          this.#refuse(`${path}.version`, "is the name of a label of this model");
        const count = counts.get(model) ?? (await versionsOf(store, model)).length;
        if (count >= VERSIONS_MAX) throw tooManyVersions(model);
        counts.set(model, count + 1);
        this.#addVersion(version);
      }
    }
  }

  async checkLabels({ labels }: ExportContent): Promise<void> {
    const { store } = this.#context;
    for (const [index, { model, label, version }] of labels.entries()) {
      if (!(await this.#versionOf(model, version)))
        this.#refuse(`labels[${index}].version`, `${model} has no version ${version}`);
      if (await store.json<VersionRecord>(keys.version(model, label)))
        this.#refuse(`labels[${index}].label`, "is the name of a version of this model");
    }
  }

  /** From here on everything belongs to the revision after those of the versions. */
  beginContent(): void {
    const revision = this.#before.revision + this.#newVersions.size + 1;
    this.#state = { ...this.#before, revision };
  }

  async configs(configs: readonly ModelConfig[]): Promise<void> {
    const layers = new Map<string, ModelConfig | undefined>();
    for (const config of configs) {
      const present = this.#before.stored.get(config.modelName);
      if (present && etagOf(present.config) === etagOf(config)) this.#unchanged += 1;
      else layers.set(config.modelName, config);
    }
    if (layers.size === 0) return;
    const write = { layers, revision: this.#state.revision, author: this.#author };
    const written = await writeStoredLayers(this.#state, write, this.#context);
    if (written.state.stored.size > this.#before.stored.size) checkRoom(written.state.stored.size);
    this.#take({ ...written, touched: new Set(layers.keys()) }, layers.size);
    for (const snapshot of written.snapshots) this.#snapshots.push(snapshot);
    for (const model of layers.keys()) {
      if (this.#warnings.length >= WARNINGS_MAX) break;
      this.#warnings.push(...warningsOf(written.state, model, layers.get(model)));
    }
  }

  prompts(prompts: ExportContent["prompts"]): void {
    for (const [model, own] of Map.groupBy(prompts, (prompt) => prompt.model)) {
      const present = this.#state.prompts.get(model);
      const others = own.filter(({ type, text }) => present?.get(type)?.text !== text);
      this.#unchanged += own.length - others.length;
      if (others.length === 0) continue;
      const texts = new Map(others.map(({ type, text }) => [type, text]));
      const write = { model, texts, revision: this.#state.revision, author: this.#author };
      const written = writeStoredPrompts(this.#state, write, this.#context);
      this.#take(written, others.length);
    }
  }

  overrides(overrides: ExportContent["overrides"]): void {
    const known = new Map<string, Override>();
    for (const override of this.#state.overrides.values())
      known.set(overrideIdentity(override), override);
    const next = new Map(this.#state.overrides);
    const written: Override[] = [];
    for (const content of overrides) {
      const present = known.get(overrideIdentity(content));
      const { reason } = content;
      if (present?.reason === reason && hasSameContent(present, content)) {
        this.#unchanged += 1;
        continue;
      }
      const override = overrideOf(content, {
        overrideId: present?.overrideId ?? this.#context.createId("ovr"),
        revision: this.#state.revision,
        changedBy: this.#author.changedBy,
        reason,
        atMs: this.#context.nowMs,
      });
      next.set(override.overrideId, override);
      written.push(override);
    }
    if (written.length === 0) return;
    if (next.size > this.#before.overrides.size) checkOverrideRoom(next.size);
    const before = this.#state;
    const state = { ...before, overrides: next };
    for (const override of written) this.#takeOverride(before, state, override);
  }

  async labels(labels: readonly ExportedLabel[]): Promise<void> {
    const { store } = this.#context;
    const counts = new Map<string, number>();
    for (const { model, label, version } of labels) {
      const present = await store.json<LabelRecord>(keys.label(model, label));
      if (present?.version === version) {
        this.#unchanged += 1;
        continue;
      }
      if (!present) {
        const count = counts.get(model) ?? (await labelsOf(store, model)).length;
        if (count >= LABELS_PER_MODEL_MAX) throw tooManyLabels(model);
        counts.set(model, count + 1);
      }
      const { revision } = this.#state;
      const pointer = pointLabel(present, { model, label, version, revision });
      const served = this.#state.label === label;
      const record = served ? await this.#versionOf(model, version) : undefined;
      const labelled = served
        ? labelledAfter(this.#state, model, record, revision)
        : this.#state.labelled;
      const state = { ...this.#state, labelled };
      const differences = [
        moveOf(label, present?.version ?? "", version),
        ...(served
          ? diffModelConfigs(mergedConfig(this.#state, model), mergedConfig(state, model))
          : []),
      ];
      const ops = [{ put: keys.label(model, label), json: pointer }];
      const changes = this.#accepted(differences, { model });
      this.#take({ state, ops, changes, touched: new Set(served ? [model] : []) }, 1);
    }
  }

  async plan(
    state: EngineState,
    { validateOnly }: { readonly validateOnly: boolean },
  ): Promise<Plan<ImportResult>> {
    const result = {
      revision: this.#before.revision,
      writtenCount: this.#written,
      unchangedCount: this.#unchanged,
      warnings: this.#warnings.slice(0, WARNINGS_MAX),
    };
    if (validateOnly || this.#written === 0)
      return { ops: [], next: state, touched: new Set(), result };
    const revision = this.#hasContent ? this.#state.revision : this.#state.revision - 1;
    return {
      ops: [
        ...this.#ops,
        { put: keys.meta("revision"), json: revision },
        ...historyOps(this.#changes),
        ...(await snapshotOps(this.#context.store, this.#snapshots)),
      ],
      next: { ...state, config: { ...this.#state, revision } },
      touched: this.#touchesAll ? "all" : this.#touched,
      changes: this.#changes,
      result: { ...result, revision },
    };
  }

  #addVersion(version: ExportedVersion): void {
    const { model, version: name, contentHash, savedAtMs, savedBy, reason, prompts } = version;
    const { stored } = version;
    const revision = this.#before.revision + this.#newVersions.size + 1;
    const layers = this.#before.stored;
    const layer = stored && { config: stored, revision, changedBy: savedBy, atMs: savedAtMs };
    const asStored = layer ? layers.set(model, layer) : layers.delete(model);
    const record: VersionRecord = {
      model,
      version: name,
      contentHash,
      revision,
      savedAtMs,
      savedBy,
      reason,
      stored,
      merged: mergedHead({ ...this.#before, stored: asStored }, model),
      prompts,
    };
    this.#newVersions.set(identityOf(model, name), record);
    this.#ops.push(...versionOps(record));
    this.#written += 1;
  }

  #takeOverride(before: ConfigState, state: ConfigState, override: Override): void {
    const { dimensions } = this.#context;
    const { model, selector, overrideId } = override;
    const differences = overrideDifferences(before, state, override, dimensions);
    const origin = {
      model,
      overrideId,
      ...(Object.keys(selector).length === 0 ? {} : { attributes: selector }),
    };
    const ops = [{ put: keys.override(overrideId), json: override }];
    const changes = this.#accepted(differences, origin);
    this.#take({ state, ops, changes, touched: touchedBy(override) }, 1);
    if (this.#warnings.length < WARNINGS_MAX)
      this.#warnings.push(...overrideWarnings(state, override, dimensions));
  }

  #take(
    part: {
      readonly state: ConfigState;
      readonly ops: readonly StoreOp[];
      readonly changes: readonly ConfigurationChange[];
      readonly touched: Touched;
    },
    count: number,
  ): void {
    this.#state = part.state;
    for (const op of part.ops) this.#ops.push(op);
    for (const change of part.changes) this.#changes.push(change);
    this.#written += count;
    this.#hasContent = true;
    if (part.touched === "all") this.#touchesAll = true;
    else for (const model of part.touched) this.#touched.add(model);
  }

  #accepted(
    differences: readonly ParameterChange[],
    origin: Pick<ConfigurationChange, "model" | "overrideId" | "attributes">,
  ): ConfigurationChange[] {
    const { revision } = this.#state;
    return acceptedChanges(differences, { ...origin, revision }, this.#author, this.#context);
  }

  async #versionOf(model: string, version: string): Promise<VersionRecord | undefined> {
    const imported = this.#newVersions.get(identityOf(model, version));
    return (
      imported ?? (await this.#context.store.json<VersionRecord>(keys.version(model, version)))
    );
  }

  #refuse(field: string, message: string): void {
    this.violations.push({ field, message });
  }
}

function identityOf(model: string, name: string): string {
  return JSON.stringify([model, name]);
}
