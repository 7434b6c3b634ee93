import { expect, test } from "vitest";
import { runNullExperiments } from "./null-experiments.ts";

/** The largest count that a chance of `p` exceeds once in a thousand, of `n`: normal approximation, rounded up. */
function atMost(n: number, p: number): number {
  return Math.ceil(n * p + 3.1 * Math.sqrt(n * p * (1 - p)));
}

test("experiments without an effect, whose failures come late in one arm, claim one at the nominal rate", async () => {
  const result = await runNullExperiments({ experiments: 40, units: 300, seed: 1 });
  expect(result.claimsReleased).toBeLessThanOrEqual(atMost(40, 0.05));
  // Folded as they arrived, the same outcomes would claim: without it the test would show nothing.
  expect(result.claimsArrived).toBeGreaterThan(atMost(40, 0.05));
}, 120_000);
