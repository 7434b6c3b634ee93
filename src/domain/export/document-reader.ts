import { suggestNames } from "../catalog/suggestions.ts";
import type { Violation } from "../kernel/fault.ts";

/** What a field of a map must hold, and where it goes. */
export type FieldReader = (value: unknown, path: string) => void;

/** Problems that are listed of one document; a person mends the first ones first. */
export const DOCUMENT_PROBLEMS_MAX = 100;

/**
 * Reads plain values, as a YAML or JSON text holds them, and collects everything that is wrong with their paths, for example
 * `configs[0].phases.planning.temperature`.
 */
export class DocumentReader {
  readonly violations: Violation[] = [];

  add(field: string, message: string): void {
    if (this.violations.length < DOCUMENT_PROBLEMS_MAX) this.violations.push({ field, message });
  }

  /** Hands each entry of a map to its reader. Unknown keys are violations, with the nearest known one. */
  map(value: unknown, path: string, fields: Readonly<Record<string, FieldReader>>): void {
    if (!isMap(value)) {
      this.add(path, "must be a map");
      return;
    }
    const known = Object.keys(fields);
    for (const [key, entry] of Object.entries(value)) {
      const read = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (read) read(entry, below(path, key));
      else {
        const near = suggestNames(key, known)[0];
        const hint = near === undefined ? `known are ${known.join(", ")}` : `did you mean ${near}?`;
        this.add(path, `has no field ${JSON.stringify(key)}; ${hint}`);
      }
    }
  }

  /** The items of a list, each with its path; an absent list is empty. */
  list<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): T[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map((item, index) => read(item, `${path}[${index}]`));
    this.add(path, "must be a list");
    return [];
  }

  text(value: unknown, path: string): string | undefined {
    if (typeof value === "string") return value;
    this.add(
      path,
      typeof value === "number" ? "must be a text; put it in quotes" : "must be a text",
    );
    return undefined;
  }

  texts(value: unknown, path: string): string[] {
    return this.list(value, path, (item, at) => this.text(item, at)).filter(
      (text) => text !== undefined,
    );
  }

  /** Texts by key. */
  textMap(value: unknown, path: string): Record<string, string> {
    if (!isMap(value)) {
      this.add(path, "must be a map");
      return {};
    }
    const entries = Object.entries(value).flatMap(([key, entry]) => {
      const text = this.text(entry, path);
      return text === undefined ? [] : [[key, text] as const];
    });
    return Object.fromEntries(entries);
  }

  number(value: unknown, path: string): number | undefined {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.add(path, "must be a number");
    return undefined;
  }

  boolean(value: unknown, path: string): boolean | undefined {
    if (typeof value === "boolean") return value;
    this.add(path, "must be true or false");
    return undefined;
  }
}

/** A path of a field of a map. */
export function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
