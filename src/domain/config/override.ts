import type { Violation } from "../kernel/fault.ts";
import type { Phase } from "./phase.ts";
import { type Attributes, attributeViolations } from "./scope.ts";
import type { Settings } from "./settings.ts";
import { modelNameViolation, settingsViolations } from "./validate.ts";

/** Attributes that one selector may name. */
export const SELECTOR_KEYS_MAX = 8;
/** Overrides and pins together. Each lookup of a model looks through those of its model and those of every model. */
export const OVERRIDES_MAX = 2_000;

/** Settings for the requests that a selector matches. A pin is an override that nothing automatic may cross. */
export interface Override {
  readonly overrideId: string;
  /** Key of the model config; empty for every model. */
  readonly model: string;
  /** Undefined for every phase. */
  readonly phase: Phase | undefined;
  /** Equalities that must all hold. */
  readonly selector: Attributes;
  readonly settings: Settings;
  /** False switches the requests off. */
  readonly enabled?: boolean;
  readonly pin: boolean;
  readonly revision: number;
  readonly changedBy: string;
  readonly reason: string;
  readonly atMs: number;
}

/** What a request brings for overrides to match. */
export interface OverrideSubject {
  readonly model: string;
  readonly phase: Phase;
  readonly attributes: Attributes;
}

/** A text that two overrides share when one replaces the other: the same model, phase, selector and kind. */
export function overrideIdentity(
  override: Pick<Override, "model" | "phase" | "selector" | "pin">,
): string {
  const selector = Object.entries(override.selector).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([override.pin, override.model, override.phase ?? "", selector]);
}

export function overrideMatches(override: Override, subject: OverrideSubject): boolean {
  if (override.model !== "" && override.model !== subject.model) return false;
  if (override.phase !== undefined && override.phase !== subject.phase) return false;
  return Object.entries(override.selector).every(
    ([key, value]) => subject.attributes[key] === value,
  );
}

/**
 * Overrides that match, in the order in which they merge: fewer keys first, so that the more special one wins; with as many keys,
 * the one whose keys are declared earlier wins. Model and phase are keys too, ranked before all attributes. Two different
 * selectors with the same keys cannot both match, so there are no ties.
 */
export function matchingOverrides(
  overrides: Iterable<Override>,
  subject: OverrideSubject,
  dimensions: readonly string[],
): Override[] {
  return [...overrides]
    .filter((override) => overrideMatches(override, subject))
    .map((override) => ({ override, ranks: ranksOf(override, dimensions) }))
    .toSorted((a, b) => compareRanks(a.ranks, b.ranks))
    .map(({ override }) => override);
}

/** Every broken rule of an override. */
export function overrideViolations(
  override: Pick<Override, "model" | "selector" | "settings" | "enabled">,
): Violation[] {
  const violations = settingsViolations(override.settings, "override.settings");
  const name = override.model === "" ? undefined : modelNameViolation(override.model);
  if (name) violations.push({ field: "override.model", message: name });
  violations.push(...attributeViolations(override.selector, "override.selector"));
  if (Object.keys(override.selector).length > SELECTOR_KEYS_MAX) {
    violations.push({
      field: "override.selector",
      message: `must have at most ${SELECTOR_KEYS_MAX} keys`,
    });
  }
  if (Object.keys(override.settings).length === 0 && override.enabled === undefined) {
    violations.push({ field: "override.settings", message: "must set something, or enabled" });
  }
  return violations;
}

/** Ranks of the keys that an override names, best first. Attributes that are no dimensions follow in the order of their names. */
function ranksOf(override: Override, dimensions: readonly string[]): readonly string[] {
  const rankOf = (key: string) => {
    const place = dimensions.indexOf(key);
    return place < 0 ? `9${key}` : `1${String(place).padStart(4, "0")}`;
  };
  const named = [
    ...(override.model === "" ? [] : ["00"]),
    ...(override.phase === undefined ? [] : ["01"]),
    ...Object.keys(override.selector).map(rankOf),
  ];
  return named.toSorted();
}

function compareRanks(a: readonly string[], b: readonly string[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [index, rank] of a.entries()) {
    const other = b[index] ?? "";
    if (rank !== other) return rank < other ? 1 : -1;
  }
  return 0;
}
