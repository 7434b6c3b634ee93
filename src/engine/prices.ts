import type { ModelPrices } from "../domain/catalog/model-facts.ts";
import { hasListPrice } from "../domain/catalog/names.ts";
import { type Cost, costOf, type TokenUsage } from "../domain/catalog/price.ts";
import { type ConfigState, resolveName } from "../domain/config/registry.ts";

/** Names whose price is kept: above what agents call in a day. Beyond it all are looked up again. */
const NAMES_KEPT_MAX = 2_000;

/** What calls cost by the list prices of the catalog. Resolving a name costs more than the rest, so that prices are kept by name. */
export class Prices {
  readonly #state: () => ConfigState;
  #keptOf: ConfigState | undefined;
  readonly #kept = new Map<string, ModelPrices | undefined>();

  /** @param state the configs of the moment, which decide what names stand for. */
  constructor(state: () => ConfigState) {
    this.#state = state;
  }

  /** The cost of a call; undefined where the catalog has no price that holds for the name, as for local builds. */
  costOf(model: string, usage: TokenUsage): Cost | undefined {
    return costOf(this.#pricesOf(model), usage);
  }

  #pricesOf(model: string): ModelPrices | undefined {
    const state = this.#state();
    if (this.#keptOf !== state || this.#kept.size >= NAMES_KEPT_MAX) {
      this.#kept.clear();
      this.#keptOf = state;
    }
    if (this.#kept.has(model)) return this.#kept.get(model);
    const name = resolveName(state, model);
    const prices = hasListPrice(name) ? state.catalog.get(name.canonicalId)?.prices : undefined;
    this.#kept.set(model, prices);
    return prices;
  }
}
