import { assert } from "../kernel/assert.ts";
import type { Violation } from "../kernel/fault.ts";
import {
  ATTRIBUTE_KEY_LENGTH_MAX,
  ATTRIBUTE_VALUE_LENGTH_MAX,
  ATTRIBUTES_MAX,
  DIMENSIONS_MAX,
} from "../kernel/limits.ts";
import { hasControlCharacter } from "../kernel/text.ts";
import type { Phase } from "./phase.ts";

export type Attributes = Readonly<Record<string, string>>;

/** Attributes that partition statistics, in the order in which scopes list their values. */
export const DEFAULT_DIMENSIONS: readonly string[] = ["environment", "agent"];
assert(DEFAULT_DIMENSIONS.length <= DIMENSIONS_MAX, "the dimensions are within their bound");

/** What statistics are kept for: a model config in a phase, with one value per dimension ("" where the caller gave none). */
export interface Scope {
  readonly model: string;
  readonly phase: Phase;
  readonly dimensions: readonly string[];
}

export function scopeOf(
  model: string,
  phase: Phase,
  attributes: Attributes,
  dimensions: readonly string[],
): Scope {
  return { model, phase, dimensions: dimensions.map((name) => attributes[name] ?? "") };
}

/** A text that equals for equal scopes only. */
export function scopeKey(scope: Scope): string {
  return JSON.stringify([scope.model, scope.phase, ...scope.dimensions]);
}

/** The dimensions' values by name, without the empty ones. */
export function scopeAttributes(scope: Scope, dimensions: readonly string[]): Attributes {
  return Object.fromEntries(
    dimensions.flatMap((name, index) => {
      const value = scope.dimensions[index];
      return value ? [[name, value]] : [];
    }),
  );
}

/** Every broken rule of a request's attributes. */
export function attributeViolations(attributes: Attributes, path = "attributes"): Violation[] {
  const entries = Object.entries(attributes);
  const violations: Violation[] = [];
  if (entries.length > ATTRIBUTES_MAX) {
    violations.push({ field: path, message: `must have at most ${ATTRIBUTES_MAX} entries` });
  }
  for (const [key, value] of entries.slice(0, ATTRIBUTES_MAX)) {
    if (key === "" || key.length > ATTRIBUTE_KEY_LENGTH_MAX || hasControlCharacter(key)) {
      violations.push({
        field: path,
        message: `keys must have 1 to ${ATTRIBUTE_KEY_LENGTH_MAX} printable characters`,
      });
    }
    if (value.length > ATTRIBUTE_VALUE_LENGTH_MAX || hasControlCharacter(value)) {
      violations.push({
        field: `${path}.${key}`,
        message: `must have at most ${ATTRIBUTE_VALUE_LENGTH_MAX} printable characters`,
      });
    }
  }
  return violations;
}
