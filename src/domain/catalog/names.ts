import { MODEL_NAME_LENGTH_MAX } from "../kernel/limits.ts";
import { hasControlCharacter } from "../kernel/text.ts";
import { type BareMatch, matchBareName } from "./bare-name.ts";
import { LOCAL_ROUTES } from "./name-tables.ts";
import {
  type Unwrapped,
  unwrapCloud,
  unwrapColon,
  unwrapForm,
  unwrapSlashes,
  wrapped,
} from "./name-wrappers.ts";
import { matchOpenWeight } from "./open-weights.ts";
import type { ModelNameKind, NameContext, ResolvedName } from "./resolved-name.ts";
import { isBareFamily, lineageOf } from "./vendor-tables.ts";

type IsKnown = (id: string) => boolean;

type Meaning = {
  readonly kind: ModelNameKind;
  readonly route: string;
  readonly vendor: string;
  readonly canonicalId: string;
  readonly family: string;
  readonly tag: string;
  readonly floating: boolean;
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
};

/**
 * Says which model a name stands for, by the twelve ordered rules of the name resolution; the
 * first that answers wins. Total: every string has an answer, INVALID for an empty one, one
 * with control characters, and one above 256 characters. Nothing is ever found by substring,
 * and the name that goes to the provider is never rewritten.
 */
export function resolveModelName(name: string, context: NameContext): ResolvedName {
  const fault = faultOf(name);
  if (fault !== undefined) return invalid(name, fault);
  const text = name.trim();
  const target = context.aliases?.get(text.toLowerCase());
  const meaning = meaningOf(target ?? text, context);
  const key = operatorKey(text, context) ?? operatorKey(target ?? "", context);
  const known = isModelKind(meaning.kind);
  const steps = [...meaning.steps];
  if (target !== undefined) steps.unshift(`rule 2: operator alias of ${target}`);
  else if (key !== undefined) steps.unshift("rule 2: the whole name is the key of a config");
  const own = key !== undefined && !known;
  return {
    input: name,
    wireModel: text,
    route: meaning.route,
    vendor: meaning.vendor,
    canonicalId: own ? key : known ? meaning.canonicalId : text,
    family: meaning.family,
    configKey: key ?? (known ? (operatorKey(meaning.canonicalId, context) ?? "") : ""),
    snapshotOrTag: meaning.tag,
    kind: kindOf(meaning.kind, { own, aliased: target !== undefined }),
    floating: meaning.floating,
    steps,
    warnings: own ? [] : meaning.warnings,
  };
}

/**
 * Whether list prices of the catalog hold for a resolved name: not for local builds, which
 * cost nothing per token, nor for names that no model was found for.
 */
export function hasListPrice(name: ResolvedName): boolean {
  return isModelKind(name.kind) && name.kind !== "LOCAL_TAG" && !LOCAL_ROUTES.has(name.route);
}

function kindOf(
  kind: ModelNameKind,
  { own, aliased }: { readonly own: boolean; readonly aliased: boolean },
): ModelNameKind {
  if (aliased && (own || kind === "EXACT")) return "ALIAS";
  return own ? "EXACT" : kind;
}

function faultOf(name: string): string | undefined {
  if (name.length > MODEL_NAME_LENGTH_MAX) return `longer than ${MODEL_NAME_LENGTH_MAX} characters`;
  if (hasControlCharacter(name)) return "control character";
  if (!name.isWellFormed()) return "not well-formed text";
  return name.trim() === "" ? "empty" : undefined;
}

function invalid(name: string, fault: string): ResolvedName {
  return {
    input: name,
    wireModel: "",
    route: "",
    vendor: "",
    canonicalId: "",
    family: "",
    configKey: "",
    snapshotOrTag: "",
    kind: "INVALID",
    floating: false,
    steps: [`rule 1: ${fault}`],
    warnings: [],
  };
}

function isModelKind(kind: ModelNameKind): boolean {
  return kind !== "FAMILY" && kind !== "OPAQUE" && kind !== "UNKNOWN" && kind !== "INVALID";
}

function operatorKey(text: string, context: NameContext): string | undefined {
  if (text === "") return undefined;
  if (context.isConfigKey(text)) return text;
  const low = text.toLowerCase();
  return context.isConfigKey(low) ? low : undefined;
}

/** The catalog is asked first, so that a config for one release does not hide its model. */
function meaningOf(text: string, context: NameContext): Meaning {
  const listed = understand(text, context, context.catalog.has);
  if (isModelKind(listed.kind) || listed.kind === "OPAQUE") return listed;
  const configured = understand(text, context, context.isConfigKey);
  return isModelKind(configured.kind) ? configured : listed;
}

/** Rules 3 to 12 on a name without surrounding space. */
function understand(text: string, context: NameContext, isKnown: IsKnown): Meaning {
  const isModel = (id: string): boolean =>
    !id.includes(":") && matchBareName(id, isKnown) !== undefined;
  const formed = unwrapForm(wrapped(text));
  if (formed.opaque) return unknown(formed, "OPAQUE");
  const routed = formed.fineTune === "" ? unwrapSlashes(formed) : formed;
  if (routed.opaque) return unknown(routed, "OPAQUE");
  const direct = unwrapColon(routed, isModel);
  if (direct.rest.includes(":")) {
    const local = matchServerTag(direct, isKnown);
    if (local !== undefined) return local;
  }
  const bare = unwrapCloud(direct, isModel);
  const id = bare.rest.toLowerCase();
  const match =
    (id.includes(":") ? undefined : matchBareName(id, isKnown)) ?? matchFireworks(bare, isKnown);
  if (match !== undefined) return recognised(bare, match, context);
  return unrecognised(bare);
}

/** The `name:tag` of a local server: only for models whose weights are published. */
function matchServerTag(name: Unwrapped, isKnown: IsKnown): Meaning | undefined {
  const colon = name.rest.indexOf(":");
  const id = name.rest.slice(0, colon).toLowerCase();
  const tag = name.rest.slice(colon + 1);
  if (name.route !== "" && !LOCAL_ROUTES.has(name.route)) return undefined;
  const line = matchOpenWeight(id, tag);
  const canonicalId = line?.canonicalId ?? (isOpen(id) && isKnown(id) ? id : undefined);
  if (canonicalId === undefined || tag === "") return undefined;
  return localMeaning(
    { ...name, route: name.route === "" ? "ollama" : name.route },
    {
      canonicalId,
      tag: line?.tag ?? tag,
    },
  );
}

const isOpen = (id: string): boolean =>
  /^(?:gemma|qwen|deepseek|devstral|ministral|nemotron|glm|kimi|minimax|phi|granite)[-\d]/.test(id);

function localMeaning(
  name: Unwrapped,
  match: { readonly canonicalId: string; readonly tag: string },
): Meaning {
  const lineage = lineageOf(match.canonicalId);
  return {
    kind: "LOCAL_TAG",
    route: name.route,
    vendor: lineage?.vendor ?? "",
    family: lineage?.family ?? "",
    canonicalId: match.canonicalId,
    tag: match.tag,
    floating: match.tag === "latest",
    steps: [...name.steps, `rule 10: build ${match.tag} of ${match.canonicalId} on a local server`],
    warnings: [],
  };
}

/** Fireworks writes a dot between digits as the letter p. */
function matchFireworks(name: Unwrapped, isKnown: IsKnown): BareMatch | undefined {
  if (name.route !== "fireworks") return undefined;
  const match = matchBareName(name.rest.toLowerCase().replace(/(?<=\d)p(?=\d)/g, "."), isKnown);
  return match?.kind === "EXACT" ? { ...match, kind: "ALIAS" } : match;
}

function recognised(name: Unwrapped, match: BareMatch, context: NameContext): Meaning {
  const { vendor, family } = context.catalog.get(match.canonicalId) ??
    lineageOf(match.canonicalId) ?? { vendor: name.vendor, family: "" };
  if (name.local) return { ...localMeaning(name, match), vendor, family };
  if (name.vendor !== "" && name.vendor !== vendor) {
    const step = `${name.vendor} does not make ${match.canonicalId}`;
    return unknown({ ...name, steps: [...name.steps, step] }, "UNKNOWN");
  }
  const suffix = match.tag === "" ? name.suffix.replace(/^[-@:]/, "") : name.suffix;
  const floats = match.kind === "FLOATING_ALIAS" || /^(?:default|latest)$/.test(suffix);
  const kind = recognisedKind(name, match, floats);
  const tag = [match.tag + suffix, name.fineTune].filter((part) => part !== "").join("+");
  return {
    kind,
    route: name.route,
    vendor,
    family,
    canonicalId: match.canonicalId,
    tag: name.variant === "" ? tag : [tag, name.variant].filter((part) => part !== "").join(":"),
    floating: floats,
    steps: [...name.steps, match.step],
    warnings: floats ? ["the provider may change the model behind this name"] : [],
  };
}

function recognisedKind(name: Unwrapped, match: BareMatch, floats: boolean): ModelNameKind {
  if (name.fineTune !== "") return "FINE_TUNE";
  if (name.variant !== "") return "VARIANT";
  if (floats) return "FLOATING_ALIAS";
  return name.suffix === "" ? match.kind : "SNAPSHOT";
}

/** Rules 11 and 12. A deployment's name is free text, so a familiar start of it means nothing. */
function unrecognised(name: Unwrapped): Meaning {
  if (name.route === "azure") return unknown(name, "OPAQUE");
  const id = name.rest.toLowerCase();
  const lineage = lineageOf(id);
  const foreign = name.vendor !== "" && name.vendor !== lineage?.vendor;
  if (lineage === undefined || isBareFamily(id) || foreign) return unknown(name, "UNKNOWN");
  return {
    ...unknown(name, "FAMILY"),
    vendor: lineage.vendor,
    family: lineage.family,
    steps: [...name.steps, `rule 11: an unknown id of the family ${lineage.family}`],
  };
}

const UNKNOWN_WARNINGS = {
  FAMILY: "the model is not known, only its family; defaults apply",
  OPAQUE: "the name says nothing about its model; give it an alias or a config",
  UNKNOWN: "the model is not known; defaults apply",
} as const;

function unknown(name: Unwrapped, kind: keyof typeof UNKNOWN_WARNINGS): Meaning {
  return {
    kind,
    route: name.route,
    vendor: "",
    canonicalId: "",
    family: "",
    tag: "",
    floating: false,
    steps: kind === "UNKNOWN" ? [...name.steps, "rule 12: not known"] : name.steps,
    warnings: [UNKNOWN_WARNINGS[kind]],
  };
}
