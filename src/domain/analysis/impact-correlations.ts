import {
  correlationRatioWithin,
  correlationWithin,
  productCorrelationWithin,
  type ValueGroup,
} from "../../stats/correlation.ts";
import { EMPTY_SUMS, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { finish, type Steps } from "../../stats/steps.ts";
import type { Settings } from "../config/settings.ts";
import { boundedSums, mergePairs, NO_PAIRS, type PairTotals } from "../outcome/cell.ts";
import type { MeasuredArm } from "./measured-arm.ts";
import { METRICS, type Metric, ratedSums, utilitySums } from "./metric.ts";

/** How strongly a setting and an outcome go together: a description, not an effect. */
export interface ImpactCorrelation {
  readonly x: "temperature" | "tokens" | "timeout" | "model";
  readonly y: "quality" | "cost" | "success";
  /** Within strata where there are several; undefined where either does not vary. */
  readonly value: number | undefined;
  /** Over all outcomes at once, which a mix of unlike strata can turn round; undefined where there is one stratum. */
  readonly naive: number | undefined;
  readonly kind: "pearson" | "eta_squared";
  /** Outcomes with both. */
  readonly sampleSize: number;
  readonly strata: number;
}

/** What of an arm the correlations are computed from: little, since it may be kept of very many. */
export interface CorrelatedArm {
  readonly settings: Settings;
  readonly model: string;
  readonly stratum: string;
  /** As it counts: failed calls without a score have the worst one (`utilitySums`). */
  readonly quality: PowerSums;
  /** Calls that carry a score of their own. */
  readonly rated: number;
  readonly success: PowerSums;
  readonly tokensWithCost: PairTotals;
}

/** Arms between two steps. */
const ARMS_PER_STEP = 200;

/** What an arm brings to the correlations. */
export function correlatedArm({
  settings,
  model = "",
  stratum = "",
  cell,
}: MeasuredArm): CorrelatedArm {
  const quality = qualityMetric();
  return {
    settings,
    model,
    stratum,
    quality: utilitySums(cell, quality),
    rated: ratedSums(cell, quality).n,
    success: boundedSums(cell, "success"),
    tokensWithCost: cell.tokensWithCost,
  };
}

/**
 * The seed's four: quality by temperature, cost by tokens, success by timeout (Pearson), and quality by model, which has no order
 * (eta squared). Exact from the sums of the arms, within strata: those of a model by scope, those of models by the rest of it.
 */
export function impactCorrelations(arms: readonly CorrelatedArm[]): ImpactCorrelation[] {
  return finish(impactCorrelationSteps(arms));
}

/** The same in steps of well below a millisecond. */
export function* impactCorrelationSteps(
  arms: readonly CorrelatedArm[],
): Steps<ImpactCorrelation[]> {
  // Failures alone say nothing of quality.
  const isRated = arms.some(({ rated }) => rated > 0);
  const quality = (arm: CorrelatedArm) => (isRated ? arm.quality : EMPTY_SUMS);
  return [
    yield* bySetting(arms, { x: "temperature", y: "quality" }, (arm) => {
      return { value: arm.settings.temperature, sums: quality(arm) };
    }),
    yield* byTokens(arms),
    yield* bySetting(arms, { x: "timeout", y: "success" }, ({ settings, success }) => {
      return { value: settings.timeoutSeconds, sums: success };
    }),
    yield* byModel(arms, quality),
  ];
}

function* byTokens(arms: readonly CorrelatedArm[]): Steps<ImpactCorrelation> {
  const strata = new Map<string, PairTotals>();
  let all = NO_PAIRS;
  for (const [place, arm] of arms.entries()) {
    const { tokensWithCost: pairs } = arm;
    if (place % ARMS_PER_STEP === 0) yield;
    if (pairs.n === 0) continue;
    const key = scopeOf(arm);
    strata.set(key, mergePairs(strata.get(key) ?? NO_PAIRS, pairs));
    all = mergePairs(all, pairs);
  }
  return {
    ...{ x: "tokens", y: "cost", kind: "pearson", sampleSize: all.n },
    value: productCorrelationWithin([...strata.values()]),
    naive: strata.size > 1 ? productCorrelationWithin([all]) : undefined,
    strata: Math.max(1, strata.size),
  };
}

function* bySetting(
  arms: readonly CorrelatedArm[],
  names: Pick<ImpactCorrelation, "x" | "y">,
  read: (arm: CorrelatedArm) => { readonly value: number | undefined; readonly sums: PowerSums },
): Steps<ImpactCorrelation> {
  // Arms of one value are one group: as many groups as there are values, however many arms.
  const strata = new Map<string, Map<number, PowerSums>>();
  const all = new Map<number, PowerSums>();
  for (const [place, arm] of arms.entries()) {
    if (place % ARMS_PER_STEP === 0) yield;
    const { value, sums } = read(arm);
    if (value === undefined || sums.n === 0) continue;
    const key = scopeOf(arm);
    const own = strata.get(key) ?? new Map<number, PowerSums>();
    strata.set(key, own);
    for (const groups of [own, all])
      groups.set(value, mergeSums(groups.get(value) ?? EMPTY_SUMS, sums));
  }
  return {
    ...names,
    kind: "pearson",
    value: correlationWithin([...strata.values()].map(groupsOf)),
    naive: strata.size > 1 ? correlationWithin([groupsOf(all)]) : undefined,
    sampleSize: countOf(all.values()),
    strata: Math.max(1, strata.size),
  };
}

function* byModel(
  arms: readonly CorrelatedArm[],
  quality: (arm: CorrelatedArm) => PowerSums,
): Steps<ImpactCorrelation> {
  const strata = new Map<string, Map<string, PowerSums>>();
  const all = new Map<string, PowerSums>();
  for (const [place, arm] of arms.entries()) {
    if (place % ARMS_PER_STEP === 0) yield;
    const sums = quality(arm);
    if (arm.model === "" || sums.n === 0) continue;
    const own = strata.get(arm.stratum) ?? new Map<string, PowerSums>();
    strata.set(arm.stratum, own);
    for (const groups of [own, all])
      groups.set(arm.model, mergeSums(groups.get(arm.model) ?? EMPTY_SUMS, sums));
  }
  const within = [...strata.values()].map((groups) => [...groups.values()]);
  const isKnown = within.some(({ length }) => length > 1);
  return {
    ...{ x: "model", y: "quality", kind: "eta_squared" },
    value: isKnown ? correlationRatioWithin(within) : undefined,
    naive:
      strata.size > 1 && all.size > 1 ? correlationRatioWithin([[...all.values()]]) : undefined,
    sampleSize: countOf(all.values()),
    strata: Math.max(1, strata.size),
  };
}

function scopeOf({ model, stratum }: CorrelatedArm): string {
  return JSON.stringify([model, stratum]);
}

function groupsOf(values: ReadonlyMap<number, PowerSums>): ValueGroup[] {
  return [...values].map(([x, sums]) => ({ x, sums }));
}

/** A part of the failed calls counts where a part of the others is scored: not always a whole number. */
function countOf(groups: Iterable<PowerSums>): number {
  let count = 0;
  for (const { n } of groups) count += n;
  return Math.round(count);
}

function qualityMetric(): Metric {
  const [quality] = METRICS;
  if (!quality) throw new RangeError("quality is a metric");
  return quality;
}
