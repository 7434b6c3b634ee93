import { FLOATING_BASES, NAME_ALIASES } from "./name-tables.ts";
import { matchOpenWeight, OPEN_WEIGHT_IDS } from "./open-weights.ts";
import type { ModelNameKind } from "./resolved-name.ts";

/** A model id found in a name from which route, vendor and wrappers are already removed. */
export type BareMatch = {
  readonly canonicalId: string;
  readonly tag: string;
  readonly kind: Extract<ModelNameKind, "EXACT" | "ALIAS" | "SNAPSHOT" | "FLOATING_ALIAS">;
  /** The rule that answered, for people. */
  readonly step: string;
};

type IsKnown = (id: string) => boolean;

/**
 * Rules 6 to 10: the exact id, the alias table, a date, a floating suffix, the dotted spelling
 * of Claude, an open-weight name with its size. `id` is lower case and holds no colon. Each
 * rule that removes a part demands that what remains is known, so nothing is ever guessed.
 */
export function matchBareName(id: string, isKnown: IsKnown): BareMatch | undefined {
  return (
    matchListed(id, isKnown) ??
    matchDated(id, isKnown) ??
    matchFloating(id, isKnown) ??
    matchDottedClaude(id, isKnown) ??
    matchSized(id)
  );
}

function matchListed(id: string, isKnown: IsKnown): BareMatch | undefined {
  const known = isKnown(id) || OPEN_WEIGHT_IDS.has(id);
  if (known && id.endsWith("-latest")) {
    const step = "rule 6: an id of its own that its provider moves";
    return { canonicalId: id, tag: "latest", kind: "FLOATING_ALIAS", step };
  }
  if (known) return { canonicalId: id, tag: "", kind: "EXACT", step: "rule 6: exact id" };
  const target = NAME_ALIASES.get(id);
  if (target === undefined) return undefined;
  return { ...target, step: `rule 6: alias table, stands for ${target.canonicalId}` };
}

/** Families that write month and day only. Other four-digit endings are not dates. */
const MONTH_DAY_BASES =
  /^(?:gpt-4|gpt-4-32k|gpt-35?(?:\.5)?-turbo(?:-16k)?|glm-.+|grok-.+|kimi-.+|deepseek-.+|qwen.+)$/;

const DATE_ENDINGS: readonly {
  readonly ending: RegExp;
  readonly allowed?: RegExp;
}[] = [
  { ending: /-((20\d\d)-(?<month>\d\d)-(?<day>\d\d))$/ },
  { ending: /-((20\d\d)(?<month>\d\d)(?<day>\d\d))$/ },
  { ending: /-(preview-(?<month>\d\d)-(?<day>\d\d))$/, allowed: /^gemini-/ },
  { ending: /-(preview-(?<month>\d\d)-20\d\d)$/, allowed: /^gemini-/ },
  { ending: /-((?<month>\d\d)-20\d\d)$/, allowed: /^command-/ },
  { ending: /-((?<month>\d\d)-(?<day>\d\d))$/, allowed: /^qwen/ },
  { ending: /-((?<month>\d\d)(?<day>\d\d))$/, allowed: MONTH_DAY_BASES },
  { ending: /-(00\d)$/, allowed: /^gemini-/ },
];

function matchDated(id: string, isKnown: IsKnown): BareMatch | undefined {
  for (const { ending, allowed } of DATE_ENDINGS) {
    const found = ending.exec(id);
    const tag = found?.[1];
    if (found === null || tag === undefined || !isDate(found.groups)) continue;
    const rest = id.slice(0, found.index);
    if (allowed !== undefined && !allowed.test(rest)) continue;
    const base = matchListed(rest, isKnown) ?? matchDottedClaude(rest, isKnown);
    if (base === undefined || base.kind === "FLOATING_ALIAS") continue;
    const step = `rule 7: release ${tag} of the known ${base.canonicalId}`;
    return { canonicalId: base.canonicalId, tag, kind: "SNAPSHOT", step };
  }
  return undefined;
}

function isDate(parts: Record<string, string | undefined> | undefined): boolean {
  const month = Number(parts?.["month"] ?? "1");
  const day = Number(parts?.["day"] ?? "1");
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function matchFloating(id: string, isKnown: IsKnown): BareMatch | undefined {
  const found = /-(latest|preview)$/.exec(id);
  const tag = found?.[1];
  if (found === null || tag === undefined) return undefined;
  const rest = id.slice(0, found.index);
  const base = matchListed(rest, isKnown) ?? matchDottedClaude(rest, isKnown);
  const isBase = tag === "latest" && FLOATING_BASES.has(rest);
  if (base === undefined && !isBase) return undefined;
  const canonicalId = base?.canonicalId ?? rest;
  const step = `rule 8: ${tag} of ${canonicalId}, which its provider moves`;
  return { canonicalId, tag, kind: "FLOATING_ALIAS", step };
}

function matchDottedClaude(id: string, isKnown: IsKnown): BareMatch | undefined {
  if (!id.startsWith("claude-") || !/\d\.\d/.test(id)) return undefined;
  const dashed = id.replace(/(?<=\d)\.(?=\d)/g, "-");
  const base =
    matchListed(dashed, isKnown) ?? matchDated(dashed, isKnown) ?? matchFloating(dashed, isKnown);
  if (base === undefined) return undefined;
  const step = `rule 9: dots to dashes, then ${base.step}`;
  return { ...base, kind: base.kind === "EXACT" ? "ALIAS" : base.kind, step };
}

function matchSized(id: string): BareMatch | undefined {
  const line = matchOpenWeight(id, "");
  if (line === undefined) return undefined;
  const step = `rule 10: open weights of ${line.canonicalId}`;
  return { ...line, kind: line.tag === "" ? "ALIAS" : "SNAPSHOT", step };
}
