import { CAPABILITIES, type Capability } from "../domain/catalog/model-facts.ts";
import { suggestNames } from "../domain/catalog/suggestions.ts";
import type { Limits, ModelConfig, RetryPolicy } from "../domain/config/model-config.ts";
import { isPhase, PHASES, type Phase } from "../domain/config/phase.ts";
import { SETTING_FIELDS, type Settings } from "../domain/config/settings.ts";
import { modelConfigViolations } from "../domain/config/validate.ts";
import { CONFIG_LIST_MAX } from "../domain/kernel/limits.ts";
import type { FileProblem } from "./file-problem.ts";
import { type Place, ProblemList, readYaml, type YamlValue } from "./yaml-text.ts";

/** A model config of a file, with the place where it starts. */
export interface PlacedConfig {
  readonly config: ModelConfig;
  readonly at: Place;
}

/** What a file says: configs, or everything that is wrong with it. */
export interface ConfigText {
  readonly configs: readonly PlacedConfig[];
  readonly problems: readonly FileProblem[];
}

type Kind = "text" | "number" | "boolean" | "texts";
interface Field {
  readonly key: string;
  readonly kind: Kind;
}

const CONFIG_FIELDS: readonly Field[] = [
  { key: "modelName", kind: "text" },
  { key: "modelFamily", kind: "text" },
  { key: "displayName", kind: "text" },
  { key: "description", kind: "text" },
  { key: "specialInstructions", kind: "text" },
  { key: "optimizationTips", kind: "texts" },
  { key: "enabled", kind: "boolean" },
];
/** The seed writes them beside the name; the API groups them under `limits`. Either place is taken. */
const LIMIT_FIELDS: readonly Field[] = [
  { key: "contextWindow", kind: "number" },
  { key: "maxIterations", kind: "number" },
  { key: "maxParallelCalls", kind: "number" },
];
const RETRY_FIELDS: readonly Field[] = [
  { key: "maxRetries", kind: "number" },
  { key: "retryOnErrors", kind: "texts" },
  { key: "backoffMultiplier", kind: "number" },
  { key: "initialDelayMs", kind: "number" },
  { key: "maxDelayMs", kind: "number" },
  { key: "retryOnValidationFailure", kind: "boolean" },
];
const SETTINGS_FIELDS: readonly Field[] = SETTING_FIELDS.map(({ key, kind }) => ({
  key,
  kind: kind === "integer" ? "number" : kind,
}));
/** The seed's name of a setting, where it is another than that of the API. */
const SETTING_ALIASES = new Map(
  SETTING_FIELDS.filter(({ key, parameter }) => snakeCase(key) !== parameter).map(
    ({ key, parameter }) => [parameter, key],
  ),
);
/** Keys of maps, and what the API only answers: a config that was read from it can be put into a file as it is. */
const CONFIG_MAPS = ["limits", "retryPolicy", "phases", "phaseSettings", "capabilities"];
const OUTPUT_ONLY = ["group", "contextWindowText"];

/**
 * Reads the model configs of an operator file: one, or a list, in YAML or JSON; keys in snake_case or lowerCamelCase. A single
 * config without a name has that of the file. Unknown keys, doubled ones, wrong types and values out of range are problems with
 * their places; a file with problems has no configs.
 */
export function readConfigText(text: string, file: string): ConfigText {
  const problems = new ProblemList(file);
  const documents = readYaml(text, problems);
  const entries = documents.flatMap((value) => (value.kind === "list" ? value.items() : [value]));
  const isList = entries.length !== 1 || documents[0]?.kind === "list";
  if (entries.length === 0 && problems.problems.length === 0) {
    problems.add({ line: 1, column: 1 }, "holds no model config; remove the file instead");
  }
  const fallbackName = isList ? undefined : nameOfFile(file);
  const configs = entries.map((value) => new ConfigReader(problems).config(value, fallbackName));
  return problems.problems.length > 0
    ? { configs: [], problems: problems.problems }
    : { configs, problems: [] };
}

/** The name that a file gives to a single config: its own, without directories and extension. */
function nameOfFile(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.(ya?ml|json)$/i, "");
}

/** Reads one config and remembers where each field stands, so that broken rules can be shown there. */
class ConfigReader {
  readonly #problems: ProblemList;
  readonly #places = new Map<string, Place>();

  constructor(problems: ProblemList) {
    this.#problems = problems;
  }

  config(value: YamlValue, fallbackName: string | undefined): PlacedConfig {
    const problemCount = this.#problems.problems.length;
    const own: Record<string, unknown> = {};
    const limits: Record<string, unknown> = {};
    let rest: Partial<ModelConfig> = {};
    const known = [...CONFIG_FIELDS, ...LIMIT_FIELDS].map(({ key }) => key);
    this.#fields(value, "config", [...known, ...CONFIG_MAPS], (key, field, path) => {
      switch (key) {
        case "limits":
          Object.assign(limits, this.#plain(field, path, LIMIT_FIELDS));
          return;
        case "retryPolicy":
          rest = { ...rest, retryPolicy: this.#plain(field, path, RETRY_FIELDS) as RetryPolicy };
          return;
        case "phases":
        case "phaseSettings":
          rest = { ...rest, phases: { ...rest.phases, ...this.#phases(field) } };
          return;
        case "capabilities":
          rest = { ...rest, capabilities: this.#capabilities(field) };
          return;
        default:
          if (LIMIT_FIELDS.some((limit) => limit.key === key)) {
            this.#places.set(`config.limits.${key}`, field.at);
            Object.assign(limits, this.#read(key, field, LIMIT_FIELDS));
          } else Object.assign(own, this.#read(key, field, CONFIG_FIELDS));
      }
    });
    const named = typeof own["modelName"] === "string" ? own["modelName"] : (fallbackName ?? "");
    const config: ModelConfig = {
      ...own,
      modelName: named.trim(),
      ...(Object.keys(limits).length === 0 ? {} : { limits: limits as Limits }),
      ...rest,
    };
    if (this.#problems.problems.length === problemCount) this.#check(config, value.at);
    return { config, at: value.at };
  }

  #check(config: ModelConfig, at: Place): void {
    for (const { field, message } of modelConfigViolations(config)) {
      this.#problems.add(this.#places.get(field) ?? at, `${shownPath(field)} ${message}`);
    }
  }

  /** Phases as a list of {phase, settings}, or as a map from the phase to its settings. */
  #phases(value: YamlValue): Partial<Record<Phase, Settings>> {
    const phases: Partial<Record<Phase, Settings>> = {};
    const put = (name: string, at: Place, settings: YamlValue | undefined) => {
      const phase = phaseOf(name);
      if (!phase) {
        const names = PHASES.map((facts) => facts.phase).join(", ");
        this.#problems.add(at, `${JSON.stringify(name)} is no phase; phases are ${names}`);
      } else if (phases[phase]) this.#problems.add(at, `${phase} is given twice`);
      else phases[phase] = settings ? this.#settings(settings, phase) : {};
    };
    if (value.kind === "map") {
      for (const entry of value.entries()) put(entry.key, entry.keyAt, entry.value);
      return phases;
    }
    if (value.kind !== "list") {
      this.#problems.add(
        value.at,
        "phases must be a map of phases, or a list of {phase, settings}",
      );
      return phases;
    }
    for (const item of value.items()) {
      let name: YamlValue | undefined;
      let settings: YamlValue | undefined;
      this.#fields(item, "", ["phase", "settings"], (key, field) => {
        if (key === "phase") name = field;
        else settings = field;
      });
      if (name?.kind === "scalar") put(String(name.value), name.at, settings);
      else this.#problems.add(name?.at ?? item.at, "phase must name one of the six phases");
    }
    return phases;
  }

  #settings(value: YamlValue, phase: Phase): Settings {
    const path = `config.phases[${phase}].settings`;
    const settings: Record<string, unknown> = {};
    const known = SETTINGS_FIELDS.map(({ key }) => key);
    this.#fields(value, path, [...known, ...SETTING_ALIASES.keys()], (written, field) => {
      const key = SETTING_ALIASES.get(written) ?? written;
      if (settings[key] !== undefined) this.#problems.add(field.at, `${key} is given twice`);
      this.#places.set(`${path}.${key}`, field.at);
      Object.assign(settings, this.#read(key, field, SETTINGS_FIELDS));
    });
    return settings as Settings;
  }

  #plain(value: YamlValue, path: string, fields: readonly Field[]): Record<string, unknown> {
    const read: Record<string, unknown> = {};
    const known = fields.map(({ key }) => key);
    this.#fields(value, path, known, (key, field) =>
      Object.assign(read, this.#read(key, field, fields)),
    );
    return read;
  }

  #capabilities(value: YamlValue): Capability[] {
    const names = this.#texts(value, "capabilities") ?? [];
    return names.flatMap((name) => {
      const short = name.toLowerCase().replace(/^model_capability_/, "");
      const capability = CAPABILITIES.find((known) => known === short);
      if (capability) return [capability];
      const known = CAPABILITIES.join(", ");
      this.#problems.add(value.at, `${JSON.stringify(name)} is no capability; those are ${known}`);
      return [];
    });
  }

  /** Calls back for every known key of a map, in lowerCamelCase. */
  #fields(
    value: YamlValue,
    path: string,
    known: readonly string[],
    take: (key: string, field: YamlValue, path: string) => void,
  ): void {
    if (value.kind !== "map") {
      this.#problems.add(value.at, `${shownPath(path) || "an entry"} must be a map`);
      return;
    }
    const seen = new Set<string>();
    for (const { key: written, keyAt, value: field } of value.entries()) {
      const key = written.includes("_") && !known.includes(written) ? camelCase(written) : written;
      if (OUTPUT_ONLY.includes(key)) continue;
      if (!known.includes(key)) {
        const near = suggestNames(written, known.map(snakeCase))[0];
        const hint = near === undefined ? "" : `; did you mean ${near}?`;
        this.#problems.add(keyAt, `${JSON.stringify(written)} is no known key${hint}`);
      } else if (seen.has(key)) {
        this.#problems.add(keyAt, `${JSON.stringify(written)} is given twice`);
      } else if (field.kind === "nothing") {
        this.#problems.add(keyAt, `${written} has no value; give one or remove the line`);
      } else {
        seen.add(key);
        this.#places.set(`${path}.${key}`, field.at);
        take(key, field, `${path}.${key}`);
      }
    }
  }

  #read(key: string, value: YamlValue, fields: readonly Field[]): Record<string, unknown> {
    const kind = fields.find((field) => field.key === key)?.kind;
    if (kind === "texts") {
      const texts = this.#texts(value, snakeCase(key));
      return texts && texts.length > 0 ? { [key]: texts } : {};
    }
    const isRight =
      value.kind === "scalar" && typeof value.value === (kind === "text" ? "string" : kind);
    if (isRight) return { [key]: value.value };
    const article = { text: "a text", number: "a number", boolean: "true or false" };
    const quote = kind === "text" && value.kind === "scalar" ? "; put it in quotes" : "";
    this.#problems.add(value.at, `${snakeCase(key)} must be ${article[kind ?? "text"]}${quote}`);
    return {};
  }

  #texts(value: YamlValue, name: string): string[] | undefined {
    const items = value.kind === "list" ? value.items() : undefined;
    if (!items || items.length > CONFIG_LIST_MAX) {
      this.#problems.add(value.at, `${name} must be a list of at most ${CONFIG_LIST_MAX} texts`);
      return undefined;
    }
    return items.flatMap((item) => {
      if (item.kind === "scalar" && typeof item.value === "string") return [item.value];
      this.#problems.add(item.at, `${name} must be a list of texts`);
      return [];
    });
  }
}

function phaseOf(name: string): Phase | undefined {
  const short = name.toLowerCase().replace(/^phase_/, "");
  return isPhase(short) ? short : undefined;
}

/** A path as the file writes it: `phases.planning.temperature` for `config.phases[planning].settings.temperature`. */
function shownPath(path: string): string {
  const shown = path.replace(/^config\.?/, "").replace(/\[(\w+)\]\.settings/, ".$1");
  return snakeCase(shown);
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
