import { parse } from "yaml";
import type { ModelRow } from "../../src/domain/catalog/model-row.ts";
import type { Draft } from "./draft.ts";
import { picoUsd } from "./draft.ts";

type Override = Partial<Omit<ModelRow, "id" | "usd">> & {
  readonly reason: string;
  /** Prices in USD per million tokens, by position as in the snapshot. */
  readonly usd?: readonly (number | null)[];
  /** Takes the row of another model as a start. */
  readonly like?: string;
  /** Removes the model. */
  readonly drop?: boolean;
};

/**
 * Applies catalog/overrides.yaml: corrections of what the sources get wrong, and models that
 * no source has. Every entry states its reason. Throws on an entry without a reason, and on a
 * new model that lacks a required field.
 */
export function applyOverrides(rows: Map<string, Draft>, yaml: string): void {
  const { models } = parse(yaml) as { models: Record<string, Override> };
  for (const [id, override] of Object.entries(models)) {
    const { reason, like, drop, usd, ...fields } = override;
    if (typeof reason !== "string") throw new Error(`override of ${id} has no reason`);
    if (drop === true) {
      rows.delete(id);
      continue;
    }
    const start = rows.get(like ?? id);
    if (like !== undefined && start === undefined) throw new Error(`${like} is not known`);
    const row = { ...start, ...fields, id } as Draft;
    if (usd !== undefined) {
      row.usd = usd.map((price) => (price === null ? null : picoUsd(price)));
      row.src = fields.src ?? "override";
    }
    for (const key of ["vendor", "family", "name", "ctx", "can", "api"] as const) {
      if (row[key] === undefined) throw new Error(`override of ${id} lacks ${key}`);
    }
    rows.set(id, row);
  }
}
