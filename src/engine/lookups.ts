import type { ModelFacts, RenderApi } from "../domain/catalog/model-facts.ts";
import { servedModel } from "../domain/catalog/served-model.ts";
import { suggestNames } from "../domain/catalog/suggestions.ts";
import { configIdOf } from "../domain/config/config-id.ts";
import type { LayerEntry } from "../domain/config/layer.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import type { Phase } from "../domain/config/phase.ts";
import {
  type ConfigState,
  hasConfig,
  isKnownModel,
  lookupLayers,
  modelKeyOf,
  modelNames,
  resolveName,
} from "../domain/config/registry.ts";
import { type FieldProvenance, resolveLayers } from "../domain/config/resolve.ts";
import { type Attributes, attributeViolations, scopeOf } from "../domain/config/scope.ts";
import type { Settings } from "../domain/config/settings.ts";
import {
  type ConfigWarning,
  modelNameViolation,
  settingsViolations,
} from "../domain/config/validate.ts";
import type { Experiment } from "../domain/experiment/experiment.ts";
import { experimentLayer, withLayer } from "../domain/experiment/experiment-layer.ts";
import { isOverriddenByCall, servingExperiment } from "../domain/experiment/serving.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { RESOLUTIONS_CACHED_MAX, UNIT_LENGTH_MAX } from "../domain/kernel/limits.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import type { Clock } from "../platform/clock.ts";
import { sha256 } from "../platform/digest.ts";
import { sealAssignment } from "./assignment-token.ts";
import type { Touched } from "./change.ts";
import type { Enrolment } from "./experiments/enrolment.ts";
import { lookupWarnings } from "./lookup-warnings.ts";
import { sealToken } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface LookupRequest {
  readonly model: string;
  readonly phase: Phase;
  readonly unit: string;
  readonly attributes: Attributes;
  readonly requireKnown: boolean;
  readonly callSettings: Settings;
  /** Enrols the unit where an experiment runs in the scope. Without it such a scope answers control. */
  readonly enrols?: true;
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
  /** What was merged, lowest first, without the call's own. */
  readonly layers: readonly LayerEntry[];
  /** Highest revision that contributed: the parent of a plan. */
  readonly parentRevision: number;
  /** Revision of the store that was read. */
  readonly revision: number;
  readonly token: string;
  readonly reason: ResolutionReason;
  readonly provenance: readonly FieldProvenance[];
  readonly warnings: readonly ConfigWarning[];
  /** Whether the answer holds for every unit: not in the scope of an experiment. */
  readonly cacheable: boolean;
  /** Whether the outcome should carry a score. */
  readonly scoreRequested: boolean;
  /** What the catalog knows of the model behind the name, whatever config answers for it. */
  readonly facts: ModelFacts | undefined;
  /** The API that requests under this name go to, unless the caller knows better. */
  readonly nativeApi: RenderApi;
}

/** How long a client may keep an answer, in seconds. */
export const ANSWER_MAX_AGE_SECONDS = 60;

/** What a name stands for. */
export interface NamedModel {
  readonly wireModel: string;
  readonly configKey: string;
  readonly modelKey: string;
  readonly isKnown: boolean;
}

/** A resolution but for what differs between two lookups of the same scope. */
export type ScopeResolution = Omit<Resolution, "token" | "revision">;
interface Kept {
  readonly shared: ScopeResolution;
  /** The experiment whose arms are served in the scope. */
  readonly experiment: Experiment | undefined;
  /** What its arms answer, by index, once one was asked for. */
  readonly arms: Map<number, ScopeResolution>;
  /** What it answers to every unit, sealed in `sealedMinute`. */
  answer: Resolution | undefined;
  sealedMinute: number;
}

/**
 * Answers lookups from one immutable state at a time: synchronous, without disk, queue or lock.
 *
 * An answer is computed once per (model, phase, attributes) and kept until a write touches its model, and it is sealed with its
 * token once per revision and minute, so that the usual lookup is a map read.
 */
export class Lookups {
  readonly #clock: Clock;
  #tokenKeys: TokenKeys;
  readonly #dimensions: readonly string[];
  readonly #enrolment: Enrolment | undefined;
  #state: ConfigState;
  #kept = new Map<string, Kept>();
  /** What names stand for, kept because resolving one costs more than the rest of a lookup. */
  readonly #keys = new Map<string, NamedModel>();

  constructor(
    state: ConfigState,
    options: {
      clock: Clock;
      keys: TokenKeys;
      dimensions: readonly string[];
      enrolment?: Enrolment;
    },
  ) {
    this.#state = state;
    this.#clock = options.clock;
    this.#tokenKeys = options.keys;
    this.#dimensions = options.dimensions;
    this.#enrolment = options.enrolment;
  }

  get state(): ConfigState {
    return this.#state;
  }

  /** Seals tokens with other keys from now on. */
  useTokenKeys(keys: TokenKeys): void {
    this.#tokenKeys = keys;
    this.#kept.clear();
  }

  /** Serves another state from now on. A model that comes or goes may change what other names stand for, so that touches all. */
  swap(state: ConfigState, touched: Touched): void {
    const before = this.#state;
    this.#state = state;
    const isMember = (model: string) => hasConfig(before, model) !== hasConfig(state, model);
    if (touched === "all" || [...touched].some(isMember)) {
      this.#kept.clear();
      this.#keys.clear();
      return;
    }
    if (touched.size === 0) return;
    for (const [key, kept] of this.#kept) {
      if (touched.has(kept.shared.arm.scope.model)) this.#kept.delete(key);
    }
  }

  /** The key that layers, scopes and statistics of a model go by: its config, else its canonical id. Errors: MODEL_NAME_INVALID. */
  modelKey(name: string): string {
    return this.#name(name).modelKey;
  }

  /**
   * The same object as long as its answer is the same, except to a unit in an experiment and to a call with settings of its own: what
   * is made of it may be kept by it. Errors: MODEL_NAME_INVALID, MODEL_NOT_FOUND (with `requireKnown`), ATTRIBUTES_INVALID,
   * CONFIG_INVALID.
   */
  resolve(request: LookupRequest): Resolution {
    const named = this.#name(request.model);
    const attributes = checkedAttributes(request);
    const cacheKey = JSON.stringify([named.wireModel, request.phase, ...sorted(attributes)]);
    const wanted = { ...named, phase: request.phase, attributes };
    let kept = this.#kept.get(cacheKey);
    if (!kept) {
      const shared = resolveScope(this.#state, wanted, this.#dimensions);
      const { experiments } = this.#state;
      kept = {
        shared,
        experiment: shared.enabled ? servingExperiment(experiments, shared.arm.scope) : undefined,
        arms: new Map(),
        answer: undefined,
        sealedMinute: -1,
      };
      this.#keep(cacheKey, kept);
    }
    if (request.requireKnown && !named.isKnown) throw this.unknownModel(named.wireModel);
    const resolution = this.#enrolled(kept, request, wanted) ?? this.#shared(kept);
    return Object.keys(request.callSettings).length === 0
      ? resolution
      : this.#withCall(resolution, request);
  }

  /** Known names nearest to one that is not known, at most three. */
  suggestions(model: string): readonly string[] {
    return suggestNames(model, [...modelNames(this.#state), ...this.#state.catalog.ids]);
  }

  unknownModel(model: string): Fault {
    const suggestions = this.suggestions(model);
    const hint = suggestions.length === 0 ? "." : `; did you mean ${suggestions.join(", ")}?`;
    return new Fault(
      "MODEL_NOT_FOUND",
      `no config is known for model ${JSON.stringify(model)}${hint} Put one with PutModelConfig, or ask without require_known for the defaults.`,
      {
        metadata: { model, suggestions: suggestions.join(",") },
        resource: { type: "model", name: model },
      },
    );
  }

  #name(requested: string): NamedModel {
    const { defaultModel } = this.#state.environment;
    const name = requested.trim() === "" ? (defaultModel ?? "") : requested;
    const known = this.#keys.get(name);
    if (known) return known;
    const resolved = resolveName(this.#state, name);
    const violation =
      modelNameViolation(name) ?? (resolved.kind === "INVALID" ? "is not a name" : undefined);
    if (violation) {
      const hint = name.trim() === "" ? ", and the environment names no default model" : "";
      throw new Fault("MODEL_NAME_INVALID", `the model's name ${violation}${hint}`, {
        violations: [{ field: "model", message: violation }],
      });
    }
    const modelKey = modelKeyOf(resolved);
    const named: NamedModel = {
      wireModel: resolved.wireModel,
      configKey: resolved.configKey,
      modelKey,
      isKnown: isKnownModel(this.#state, modelKey),
    };
    if (this.#keys.size >= RESOLUTIONS_CACHED_MAX) this.#keys.clear();
    this.#keys.set(name, named);
    return named;
  }

  /** The answer of the arm that the lookup's unit is in; undefined where it is in none. */
  #enrolled(kept: Kept, request: LookupRequest, wanted: WantedScope): Resolution | undefined {
    const { experiment } = kept;
    if (!experiment || !request.enrols || !this.#enrolment) return undefined;
    if (isOverriddenByCall(experiment, request.callSettings)) return undefined;
    const decidedAtMs = this.#clock.nowMs();
    const unit = this.#enrolment.enrol(experiment, request.unit, decidedAtMs);
    if (!unit) return undefined;
    let answer = kept.arms.get(unit.arm);
    if (!answer) {
      const layer = experimentLayer(experiment, unit.arm);
      answer = resolveScope(this.#state, { ...wanted, experiment: layer }, this.#dimensions);
      kept.arms.set(unit.arm, answer);
    }
    const { revision } = this.#state;
    const decidedMinute = Math.floor(decidedAtMs / 60_000);
    const { experimentId, epoch, boot, sequence, arm, propensityPpm, scoreRequested } = unit;
    const token = sealAssignment(
      {
        served: { arm: answer.arm, revision, decidedMinute },
        decisionId: this.#enrolment.nextDecision(),
        unitKey: unit.key,
        decidedAtMs,
        ...{ experimentId, epoch, boot, sequence, arm, propensityPpm, scoreRequested },
      },
      this.#tokenKeys,
    );
    return { ...answer, reason: "experiment", revision, token, scoreRequested };
  }

  #shared(kept: Kept): Resolution {
    const { revision } = this.#state;
    const minute = Math.floor(this.#clock.nowMs() / 60_000);
    const { answer } = kept;
    if (answer?.revision === revision && kept.sealedMinute === minute) return answer;
    const { arm } = kept.shared;
    const token = sealToken({ arm, revision, decidedMinute: minute }, this.#tokenKeys);
    const sealed = { ...kept.shared, revision, token };
    kept.answer = sealed;
    kept.sealedMinute = minute;
    return sealed;
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
    const merged = resolveLayers([...resolution.layers, call], request.phase);
    const unknown = resolution.warnings.filter(({ code }) => code === "UNKNOWN_MODEL");
    const warnings = [...unknown, ...lookupWarnings({ ...merged, facts: resolution.facts })];
    return { ...resolution, settings: merged.settings, provenance: merged.provenance, warnings };
  }
}

/** What an answer is computed for. */
export type WantedScope = NamedModel & {
  readonly phase: Phase;
  readonly attributes: Attributes;
  /** The arm of an experiment that is served. */
  readonly experiment?: LayerEntry;
};

/** What a state answers for a model, a phase and attributes, without the call's own settings. */
export function resolveScope(
  state: ConfigState,
  wanted: WantedScope,
  dimensions: readonly string[],
): ScopeResolution {
  const { wireModel, configKey, modelKey, phase, attributes } = wanted;
  const usualLayers = lookupLayers(state, { model: modelKey, phase, attributes }, dimensions);
  const layers = wanted.experiment ? withLayer(usualLayers, wanted.experiment) : usualLayers;
  const scope = scopeOf(modelKey, phase, attributes, dimensions);
  const merged = resolveLayers(layers, phase);
  const settings = merged.armSettings;
  const promptDigest = promptDigestOf(state, modelKey);
  const configId = configIdOf({ modelKey, settings, promptDigest }, sha256);
  const isOverridden = layers.some(({ layer }) => layer === "override" || layer === "pin");
  const usual = isOverridden ? "override" : wanted.isKnown ? "default" : "unknown_model";
  const served = servedModel(resolveName(state, wireModel), state.catalog);
  return {
    wireModel,
    configKey,
    phase,
    enabled: merged.enabled,
    settings: merged.settings,
    limits: merged.limits,
    arm: { scope, configId, settings },
    layers,
    parentRevision: merged.revision,
    reason: merged.enabled ? usual : "disabled",
    provenance: merged.provenance,
    warnings: [
      ...(wanted.isKnown ? [] : [unknownModelWarning(wireModel)]),
      ...lookupWarnings({ ...merged, facts: served.facts }),
    ],
    cacheable: servingExperiment(state.experiments, scope) === undefined,
    scoreRequested: false,
    ...served,
  };
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

/** A digest of the stored templates that a model's prompts are made from; empty where all are builtin. */
function promptDigestOf(state: ConfigState, modelKey: string): string {
  const templates = [...(state.prompts.get("") ?? []), ...(state.prompts.get(modelKey) ?? [])];
  if (templates.length === 0) return "";
  const texts = new Map(templates.map(([type, { text }]) => [type, text]));
  const content = JSON.stringify([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return Buffer.from(sha256(content)).toString("hex");
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
