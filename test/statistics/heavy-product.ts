import { atLeast, atMost, type HeavyRow } from "./heavy-row.ts";
import { cliffWorld } from "./plateau-worlds.ts";
import { guardStreams } from "./product-guard.ts";
import { ordersWithClaims } from "./product-orders.ts";
import { seededRandom } from "./random.ts";
import { askedThrice, pairsWithZero, seasonClaims } from "./recorded-seasons.ts";
import { hasSharedData, readReplay, type TemperatureRow } from "./shared-data.ts";
import { quantileOf } from "./streams.ts";

const ORDERS = 200;
const LOOKS = 8;

/** What the product's own analysis claims of temperatures 0.0 to 1.0, in 200 orders of every recorded model. */
export function* productOrders(): Generator<HeavyRow> {
  if (!hasSharedData) return;
  const rows = [
    ...readReplay<TemperatureRow>("temperature-gpt-3.5-turbo.ndjson.gz"),
    ...readReplay<TemperatureRow>("temperature-null-two-models.ndjson.gz"),
  ].filter(({ settings }) => settings.temperature <= 1);
  for (const [model, own] of Map.groupBy(rows, (row) => row.model)) {
    const random = seededRandom(25_000);
    const found = ordersWithClaims(own, { orders: ORDERS, looks: LOOKS, random });
    yield atMost(
      `${model}, the product's analysis, T <= 1: orders with a claim`,
      found / ORDERS,
      0,
    );
  }
}

/** What experiments on the recorded answers claim of temperatures 0.0 to 1.0, by the product's own seasons; and that they claim a cliff. */
export function* recordedSeasons(): Generator<HeavyRow> {
  if (!hasSharedData) return;
  const all = [
    ...readReplay<TemperatureRow>("temperature-gpt-3.5-turbo.ndjson.gz"),
    ...readReplay<TemperatureRow>("temperature-null-two-models.ndjson.gz"),
  ].filter(({ labels }) => labels.prompt === "chain_of_thought");
  const isWhole = ({ labels }: TemperatureRow) => labels.exam === "comprehensive-100";
  for (const [model, own] of Map.groupBy(all, (row) => row.model)) {
    const usual = own.filter(({ settings }) => settings.temperature <= 1);
    const sets = {
      "one exam": usual.filter(isWhole),
      "ten exams": usual.filter((row) => !isWhole(row)),
    };
    for (const [name, rows] of Object.entries(sets)) {
      if (rows.length === 0) continue;
      const random = seededRandom(25_500);
      const pairs = pairsWithZero(rows);
      const orders = Array.from({ length: ORDERS }, () =>
        seasonClaims(rows, { pairs, looks: LOOKS, random }),
      );
      const found = orders.filter((claims) => claims.length > 0).length / ORDERS;
      yield atMost(
        `${model}, ${name}, seasons of experiments, T <= 1: orders with a claim`,
        found,
        0,
      );
    }
  }
  const whole = all.filter((row) => isWhole(row) && row.model === "gpt-3.5-turbo");
  const random = seededRandom(25_600);
  const orders = Array.from({ length: 50 }, () =>
    seasonClaims(askedThrice(whole), { pairs: [[1, 1.6]], looks: LOOKS, random }),
  );
  const found = orders.filter((claims) => claims.length > 0).length / orders.length;
  yield atLeast("gpt-3.5-turbo, 300 units, 1.0 against 1.6: orders with a claim", found, 0.95);
}

/** Target 6 through the product: the guard of a canary of a tenth, with a history of the scope that is right, wrong, or none. */
export function* canaries(): Generator<HeavyRow> {
  const seeds = { seed: 26_000, streams: 200 };
  for (const [effect, target] of [
    [-0.5, 10],
    [-0.2, 35],
    [-0.1, 110],
  ] as const) {
    const stream = { rate: 0.95, effect, history: 0.95, units: 8_000 };
    const median = quantileOf(guardStreams(seeds, stream), 0.5);
    yield atMost(`canary ${effect}, history .95: canary units, median`, median, target);
  }
  for (const [rate, history, most] of [
    [0.95, undefined, 15],
    [0.95, 0.6, 15],
    [0.6, 0.6, 10],
    [0.6, undefined, 15],
    [0.6, 0.95, 20],
  ] as const) {
    const median = quantileOf(
      guardStreams(seeds, { rate, effect: -0.5, history, units: 4_000 }),
      0.5,
    );
    const name = `canary -0.5 at ${rate}, history ${history ?? "none"}: canary units, median`;
    yield atMost(name, median, most);
  }
  for (const [rate, history] of [
    [0.95, 0.95],
    [0.95, 0.3],
    [0.6, 0.95],
  ] as const) {
    const stops = guardStreams(
      { seed: 27_000, streams: 400 },
      { rate, effect: 0, history, units: 3_000 },
    );
    const share = stops.filter((at) => at !== undefined).length / stops.length;
    // The target of a right history; elsewhere what is promised.
    const most = rate === history ? 0.02 : 0.05;
    yield atMost(`canary like control at ${rate}, history ${history}: stopped`, share, most);
  }
}

/** A plateau next to a cliff, looked at 30 times in 100 worlds: the last good level is served. */
export function* cliffs(): Generator<HeavyRow> {
  const how = { looks: 30, outcomesPerLook: 20 };
  const worlds = Array.from({ length: 100 }, (_, seed) => cliffWorld(seed + 1, how));
  const share = (of: readonly unknown[]) => of.length / worlds.length;
  yield atMost(
    "a plateau next to a cliff: a drift of its last level, ever",
    share(worlds.filter(({ isPlateauDrift }) => isPlateauDrift)),
    0.01,
  );
  yield atLeast(
    "the same worlds: that level ever looks worse",
    share(worlds.filter(({ isEverInDoubt }) => isEverInDoubt)),
    0.05,
  );
  yield atLeast(
    "the same worlds: the drift of the cliff is found",
    share(worlds.filter(({ isCliffDrift }) => isCliffDrift)),
    1,
  );
}
