import type { ModelConfig } from "../config/model-config.ts";
import { type Override, overrideIdentity, overrideViolations } from "../config/override.ts";
import { isPhase, PHASES, type Phase } from "../config/phase.ts";
import { modelNameViolation } from "../config/validate.ts";
import { labelViolation, type VersionPrompt, versionNameViolation } from "../config/version.ts";
import type { Violation } from "../kernel/fault.ts";
import { REASON_LENGTH_MAX } from "../kernel/limits.ts";
import { promptTypeViolations } from "../prompt/served-prompt.ts";
import { parseTemplate } from "../prompt/template.ts";
import {
  addViolations,
  configDocument,
  type Plain,
  readConfig,
  readSettings,
  settingsDocument,
} from "./config-document.ts";
import { DocumentReader, type FieldReader } from "./document-reader.ts";

/** First line of every export: what it is, and its version. */
export const EXPORT_FORMAT = "attuned/v1";

export type ExportedOverride = Pick<
  Override,
  "model" | "phase" | "selector" | "settings" | "enabled" | "pin" | "reason"
>;

export interface ExportedPrompt extends VersionPrompt {
  /** Empty for the template that models without an own one share. */
  readonly model: string;
}

export interface ExportedVersion {
  readonly model: string;
  readonly version: string;
  /** SHA-256 of the content, in hexadecimal. */
  readonly contentHash: string;
  readonly savedAtMs: number;
  readonly savedBy: string;
  readonly reason: string;
  /** Null where nothing was stored for the model. */
  readonly stored: ModelConfig | null;
  readonly prompts: readonly VersionPrompt[];
}

export interface ExportedLabel {
  readonly model: string;
  readonly label: string;
  readonly version: string;
}

/** What an export carries from one store to another: all that people wrote, and nothing that a store counts or learned. */
export interface ExportContent {
  readonly configs: readonly ModelConfig[];
  readonly prompts: readonly ExportedPrompt[];
  readonly overrides: readonly ExportedOverride[];
  /** Those of one model in the order in which they were saved. */
  readonly versions: readonly ExportedVersion[];
  readonly labels: readonly ExportedLabel[];
}

/** Content as a plain value, in one order whatever order it comes in: equal content, equal document. */
export function exportDocument(content: ExportContent): Plain {
  return {
    format: EXPORT_FORMAT,
    configs: sorted(content.configs, ({ modelName }) => modelName).map(configDocument),
    prompts: sorted(content.prompts, ({ model, type }) => `${model}\u0000${type}`).map(
      ({ model, type, text }) => ({ model, type, text }),
    ),
    overrides: sorted(content.overrides, overrideIdentity).map(overrideDocument),
    versions: sorted(content.versions, ({ model }) => model).map(versionDocument),
    labels: sorted(content.labels, ({ model, label }) => `${model}\u0000${label}`).map(
      ({ model, label, version }) => ({ model, label, version }),
    ),
  };
}

/** Reads a document that `exportDocument` wrote, or a person: content, or everything that is wrong with it. */
export function readExportDocument(
  document: unknown,
): { readonly content: ExportContent } | { readonly violations: readonly Violation[] } {
  const reader = new DocumentReader();
  const lists: Record<keyof ExportContent, unknown> = {
    configs: undefined,
    prompts: undefined,
    overrides: undefined,
    versions: undefined,
    labels: undefined,
  };
  let format: unknown;
  const take =
    (name: keyof ExportContent): FieldReader =>
    (value) => {
      lists[name] = value;
    };
  reader.map(document, "", {
    format: (value) => {
      format = value;
    },
    configs: take("configs"),
    prompts: take("prompts"),
    overrides: take("overrides"),
    versions: take("versions"),
    labels: take("labels"),
  });
  if (format !== EXPORT_FORMAT) reader.add("format", `must be ${EXPORT_FORMAT}`);
  const content: ExportContent = {
    configs: reader.list(lists.configs, "configs", (item, at) => readConfig(reader, item, at)),
    prompts: reader.list(lists.prompts, "prompts", (item, at) => readPrompt(reader, item, at)),
    overrides: reader.list(lists.overrides, "overrides", (item, at) =>
      readOverride(reader, item, at),
    ),
    versions: reader.list(lists.versions, "versions", (item, at) => readVersion(reader, item, at)),
    labels: reader.list(lists.labels, "labels", (item, at) => readLabel(reader, item, at)),
  };
  addDoubled(reader, content);
  return reader.violations.length > 0 ? { violations: reader.violations } : { content };
}

function overrideDocument(override: ExportedOverride): Plain {
  const { model, phase, selector, settings, enabled, pin, reason } = override;
  const keys = Object.keys(selector).sort();
  return {
    ...(model === "" ? {} : { model }),
    ...(phase === undefined ? {} : { phase }),
    ...(keys.length === 0
      ? {}
      : { selector: Object.fromEntries(keys.map((key) => [key, selector[key]])) }),
    ...(Object.keys(settings).length === 0 ? {} : { settings: settingsDocument(settings) }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(pin ? { pin } : {}),
    ...(reason === "" ? {} : { reason }),
  };
}

function versionDocument(version: ExportedVersion): Plain {
  const { model, contentHash, savedAtMs, savedBy, reason, stored, prompts } = version;
  return {
    model,
    version: version.version,
    content_hash: contentHash,
    saved_at_ms: savedAtMs,
    saved_by: savedBy,
    ...(reason === "" ? {} : { reason }),
    config: stored && configDocument(stored),
    ...(prompts.length === 0
      ? {}
      : { prompts: sorted(prompts, ({ type }) => type).map(({ type, text }) => ({ type, text })) }),
  };
}

function readPrompt(reader: DocumentReader, value: unknown, path: string): ExportedPrompt {
  const { model, type, text } = readTexts(reader, value, path, ["model", "type", "text"]);
  if (model !== "") addName(reader, model, `${path}.model`);
  addPromptViolations(reader, { type, text }, path);
  return { model: model.trim(), type, text };
}

function readOverride(reader: DocumentReader, value: unknown, path: string): ExportedOverride {
  const texts = { model: "", reason: "" };
  let phase: Phase | undefined;
  let override: Pick<ExportedOverride, "selector" | "settings" | "enabled" | "pin"> = {
    selector: {},
    settings: {},
    pin: false,
  };
  reader.map(value, path, {
    ...textReaders(reader, texts),
    phase: (entry, at) => {
      const name = reader.text(entry, at);
      if (name === undefined) return;
      if (isPhase(name)) phase = name;
      else reader.add(at, `must be one of ${PHASES.map((facts) => facts.phase).join(", ")}`);
    },
    selector: (entry, at) => {
      override = { ...override, selector: reader.textMap(entry, at) };
    },
    settings: (entry, at) => {
      override = { ...override, settings: readSettings(reader, entry, at) };
    },
    enabled: (entry, at) => {
      const enabled = reader.boolean(entry, at);
      if (enabled !== undefined) override = { ...override, enabled };
    },
    pin: (entry, at) => {
      override = { ...override, pin: reader.boolean(entry, at) ?? false };
    },
  });
  const read = { ...override, model: texts.model.trim(), reason: texts.reason, phase };
  addViolations(reader, overrideViolations(read), path);
  addReason(reader, texts.reason, path);
  return read;
}

function readVersion(reader: DocumentReader, value: unknown, path: string): ExportedVersion {
  const texts = { model: "", version: "", content_hash: "", saved_by: "", reason: "" };
  let savedAtMs = 0;
  let stored: ModelConfig | null = null;
  let prompts: VersionPrompt[] = [];
  reader.map(value, path, {
    ...textReaders(reader, texts),
    saved_at_ms: (entry, at) => {
      const read = reader.number(entry, at) ?? 0;
      if (Number.isSafeInteger(read) && read >= 0) savedAtMs = read;
      else reader.add(at, "must be a whole number of milliseconds since 1970");
    },
    config: (entry, at) => {
      if (entry !== null) stored = readConfig(reader, entry, at);
    },
    prompts: (entry, at) => {
      prompts = reader.list(entry, at, (item, place) => {
        const { type, text } = readTexts(reader, item, place, ["type", "text"]);
        addPromptViolations(reader, { type, text }, place);
        return { type, text };
      });
    },
  });
  addName(reader, texts.model, `${path}.model`);
  const violation = versionNameViolation(texts.version);
  if (violation) reader.add(`${path}.version`, violation);
  addReason(reader, texts.reason, path);
  return {
    model: texts.model.trim(),
    version: texts.version,
    contentHash: texts.content_hash,
    savedAtMs,
    savedBy: texts.saved_by,
    reason: texts.reason,
    stored,
    prompts: sorted(prompts, ({ type }) => type),
  };
}

function readLabel(reader: DocumentReader, value: unknown, path: string): ExportedLabel {
  const { model, label, version } = readTexts(reader, value, path, ["model", "label", "version"]);
  addName(reader, model, `${path}.model`);
  const violation = labelViolation(label);
  if (violation) reader.add(`${path}.label`, violation);
  return { model: model.trim(), label, version };
}

function readTexts<K extends string>(
  reader: DocumentReader,
  value: unknown,
  path: string,
  names: readonly K[],
): Record<K, string> {
  const texts = Object.fromEntries(names.map((name) => [name, ""])) as Record<K, string>;
  reader.map(value, path, textReaders(reader, texts));
  return texts;
}

function textReaders<K extends string>(
  reader: DocumentReader,
  into: Record<K, string>,
): Record<string, FieldReader> {
  return Object.fromEntries(
    (Object.keys(into) as K[]).map((name): [string, FieldReader] => [
      name,
      (value, path) => {
        into[name] = reader.text(value, path) ?? "";
      },
    ]),
  );
}

function addName(reader: DocumentReader, name: string, path: string): void {
  const violation = modelNameViolation(name);
  if (violation) reader.add(path, violation);
}

function addPromptViolations(reader: DocumentReader, prompt: VersionPrompt, path: string): void {
  const parsed = parseTemplate(prompt.text);
  const found = parsed.kind === "invalid" ? parsed.violations : [];
  addViolations(reader, [...promptTypeViolations(prompt.type, "template.type"), ...found], path);
}

function addReason(reader: DocumentReader, reason: string, path: string): void {
  if (reason.length > REASON_LENGTH_MAX)
    reader.add(`${path}.reason`, `must have at most ${REASON_LENGTH_MAX} characters`);
}

/** Two entries that say what one thing is. */
function addDoubled(reader: DocumentReader, content: ExportContent): void {
  const lists: readonly [string, readonly string[]][] = [
    ["configs", content.configs.map(({ modelName }) => modelName)],
    ["prompts", content.prompts.map(({ model, type }) => JSON.stringify([model, type]))],
    ["overrides", content.overrides.map(overrideIdentity)],
    ["versions", content.versions.map(({ model, version }) => JSON.stringify([model, version]))],
    ["labels", content.labels.map(({ model, label }) => JSON.stringify([model, label]))],
  ];
  for (const [name, identities] of lists) {
    const first = new Map<string, number>();
    for (const [index, identity] of identities.entries()) {
      const other = first.get(identity);
      if (other === undefined) first.set(identity, index);
      else reader.add(`${name}[${index}]`, `is the same as ${name}[${other}]; keep one of them`);
    }
  }
}

/** Stable, by code units. */
function sorted<T>(items: readonly T[], textOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, text: textOf(item) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ item }) => item);
}
