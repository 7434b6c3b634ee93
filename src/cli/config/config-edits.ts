import type { DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { fromJson, toJson } from "@bufbuild/protobuf";
import type { ModelConfig } from "../../gen/attuned/v1/model_config_pb.ts";
import { ModelConfigSchema, RetryPolicySchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { LimitsSchema, SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";
import type { Pair } from "../arguments.ts";
import { UsageError } from "../failure.ts";
import { enumValue } from "../selectors.ts";
import { fieldJson, fieldNamed } from "./settings-fields.ts";

/** One field of a model config and what becomes of it. */
export interface Edit {
  /** A phase's full name, "limits", "retryPolicy", or empty for a field of the config itself. */
  readonly part: string;
  readonly field: string;
  /** Undefined takes the field out. */
  readonly value: JsonValue | undefined;
}

const PARTS: Readonly<Record<string, readonly [part: string, schema: DescMessage]>> = {
  limits: ["limits", LimitsSchema],
  retry_policy: ["retryPolicy", RetryPolicySchema],
};

/** Reads `--set` and `--unset`. UsageError for a field that does not exist, is given twice, or has a wrong value. */
export function readEdits(set: readonly Pair[], unset: readonly string[]): readonly Edit[] {
  const edits = [
    ...set.map(({ key, value }) => readEdit(key, value, "--set")),
    ...unset.map((key) => readEdit(key, undefined, "--unset")),
  ];
  const seen = new Set<string>();
  for (const { part, field } of edits) {
    const name = `${part}.${field}`;
    if (seen.has(name)) throw new UsageError(`${field} is set or unset twice`);
    seen.add(name);
  }
  return edits;
}

/** The config with the edits; what they do not name stays. */
export function editConfig(config: ModelConfig, edits: readonly Edit[]): ModelConfig {
  const json = toJson(ModelConfigSchema, config) as JsonObject;
  for (const { part, field, value } of edits) {
    const target =
      part === "" ? json : part.startsWith("PHASE_") ? phase(json, part) : child(json, part);
    if (value === undefined) delete target[field];
    else target[field] = value;
  }
  return fromJson(ModelConfigSchema, json);
}

function readEdit(key: string, text: string | undefined, what: string): Edit {
  const dot = key.indexOf(".");
  const head = key.slice(0, Math.max(0, dot));
  const [part, schema] =
    dot < 0 ? (["", ModelConfigSchema] as const) : (PARTS[head] ?? phasePart(head, what));
  const field = fieldNamed(schema, key.slice(dot + 1), what);
  const fixed = part === "" && ["phases", "limits", "retry_policy", "model_name", "group"];
  if (fixed !== false && fixed.includes(field.name)) {
    throw new UsageError(`${what} takes PHASE.FIELD, such as execution.temperature, not "${key}"`);
  }
  return {
    part,
    field: field.jsonName,
    value: text === undefined ? undefined : fieldJson(schema, field, text, what),
  };
}

function phasePart(name: string, what: string): readonly [part: string, schema: DescMessage] {
  const value = enumValue(PhaseSchema, name, `the part before the dot in ${what}`);
  const phase = PhaseSchema.values.find(({ number }) => number === value);
  return [phase?.name ?? "", SettingsSchema];
}

function child(parent: JsonObject, name: string): JsonObject {
  const present = parent[name];
  if (typeof present === "object" && present !== null && !Array.isArray(present)) return present;
  const made: JsonObject = {};
  parent[name] = made;
  return made;
}

/** The settings of a phase, added where it has none. */
function phase(config: JsonObject, name: string): JsonObject {
  const phases = Array.isArray(config["phases"]) ? config["phases"] : [];
  config["phases"] = phases;
  const found = phases.find(
    (item): item is JsonObject =>
      typeof item === "object" && item !== null && !Array.isArray(item) && item["phase"] === name,
  );
  if (found !== undefined) return child(found, "settings");
  const settings: JsonObject = {};
  phases.push({ phase: name, settings });
  return settings;
}
