import {
  emptyDetector,
  foldOutcome,
  openDetector,
  readDetector,
  smallestTolerance,
} from "../../src/stats/detector.ts";
import { sumsOf } from "../../src/stats/power-sums.ts";
import { atMost, type HeavyRow } from "./heavy-row.ts";
import { type Random, seededRandom } from "./random.ts";

const STREAMS = 40;
const OUTCOMES_MAX = 20_000;
const REFERENCE = 4_000;
const THRESHOLD = 9e5;

/** Latencies that become others: all of them by a factor, or a part of them by a larger one. */
const CHANGES: readonly {
  readonly what: string;
  readonly share: number;
  readonly factor: number;
}[] = [
  { what: "all x 1.25", share: 1, factor: 1.25 },
  { what: "all x 1.5", share: 1, factor: 1.5 },
  { what: "all x 2", share: 1, factor: 2 },
  { what: "5 % x 8", share: 0.05, factor: 8 },
  { what: "10 % x 4", share: 0.1, factor: 4 },
];

/**
 * How soon a change of latency is found from the mean of min(x, cap), as the product watches it, and from the two indicators of
 * statistics.md 5.3, {x > p50} and {x > p95}, which share the threshold. The mean must not be much later than the sooner of the two.
 */
export function* latencyChanges(): Generator<HeavyRow> {
  for (const { what, share, factor } of CHANGES) {
    const median = (kind: Kind) => {
      const delays = Array.from({ length: STREAMS }, (_, seed) =>
        delayOf(kind, (random) => (random.uniform() < share ? factor : 1), seed + 1),
      ).toSorted((a, b) => a - b);
      return delays[STREAMS / 2] ?? Number.POSITIVE_INFINITY;
    };
    const [capped, half, tail] = [median("capped"), median("p50"), median("p95")];
    const name = `latency ${what}: found after (above p50 ${half}, above p95 ${tail})`;
    yield atMost(name, capped, 1.2 * Math.min(half, tail));
  }
}

type Kind = "capped" | "p50" | "p95";

function delayOf(kind: Kind, factor: (random: Random) => number, seed: number): number {
  const random = seededRandom(seed);
  const latency = (times: number) => times * 1000 * Math.exp(0.8 * random.normal());
  const seen = Array.from({ length: REFERENCE }, () => latency(1));
  const sorted = seen.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * REFERENCE)] ?? 0;
  const cap = 2 ** Math.ceil(Math.log2(at(0.99)));
  const limit = kind === "p50" ? at(0.5) : at(0.95);
  const outcome = (x: number) => (kind === "capped" ? Math.min(1, x / cap) : x > limit ? 1 : 0);
  const reference = sumsOf(seen.map(outcome));
  const design = openDetector({
    reference,
    tolerance: Math.max(0.01, smallestTolerance(reference)),
    threshold: kind === "capped" ? THRESHOLD : 2 * THRESHOLD,
  });
  let state = emptyDetector(design);
  for (let index = 0; index < OUTCOMES_MAX; index++) {
    const seenNow = { outcome: outcome(latency(factor(random))), at: index };
    state = foldOutcome(design, state, seenNow);
    if (readDetector(design, state).isAlarm) return index + 1;
  }
  return Number.POSITIVE_INFINITY;
}
