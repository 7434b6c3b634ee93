import type { ModelFacts } from "./model-facts.ts";
import { decodeModelRow, type ModelRow } from "./model-row.ts";

/** One package that the snapshot was made from. */
export type CatalogSource = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** What was taken from it. */
  readonly use: string;
};

/** The stored form of the catalog, as `npm run catalog:update` writes it. */
export type CatalogSnapshot = {
  readonly schemaVersion: number;
  /** Date of the newest source, in milliseconds since the epoch. */
  readonly generatedAtMs: number;
  /** The same date as YYYY-MM-DD. */
  readonly generatedOn: string;
  readonly sources: readonly CatalogSource[];
  readonly models: readonly ModelRow[];
};

/** Version, age and size of a catalog. */
export type CatalogInfo = {
  readonly schemaVersion: number;
  readonly generatedAtMs: number;
  readonly generatedOn: string;
  readonly sources: readonly CatalogSource[];
  readonly modelCount: number;
  readonly pricedCount: number;
  /** Models by lifecycle; a lifecycle without models is absent. */
  readonly countByLifecycle: ReadonlyMap<string, number>;
  /** Models by vendor. */
  readonly countByVendor: ReadonlyMap<string, number>;
};

/** Facts of known models, looked up by canonical id. Immutable to its users. */
export type Catalog = {
  /** Facts of a model, or undefined; the id is compared without regard to ASCII case. */
  readonly get: (canonicalId: string) => ModelFacts | undefined;
  /** Whether the catalog has a model; costs no decoding. */
  readonly has: (canonicalId: string) => boolean;
  /** All canonical ids, in code unit order. */
  readonly ids: readonly string[];
  /** All facts, in the order of `ids`. Decodes what was not yet looked up. */
  readonly list: () => readonly ModelFacts[];
  readonly info: CatalogInfo;
};

/**
 * Makes a catalog of a snapshot. Rows are decoded at their first lookup and kept, so that a
 * process pays only for the models that it asks for. A snapshot without models is a catalog
 * that knows nothing.
 */
export function createCatalog(snapshot: CatalogSnapshot): Catalog {
  const rows = new Map<string, ModelRow>();
  for (const row of snapshot.models) rows.set(row.id, row);
  const ids = [...rows.keys()].sort();
  const decoded = new Map<string, ModelFacts>();

  function get(canonicalId: string): ModelFacts | undefined {
    const id = canonicalId.toLowerCase();
    const known = decoded.get(id);
    if (known !== undefined) return known;
    const row = rows.get(id);
    if (row === undefined) return undefined;
    const facts = decodeModelRow(row, snapshot.generatedOn);
    decoded.set(id, facts);
    return facts;
  }

  return {
    get,
    has: (canonicalId) => rows.has(canonicalId.toLowerCase()),
    ids,
    list: () => ids.map((id) => get(id)).filter((facts) => facts !== undefined),
    info: describe(snapshot),
  };
}

function describe(snapshot: CatalogSnapshot): CatalogInfo {
  const countByLifecycle = new Map<string, number>();
  const countByVendor = new Map<string, number>();
  let pricedCount = 0;
  for (const row of snapshot.models) {
    const lifecycle = row.life ?? "current";
    countByLifecycle.set(lifecycle, (countByLifecycle.get(lifecycle) ?? 0) + 1);
    countByVendor.set(row.vendor, (countByVendor.get(row.vendor) ?? 0) + 1);
    if (row.usd !== undefined) pricedCount += 1;
  }
  return {
    schemaVersion: snapshot.schemaVersion,
    generatedAtMs: snapshot.generatedAtMs,
    generatedOn: snapshot.generatedOn,
    sources: snapshot.sources,
    modelCount: snapshot.models.length,
    pricedCount,
    countByLifecycle,
    countByVendor,
  };
}
