import type { ModelRow } from "../../src/domain/catalog/model-row.ts";
import { lineageOf } from "../../src/domain/catalog/vendor-tables.ts";
import { canonicalOf, vendorOfNamespace } from "./canonical.ts";
import {
  capabilitiesFor,
  defaultEffortFor,
  lifecycleFor,
  nativeApiFor,
  samplingFor,
} from "./derive.ts";
import type { Draft, SourceModel } from "./draft.ts";
import type { ZooFacts } from "./read-cross-checks.ts";

/** Everything that was read. */
export type Sources = {
  readonly piAi: readonly SourceModel[];
  readonly zoo: ReadonlyMap<string, ZooFacts>;
  readonly genai: readonly SourceModel[];
};

/** Where two sources name different prices for one model. */
export type PriceDispute = {
  readonly id: string;
  readonly taken: string;
  readonly other: string;
};

export type Assembly = {
  readonly rows: ReadonlyMap<string, Draft>;
  readonly disputes: readonly PriceDispute[];
};

/**
 * One row per canonical id. The first source that names an id decides; later ones fill what it
 * leaves open (prices, limits) and are compared with it. Order: vendors' files of pi-ai, its
 * gateways, llm-zoo, genai-prices.
 */
export function assemble(sources: Sources): Assembly {
  const ordered = [
    ...sources.piAi,
    ...[...sources.zoo.values()].map((facts) => facts.model),
    ...sources.genai,
  ];
  const bases = new Set(
    ordered
      .filter((model) => model.contextWindow > 0)
      .map((model) => canonicalOf(model.sourceId, () => false)),
  );
  const rows = new Map<string, Draft>();
  const disputes: PriceDispute[] = [];
  for (const model of ordered) {
    const id = canonicalOf(model.sourceId, (base) => bases.has(base));
    if (id === undefined) continue;
    const row = rows.get(id);
    if (row === undefined) {
      const made = makeRow(id, model, sources.zoo);
      if (made !== undefined) rows.set(id, made);
    } else {
      const dispute = mergeRow(row, model);
      if (dispute !== undefined) disputes.push(dispute);
    }
  }
  return { rows, disputes };
}

function makeRow(
  id: string,
  model: SourceModel,
  zoo: ReadonlyMap<string, ZooFacts>,
): Draft | undefined {
  const lineage = lineageOf(id);
  const vendor = lineage?.vendor ?? model.vendor ?? vendorOfNamespace(model.sourceId);
  if (vendor === undefined || model.contextWindow <= 0) return undefined;
  const facts = zoo.get(id) ?? zoo.get(model.sourceId);
  const efforts = model.efforts ?? (model.reasoning ? (facts?.model.efforts ?? []) : undefined);
  const effort = defaultEffortFor(id, efforts, facts);
  const out = model.outputTokensMax;
  const life = lifecycleFor(id, model, facts);
  return {
    id,
    vendor,
    family: lineage?.family ?? vendor,
    name: model.name,
    ctx: model.contextWindow,
    ...(out === undefined || out <= 0 ? {} : { out: Math.min(out, model.contextWindow) }),
    ...pricesOf(model, id),
    can: capabilitiesFor(model, { id, vendor }),
    ...(efforts === undefined ? {} : { efforts }),
    ...(effort === undefined ? {} : { effort }),
    ...(model.alwaysReasons && !(efforts?.includes("none") ?? false) ? { always: true } : {}),
    ...(life === "current" ? {} : { life }),
    ...samplingFor(id, efforts, model.refusesTemperature),
    api: nativeApiFor(id, vendor),
  };
}

/** A Llama line has many sizes and servers, so no price is its price. */
function pricesOf(model: SourceModel, id: string): Pick<ModelRow, "usd" | "tiers" | "src"> {
  if (model.prices === undefined || id.startsWith("llama-")) return {};
  return {
    usd: model.prices,
    ...(model.tiers === undefined || model.tiers.length === 0 ? {} : { tiers: model.tiers }),
    src: model.source,
  };
}

function mergeRow(row: Draft, model: SourceModel): PriceDispute | undefined {
  if (row.usd === undefined) Object.assign(row, pricesOf(model, row.id));
  if (row.out === undefined && model.outputTokensMax !== undefined) {
    row.out = Math.min(model.outputTokensMax, row.ctx);
  }
  // A price tier cannot begin where the window ends: that source shows the cheaper part only.
  if (row.tiers?.at(-1)?.[0] === row.ctx && model.contextWindow > row.ctx) {
    row.ctx = model.contextWindow;
  }
  const isCheck = model.source === "llm-zoo" || model.source === "genai-prices";
  if (!isCheck || row.usd === undefined || model.prices === undefined) return undefined;
  const equal = row.usd[0] === model.prices[0] && row.usd[1] === model.prices[1];
  if (equal) return undefined;
  return {
    id: row.id,
    taken: `${show(row.usd)} (${row.src})`,
    other: `${show(model.prices)} (${model.source})`,
  };
}

function show(prices: readonly (number | null)[]): string {
  return prices
    .slice(0, 2)
    .map((price) => (price ?? 0) / 1e6)
    .join("/");
}
