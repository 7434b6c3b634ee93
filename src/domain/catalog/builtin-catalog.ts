import { type Catalog, type CatalogSnapshot, createCatalog } from "./catalog.ts";
import snapshot from "./snapshot.json" with { type: "json" };

/**
 * The catalog that comes with this release. A new object each time: make it once at start and
 * hand it on. Costs about the parsing of 100 KB; models are decoded when they are looked up.
 */
export function builtinCatalog(): Catalog {
  return createCatalog(snapshot as unknown as CatalogSnapshot);
}
