import { EXPERIMENT_ALPHA } from "../../src/domain/experiment/evidence-design.ts";
import { MILLION } from "../../src/domain/experiment/experiment.ts";
import { ProductRun } from "./product-run.ts";
import { seededRandom } from "./random.ts";

const TTL_MS = 1_000;

/** Control and a canary of a tenth. */
const ARMS = [
  { name: "control", variant: "", changes: {}, weightPpm: 0.9 * MILLION },
  { name: "canary", variant: "", changes: { temperature: 0.2 }, weightPpm: 0.1 * MILLION },
];

/** A canary as the guard meets it. */
export interface CanaryStream {
  /** Success of control. */
  readonly rate: number;
  /** What the canary adds to it. */
  readonly effect: number;
  /** The mean that the scope showed before the start; undefined where there was none. */
  readonly history: number | undefined;
  /** Units of both arms at most. */
  readonly units: number;
}

/**
 * Canary units until the guard stops it, by the product's own draw, table, release and fold, looked at after every unit; undefined
 * where it does not.
 */
export function canaryUnitsToStop(
  seed: number,
  { rate, effect, history, units }: CanaryStream,
): number | undefined {
  const random = seededRandom(seed);
  const known = history ?? 0.5;
  const run = new ProductRun(
    seed,
    { unitWindowMs: TTL_MS, ttlMs: TTL_MS },
    { arms: ARMS, outcomeVariances: [known * (1 - known)], outcomeMeans: [history ?? null] },
  );
  let canaries = 0;
  for (let unit = 0; unit < units; unit++) {
    const nowMs = unit * 10 * TTL_MS;
    const { sequence, arm } = run.assign(nowMs);
    canaries += arm;
    run.report(sequence, { outcome: random.bernoulli(rate + arm * effect), nowMs });
    run.release(nowMs + 5 * TTL_MS);
    if (run.peak("harm") >= Math.log(1 / EXPERIMENT_ALPHA)) return canaries;
  }
  return undefined;
}

/** The same of many streams. */
export function guardStreams(
  { seed, streams }: { readonly seed: number; readonly streams: number },
  stream: CanaryStream,
): (number | undefined)[] {
  return Array.from({ length: streams }, (_, i) => canaryUnitsToStop(seed + i, stream));
}
