import { type ConfigurationChange, diffModelConfigs } from "../domain/config/change.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import {
  type ConfigState,
  isKnownModel,
  mergedConfig,
  type StoredConfig,
} from "../domain/config/registry.ts";
import {
  type ConfigWarning,
  modelConfigViolations,
  modelConfigWarnings,
} from "../domain/config/validate.ts";
import { Fault, type Violation } from "../domain/kernel/fault.ts";
import { MODELS_MAX, REASON_LENGTH_MAX } from "../domain/kernel/limits.ts";
import { sha256 } from "../platform/digest.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import type { Change, ChangeContext, Plan } from "./change.ts";
import type { EngineState } from "./state.ts";

interface WriteOptions {
  /** Refuses the write unless it names the present content; empty writes in any case. */
  readonly etag: string;
  readonly reason: string;
  readonly changedBy: string;
}

export interface ConfigWriteResult {
  readonly config: ModelConfig;
  readonly revision: number;
  readonly etag: string;
  readonly changes: readonly ConfigurationChange[];
  readonly warnings: readonly ConfigWarning[];
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
      if (violations.length > 0) {
        throw new Fault(
          "CONFIG_INVALID",
          violations.map((v) => `${v.field} ${v.message}`).join("; "),
          { violations },
        );
      }
      const model = config.modelName.trim();
      const present = state.config.stored.get(model);
      checkEtag(model, present, options.etag);
      if (!present && state.config.stored.size >= MODELS_MAX) {
        throw new Fault(
          "TOO_MANY_MODELS",
          `${MODELS_MAX} model configs are stored; delete one first`,
        );
      }
      return write(state, { model, layer: { ...config, modelName: model }, options }, context);
    },
  };
}

/** Removes the stored layer of a model. Errors: REQUEST_MALFORMED, MODEL_NOT_FOUND, ETAG_STALE. */
export function deleteModelConfig(model: string, options: WriteOptions): Change<ConfigWriteResult> {
  return {
    name: "delete_model_config",
    plan(state, context) {
      const violations = reasonViolations(options);
      if (violations.length > 0) {
        throw new Fault("REQUEST_MALFORMED", `reason ${violations[0]?.message}`, { violations });
      }
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

function reasonViolations({ reason }: WriteOptions): Violation[] {
  if (reason.length <= REASON_LENGTH_MAX) return [];
  return [{ field: "reason", message: `must have at most ${REASON_LENGTH_MAX} characters` }];
}

/** Names the content of a stored layer: equal content, equal etag. */
export function etagOf(stored: ModelConfig | undefined): string {
  const content = stored === undefined ? "" : JSON.stringify(stored, sortedKeys);
  return Buffer.from(sha256(content).subarray(0, 9)).toString("base64url");
}

function checkEtag(model: string, present: StoredConfig | undefined, etag: string): void {
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

function write(
  state: EngineState,
  { model, layer, options }: Write,
  context: ChangeContext,
): Plan<ConfigWriteResult> {
  const before = state.config;
  const revision = before.revision + 1;
  const stored: StoredConfig | undefined = layer && {
    config: layer,
    revision,
    changedBy: options.changedBy,
    atMs: context.nowMs,
  };
  const candidate: ConfigState = {
    ...before,
    revision,
    stored: stored ? before.stored.set(model, stored) : before.stored.delete(model),
  };
  const merged = mergedConfig(candidate, model);
  const etag = etagOf(layer);
  if (etag === etagOf(before.stored.get(model)?.config)) {
    const result = {
      config: merged,
      revision: before.revision,
      etag,
      changes: [],
      warnings: modelConfigWarnings(merged),
    };
    return { ops: [], next: state, touched: new Set(), result };
  }
  const changes = diffModelConfigs(mergedConfig(before, model), merged).map(
    (change): ConfigurationChange => ({
      ...change,
      changeId: context.createId("chg"),
      atMs: context.nowMs,
      reason: options.reason,
      changedBy: options.changedBy,
      model,
      revision,
    }),
  );
  const ops: StoreOp[] = [
    stored ? { put: keys.config(model), json: stored } : { delete: keys.config(model) },
    { put: keys.meta("revision"), json: revision },
    ...changes.flatMap((change, index) => [
      { put: keys.change(revision, index), json: change },
      { put: keys.changeOfModel(model, revision, index), json: change },
    ]),
  ];
  return {
    ops,
    next: { ...state, config: candidate },
    touched: new Set([model]),
    changes,
    result: { config: merged, revision, etag, changes, warnings: modelConfigWarnings(merged) },
  };
}

/** Sorts the keys of every object that JSON.stringify meets. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
