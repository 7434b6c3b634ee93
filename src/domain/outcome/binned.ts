import { addValue, EMPTY_SUMS, type PowerSums } from "../../stats/power-sums.ts";
import type { Outcome } from "./outcome.ts";
import { scoreScale } from "./score.ts";
import { countsForSuccess } from "./status.ts";

/** Quantities without an upper bound, of which only bounded functionals decide anything. */
export type HeavyQuantity = "latency" | "tokens" | "cost";

/** Power sums of a cell by bin; a bin's name is a quantity and a number. */
export type BinnedSums = Readonly<Record<string, PowerSums>>;

/** Each octave in two: how finely limits of output tokens and latency are told apart. */
const HALVES = 2;
/** Retries that are told apart; settings allow a hundred. */
const RETRIES_MAX = 100;
/** Above 2^60 nothing that is reported lies. */
const OCTAVE_MAX = 60;

/** The name of a bin of a heavy quantity: values in (2^(k-1), 2^k], the lowest also those below; sums are of x / 2^k. */
export function octaveName(quantity: HeavyQuantity, octave: number): string {
  return `${quantity} ${octave}`;
}

/** Quality of calls by output tokens in (2^((k-1)/2), 2^(k/2)], as sums of quality / 100. */
export function qualityBinName(half: number): string {
  return `quality by output tokens ${half}`;
}

/** Input and output tokens together, of the calls of a quality bin; sums of tokens. */
export function tokensByOutputName(half: number): string {
  return `tokens by output tokens ${half}`;
}

/** Successful calls by latency in milliseconds in (2^((k-1)/2), 2^(k/2)]; sums of ones. */
export function successBinName(half: number): string {
  return `success by latency ${half}`;
}

/** Whether calls succeeded, as sums of 0 and 1, by the retries that they took; more than RETRIES_MAX count as so many. */
export function successByRetriesName(retries: number): string {
  return `success by retries ${retries}`;
}

/** The numbers of the bins of one kind that a cell holds, ascending, with their sums. */
export function binsOf(
  binned: BinnedSums,
  name: (bin: number) => string,
): { readonly bin: number; readonly sums: PowerSums }[] {
  const found: { bin: number; sums: PowerSums }[] = [];
  for (let bin = 0; bin <= OCTAVE_MAX * HALVES; bin++) {
    const key = name(bin);
    const sums = Object.hasOwn(binned, key) ? binned[key] : undefined;
    if (sums) found.push({ bin, sums });
  }
  return found;
}

/** The upper edge of a half octave. */
export function halfOctaveEdge(half: number): number {
  return 2 ** (half / HALVES);
}

/** The largest half octave whose edge is at most a value; -1 where the value is below the lowest edge. */
export function halfOctaveWithin(value: number): number {
  return value < 1 ? -1 : Math.floor(HALVES * Math.log2(value) + 1e-9);
}

/** Adds what one outcome brings to the bins of a cell. */
export function foldBinned(binned: BinnedSums, outcome: Outcome): BinnedSums {
  const next: Record<string, PowerSums> = { ...binned };
  eachBinned(outcome, (name, value) => {
    next[name] = addValue(next[name] ?? EMPTY_SUMS, value);
  });
  return next;
}

/** Names every value that one outcome brings to bins. */
export function eachBinned(outcome: Outcome, add: (name: string, value: number) => void): void {
  const { inputTokens, outputTokens, latencyMs, costNanoUsd, status, retries } = outcome;
  const octave = (quantity: HeavyQuantity, value: number | undefined) => {
    if (value === undefined) return;
    const k = binOf(value, 1);
    add(octaveName(quantity, k), Math.min(1, value / 2 ** k));
  };
  octave("latency", latencyMs);
  octave("cost", costNanoUsd);
  if (inputTokens !== undefined || outputTokens !== undefined)
    octave("tokens", (inputTokens ?? 0) + (outputTokens ?? 0));
  const quality = outcome.scores["quality"];
  if (quality !== undefined && outputTokens !== undefined) {
    const half = binOf(outputTokens, HALVES);
    add(qualityBinName(half), quality / scoreScale("quality").max);
    add(tokensByOutputName(half), (inputTokens ?? 0) + outputTokens);
  }
  if (status === "ok" && latencyMs !== undefined) add(successBinName(binOf(latencyMs, HALVES)), 1);
  if (retries !== undefined && countsForSuccess(status))
    add(successByRetriesName(Math.min(RETRIES_MAX, retries)), status === "ok" ? 1 : 0);
}

/** The lowest bin whose edge a value does not exceed. */
function binOf(value: number, parts: number): number {
  return value <= 1 ? 0 : Math.min(OCTAVE_MAX * parts, Math.ceil(parts * Math.log2(value) - 1e-9));
}
