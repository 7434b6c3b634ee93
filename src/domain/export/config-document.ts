import { CAPABILITIES, type Capability } from "../catalog/model-facts.ts";
import type { ModelConfig } from "../config/model-config.ts";
import { PHASES, type Phase } from "../config/phase.ts";
import { SETTING_FIELDS, type Settings } from "../config/settings.ts";
import { modelConfigViolations } from "../config/validate.ts";
import type { Violation } from "../kernel/fault.ts";
import type { DocumentReader, FieldReader } from "./document-reader.ts";

/** A plain value for a YAML or JSON text: its keys are in the order in which they are written. */
export type Plain = Readonly<Record<string, unknown>>;

type Kind = "text" | "number" | "boolean" | "texts";
type Field = readonly [key: string, kind: Kind];

const FIRST_FIELDS: readonly Field[] = [
  ["modelName", "text"],
  ["modelFamily", "text"],
  ["displayName", "text"],
  ["description", "text"],
];
const LIMIT_FIELDS: readonly Field[] = [
  ["contextWindow", "number"],
  ["maxIterations", "number"],
  ["maxParallelCalls", "number"],
];
const RETRY_FIELDS: readonly Field[] = [
  ["maxRetries", "number"],
  ["retryOnErrors", "texts"],
  ["backoffMultiplier", "number"],
  ["initialDelayMs", "number"],
  ["maxDelayMs", "number"],
  ["retryOnValidationFailure", "boolean"],
];
const LAST_FIELDS: readonly Field[] = [
  ["specialInstructions", "text"],
  ["optimizationTips", "texts"],
  ["enabled", "boolean"],
];
const SETTINGS_FIELDS: readonly Field[] = SETTING_FIELDS.map(({ key, kind }) => [
  key,
  kind === "integer" ? "number" : kind,
]);

/** A layer of a model config as an operator file has it: snake_case, phases by their short names. */
export function configDocument(config: ModelConfig): Plain {
  const { capabilities, limits, retryPolicy, phases } = config;
  return {
    ...plain(config, FIRST_FIELDS),
    ...(capabilities ? { capabilities } : {}),
    ...(limits ? { limits: plain(limits, LIMIT_FIELDS) } : {}),
    ...(retryPolicy ? { retry_policy: plain(retryPolicy, RETRY_FIELDS) } : {}),
    ...(phases ? { phases: phasesDocument(phases) } : {}),
    ...plain(config, LAST_FIELDS),
  };
}

/** Settings with their names in snake_case. */
export function settingsDocument(settings: Settings): Plain {
  return plain(settings, SETTINGS_FIELDS);
}

/** Reads what `configDocument` writes; broken rules of configs included. */
export function readConfig(reader: DocumentReader, value: unknown, path: string): ModelConfig {
  const read: Record<string, unknown> = {};
  const before = reader.violations.length;
  reader.map(value, path, {
    ...readersOf(reader, [...FIRST_FIELDS, ...LAST_FIELDS], read),
    capabilities: (entry, at) => {
      read["capabilities"] = readCapabilities(reader, entry, at);
    },
    limits: (entry, at) => {
      read["limits"] = readFields(reader, entry, at, LIMIT_FIELDS);
    },
    retry_policy: (entry, at) => {
      read["retryPolicy"] = readFields(reader, entry, at, RETRY_FIELDS);
    },
    phases: (entry, at) => {
      read["phases"] = readPhases(reader, entry, at);
    },
  });
  const config = { ...read, modelName: textOf(read["modelName"]).trim() } as ModelConfig;
  if (reader.violations.length === before)
    addViolations(reader, modelConfigViolations(config), path);
  return config;
}

/** Reads settings; ranges are checked by whoever knows what they are of. */
export function readSettings(reader: DocumentReader, value: unknown, path: string): Settings {
  return readFields(reader, value, path, SETTINGS_FIELDS) as Settings;
}

/** Broken rules of a config as they stand in a document: `config.phases[planning].settings.topP` is `….phases.planning.top_p`. */
export function addViolations(
  reader: DocumentReader,
  violations: readonly Violation[],
  path: string,
): void {
  for (const { field, message } of violations) {
    const own = field
      .replace(/^\w+\.?/, "")
      .replace(/\[(\w+)\]\.settings/, ".$1")
      .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    reader.add(own === "" ? path : `${path}.${own}`, message);
  }
}

function phasesDocument(phases: NonNullable<ModelConfig["phases"]>): Plain {
  return Object.fromEntries(
    PHASES.flatMap(({ phase }) => {
      const settings = phases[phase];
      return settings ? [[phase, settingsDocument(settings)]] : [];
    }),
  );
}

function readPhases(reader: DocumentReader, value: unknown, path: string): ModelConfig["phases"] {
  const phases: Partial<Record<Phase, Settings>> = {};
  const readers = PHASES.map(({ phase }): [string, FieldReader] => [
    phase,
    (entry, at) => {
      phases[phase] = readSettings(reader, entry, at);
    },
  ]);
  reader.map(value, path, Object.fromEntries(readers));
  return phases;
}

function readCapabilities(reader: DocumentReader, value: unknown, path: string): Capability[] {
  return reader.texts(value, path).flatMap((name) => {
    const capability = CAPABILITIES.find((known) => known === name);
    if (!capability) reader.add(path, `${JSON.stringify(name)} is no capability`);
    return capability ? [capability] : [];
  });
}

function readFields(
  reader: DocumentReader,
  value: unknown,
  path: string,
  fields: readonly Field[],
): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  reader.map(value, path, readersOf(reader, fields, read));
  return read;
}

function readersOf(
  reader: DocumentReader,
  fields: readonly Field[],
  into: Record<string, unknown>,
): Record<string, FieldReader> {
  return Object.fromEntries(
    fields.map(([key, kind]): [string, FieldReader] => [
      snakeCase(key),
      (value, path) => {
        const read = reader[kind](value, path);
        if (read !== undefined) into[key] = read;
      },
    ]),
  );
}

function plain(of: object, fields: readonly Field[]): Plain {
  const values = of as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    fields.flatMap(([key]) => (values[key] === undefined ? [] : [[snakeCase(key), values[key]]])),
  );
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
