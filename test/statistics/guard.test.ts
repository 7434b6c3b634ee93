import { expect, test } from "vitest";
import { guardStreams } from "./product-guard.ts";
import { binomialBound, quantileOf } from "./streams.ts";

test("a canary of a tenth that ruins half of its calls is stopped within ten of its units where the scope has a history, sooner than without", () => {
  const stopped = (history: number | undefined) =>
    quantileOf(
      guardStreams(
        { seed: 31_000, streams: 60 },
        { rate: 0.95, effect: -0.5, history, units: 1_000 },
      ),
      0.5,
    );
  const known = stopped(0.95);
  expect(known).toBeLessThanOrEqual(10);
  expect(known).toBeLessThan(stopped(undefined) / 1.5);
  // A history that is far off costs time, and no more of it than to have none.
  expect(stopped(0.5)).toBeLessThanOrEqual(stopped(undefined));
});

test.each([
  { rate: 0.95, history: 0.3 },
  { rate: 0.4, history: 0.95 },
])(
  "a canary like control at $rate is stopped no more often than promised by a history of $history",
  ({ rate, history }) => {
    const stream = { rate, effect: 0, history, units: 600 };
    const stops = guardStreams({ seed: 32_000, streams: 60 }, stream);
    expect(stops.filter((at) => at !== undefined).length).toBeLessThanOrEqual(
      binomialBound(60, 0.05),
    );
  },
);
