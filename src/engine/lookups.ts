import { configIdOf } from "../domain/config/config-id.ts";
import type { LayerEntry } from "../domain/config/layer.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import type { Phase } from "../domain/config/phase.ts";
import {
  baseLayers,
  type ConfigState,
  isKnownModel,
  modelNames,
} from "../domain/config/registry.ts";
import { type FieldProvenance, resolveLayers } from "../domain/config/resolve.ts";
import { type Attributes, attributeViolations, scopeKey, scopeOf } from "../domain/config/scope.ts";
import type { Settings } from "../domain/config/settings.ts";
import {
  type ConfigWarning,
  modelNameViolation,
  settingsViolations,
} from "../domain/config/validate.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { RESOLUTIONS_CACHED_MAX, UNIT_LENGTH_MAX } from "../domain/kernel/limits.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import type { Clock } from "../platform/clock.ts";
import { sha256 } from "../platform/digest.ts";
import { sealToken } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface LookupRequest {
  readonly model: string;
  readonly phase: Phase;
  readonly unit: string;
  readonly attributes: Attributes;
  readonly requireKnown: boolean;
  readonly callSettings: Settings;
}

export type ResolutionReason = "default" | "override" | "experiment" | "disabled" | "unknown_model";

export interface Resolution {
  /** The name to send to the provider. */
  readonly wireModel: string;
  /** Empty where no config is known. */
  readonly configKey: string;
  readonly phase: Phase;
  readonly enabled: boolean;
  readonly settings: Settings;
  readonly limits: NonNullable<ModelConfig["limits"]>;
  readonly arm: Arm;
  /** Highest revision that contributed: the parent of a plan. */
  readonly parentRevision: number;
  /** Revision of the store that was read. */
  readonly revision: number;
  readonly token: string;
  readonly reason: ResolutionReason;
  readonly provenance: readonly FieldProvenance[];
  readonly warnings: readonly ConfigWarning[];
}

/** How long a client may keep an answer, in seconds. */
export const ANSWER_MAX_AGE_SECONDS = 60;

type Shared = Omit<Resolution, "token" | "revision">;
interface Kept {
  readonly shared: Shared;
  token: string;
  tokenMinute: number;
  tokenRevision: number;
}

/**
 * Answers lookups from one immutable state at a time: synchronous, without disk, queue or lock.
 *
 * An answer is computed once per (model, phase, attributes) and kept until a write touches its model, and its token is sealed
 * once per revision and minute, so that the usual lookup is a map read.
 */
export class Lookups {
  readonly #clock: Clock;
  readonly #keys: TokenKeys;
  readonly #dimensions: readonly string[];
  #state: ConfigState;
  #kept = new Map<string, Kept>();

  constructor(
    state: ConfigState,
    options: { clock: Clock; keys: TokenKeys; dimensions: readonly string[] },
  ) {
    this.#state = state;
    this.#clock = options.clock;
    this.#keys = options.keys;
    this.#dimensions = options.dimensions;
  }

  get state(): ConfigState {
    return this.#state;
  }

  /** Serves another state from now on. `touched` names the models whose answers may differ. */
  swap(state: ConfigState, touched: ReadonlySet<string>): void {
    this.#state = state;
    for (const [key, kept] of this.#kept)
      if (touched.has(kept.shared.arm.scope.model)) this.#kept.delete(key);
  }

  /** Errors: MODEL_NAME_INVALID, MODEL_NOT_FOUND (with `requireKnown`), ATTRIBUTES_INVALID, CONFIG_INVALID. */
  resolve(request: LookupRequest): Resolution {
    const wireModel = this.#wireModel(request.model);
    const attributes = checkedAttributes(request);
    const cacheKey = JSON.stringify([wireModel, request.phase, ...sorted(attributes)]);
    let kept = this.#kept.get(cacheKey);
    if (!kept) {
      kept = {
        shared: this.#compute(wireModel, request.phase, attributes),
        token: "",
        tokenMinute: -1,
        tokenRevision: -1,
      };
      this.#keep(cacheKey, kept);
    }
    if (request.requireKnown && kept.shared.configKey === "") throw this.unknownModel(wireModel);
    const revision = this.#state.revision;
    const resolution: Resolution = { ...kept.shared, revision, token: this.#token(kept, revision) };
    return Object.keys(request.callSettings).length === 0
      ? resolution
      : this.#withCall(resolution, request);
  }

  unknownModel(model: string): Fault {
    const names = modelNames(this.#state);
    return new Fault(
      "MODEL_NOT_FOUND",
      `no config is known for model ${JSON.stringify(model)}; put one with PutModelConfig, or drop require_known to get the defaults`,
      {
        metadata: { model, known: names.slice(0, 20).join(",") },
        resource: { type: "model", name: model },
      },
    );
  }

  #wireModel(requested: string): string {
    const model = requested.trim() === "" ? (this.#state.defaultModel ?? "") : requested.trim();
    const violation = modelNameViolation(model);
    if (violation) {
      throw new Fault(
        "MODEL_NAME_INVALID",
        `the model's name ${violation}${model === "" ? ", and the environment names no default model" : ""}`,
        {
          violations: [{ field: "model", message: violation }],
        },
      );
    }
    return model;
  }

  #compute(wireModel: string, phase: Phase, attributes: Attributes): Shared {
    const entries = baseLayers(this.#state, wireModel);
    const merged = resolveLayers(entries, phase);
    const known = isKnownModel(this.#state, wireModel);
    const scope = scopeOf(wireModel, phase, attributes, this.#dimensions);
    const settings = merged.armSettings;
    const configId = configIdOf({ modelKey: wireModel, settings }, sha256);
    return {
      wireModel,
      configKey: known ? wireModel : "",
      phase,
      enabled: merged.enabled,
      settings: merged.settings,
      limits: merged.limits,
      arm: { scope, configId, settings },
      parentRevision: merged.revision,
      reason: merged.enabled ? (known ? "default" : "unknown_model") : "disabled",
      provenance: merged.provenance,
      warnings: known ? [] : [unknownModelWarning(wireModel)],
    };
  }

  #token(kept: Kept, revision: number): string {
    const minute = Math.floor(this.#clock.nowMs() / 60_000);
    if (kept.tokenMinute !== minute || kept.tokenRevision !== revision) {
      kept.token = sealToken({ arm: kept.shared.arm, revision, decidedMinute: minute }, this.#keys);
      kept.tokenMinute = minute;
      kept.tokenRevision = revision;
    }
    return kept.token;
  }

  #keep(key: string, kept: Kept): void {
    const oldest =
      this.#kept.size >= RESOLUTIONS_CACHED_MAX ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, kept);
  }

  #withCall(resolution: Resolution, request: LookupRequest): Resolution {
    const violations = settingsViolations(request.callSettings, "callSettings");
    if (violations.length > 0) {
      throw new Fault(
        "CONFIG_INVALID",
        `callSettings: ${violations.map((v) => `${v.field} ${v.message}`).join("; ")}`,
        { violations },
      );
    }
    const call: LayerEntry = {
      layer: "call",
      revision: 0,
      source: "request",
      config: {
        modelName: resolution.wireModel,
        phases: { [request.phase]: request.callSettings },
      },
    };
    const merged = resolveLayers(
      [...baseLayers(this.#state, resolution.wireModel), call],
      request.phase,
    );
    return { ...resolution, settings: merged.settings, provenance: merged.provenance };
  }
}

/** Text that equals for equal scopes only, of a resolution's arm. */
export function scopeKeyOf(resolution: Resolution): string {
  return scopeKey(resolution.arm.scope);
}

function checkedAttributes(request: LookupRequest): Attributes {
  const violations = attributeViolations(request.attributes);
  if (request.unit.length > UNIT_LENGTH_MAX) {
    violations.push({ field: "unit", message: `must have at most ${UNIT_LENGTH_MAX} characters` });
  }
  if (violations.length === 0) return request.attributes;
  throw new Fault(
    "ATTRIBUTES_INVALID",
    violations.map((v) => `${v.field} ${v.message}`).join("; "),
    { violations },
  );
}

function sorted(attributes: Attributes): string[] {
  const keys = Object.keys(attributes).sort();
  return keys.flatMap((key) => [key, attributes[key] ?? ""]);
}

function unknownModelWarning(model: string): ConfigWarning {
  return {
    code: "UNKNOWN_MODEL",
    field: "model",
    message: `no config is known for ${JSON.stringify(model)}: these are the defaults; put one with PutModelConfig`,
  };
}
