import { canonicalJson } from "../domain/config/canonical.ts";
import type { ConfigurationChange } from "../domain/config/change.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import {
  HEAD_LABEL,
  isKnownModel,
  mergedHead,
  type StoredConfig,
} from "../domain/config/registry.ts";
import { type ConfigWarning, modelConfigViolations } from "../domain/config/validate.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { MODELS_MAX } from "../domain/kernel/limits.ts";
import { sha256 } from "../platform/digest.ts";
import { keys } from "../store/keys.ts";
import { type Author, checkReason, historyOps, reasonViolations } from "./author.ts";
import type { Change, ChangeContext, Plan } from "./change.ts";
import { requireValidConfig, warningsOf } from "./config-check.ts";
import { snapshotOps } from "./snapshots.ts";
import type { EngineState } from "./state.ts";
import { writeStoredLayers } from "./stored-layers.ts";

interface WriteOptions extends Author {
  /** Refuses the write unless it names the present content; empty writes in any case. */
  readonly etag: string;
}

export interface ConfigWriteResult {
  /** The merge with this write as stored layer. */
  readonly config: ModelConfig;
  readonly revision: number;
  readonly etag: string;
  readonly changes: readonly ConfigurationChange[];
  readonly warnings: readonly ConfigWarning[];
  /** False where lookups serve a label instead of the newest write. */
  readonly served: boolean;
}

/** Replaces the stored layer of a model. Errors: CONFIG_INVALID, ETAG_STALE, TOO_MANY_MODELS. */
export function putModelConfig(
  config: ModelConfig,
  options: WriteOptions,
): Change<ConfigWriteResult> {
  return {
    name: "put_model_config",
    plan(state, context) {
      const violations = [...modelConfigViolations(config), ...reasonViolations(options)];
      requireValidConfig(violations);
      const model = config.modelName.trim();
      const present = state.config.stored.get(model);
      checkEtag(model, present, options.etag);
      if (!present) checkRoom(state.config.stored.size + 1);
      return write(state, { model, layer: { ...config, modelName: model }, options }, context);
    },
  };
}

/** Removes the stored layer of a model. Errors: REQUEST_MALFORMED, MODEL_NOT_FOUND, ETAG_STALE. */
export function deleteModelConfig(model: string, options: WriteOptions): Change<ConfigWriteResult> {
  return {
    name: "delete_model_config",
    plan(state, context) {
      checkReason(options);
      const present = state.config.stored.get(model);
      if (!present) {
        const hint = isKnownModel(state.config, model)
          ? "; its builtin config cannot be deleted, switch it off with enabled=false"
          : "";
        throw new Fault(
          "MODEL_NOT_FOUND",
          `nothing is stored for model ${JSON.stringify(model)}${hint}`,
          {
            metadata: { model },
            resource: { type: "model", name: model },
          },
        );
      }
      checkEtag(model, present, options.etag);
      return write(state, { model, layer: undefined, options }, context);
    },
  };
}

/** Errors: TOO_MANY_MODELS where so many stored layers are more than there may be. */
export function checkRoom(models: number): void {
  if (models <= MODELS_MAX) return;
  throw new Fault("TOO_MANY_MODELS", `${MODELS_MAX} model configs are stored; delete one first`);
}

/** Names the content of a stored layer: equal content, equal etag. */
export function etagOf(stored: ModelConfig | undefined): string {
  const content = stored === undefined ? "" : canonicalJson(stored);
  return Buffer.from(sha256(content).subarray(0, 9)).toString("base64url");
}

/** Errors: ETAG_STALE with the present etag, unless `etag` is empty or names the present content. */
export function checkEtag(model: string, present: StoredConfig | undefined, etag: string): void {
  const current = etagOf(present?.config);
  if (etag === "" || etag === current) return;
  throw new Fault(
    "ETAG_STALE",
    `the config of ${JSON.stringify(model)} was changed meanwhile; read it again, merge, and write with etag ${current}`,
    {
      metadata: { model, etag: current },
    },
  );
}

interface Write {
  readonly model: string;
  readonly layer: ModelConfig | undefined;
  readonly options: WriteOptions;
}

async function write(
  state: EngineState,
  { model, layer, options }: Write,
  context: ChangeContext,
): Promise<Plan<ConfigWriteResult>> {
  const before = state.config;
  const etag = etagOf(layer);
  const served = before.label === HEAD_LABEL;
  if (etag === etagOf(before.stored.get(model)?.config)) {
    const config = mergedHead(before, model);
    const warnings = warningsOf(before, model, layer);
    const result = { config, revision: before.revision, etag, changes: [], warnings, served };
    return { ops: [], next: state, touched: new Set(), result };
  }
  const revision = before.revision + 1;
  const { reason, changedBy } = options;
  const layers = new Map([[model, layer]]);
  const written = await writeStoredLayers(
    before,
    { layers, revision, author: { reason, changedBy } },
    context,
  );
  const { changes } = written;
  const config = mergedHead(written.state, model);
  return {
    ops: [
      ...written.ops,
      { put: keys.meta("revision"), json: revision },
      ...historyOps(changes),
      ...(await snapshotOps(context.store, written.snapshots)),
    ],
    next: { ...state, config: written.state },
    touched: new Set([model]),
    changes,
    result: {
      config,
      revision,
      etag,
      changes,
      warnings: warningsOf(written.state, model, layer),
      served,
    },
  };
}
