import { atMost, type HeavyRow } from "./heavy-row.ts";
import { ordersWithClaims } from "./product-orders.ts";
import { seededRandom } from "./random.ts";
import { hasSharedData, readReplay, type TemperatureRow } from "./shared-data.ts";

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
