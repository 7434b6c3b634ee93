import { correlationRatio, pearsonCorrelation } from "../../stats/correlation.ts";
import { EMPTY_SUMS, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { finish, type Steps } from "../../stats/steps.ts";
import type { Settings } from "../config/settings.ts";
import { boundedSums, type Cell, mergePairs, NO_PAIRS, type PairTotals } from "../outcome/cell.ts";

/** How strongly a setting and an outcome go together: a description, not an effect. */
export interface ImpactCorrelation {
  readonly x: "temperature" | "tokens" | "timeout" | "model";
  readonly y: "quality" | "cost" | "success";
  /** Undefined where either does not vary. */
  readonly value: number | undefined;
  readonly kind: "pearson" | "eta_squared";
  /** Outcomes with both. */
  readonly sampleSize: number;
}

/** What of an arm the correlations are computed from. */
export interface CorrelatedArm {
  readonly settings: Settings;
  readonly model?: string;
  readonly cell: Pick<Cell, "bounded" | "tokensWithCost">;
}

/** Arms between two steps. */
const ARMS_PER_STEP = 200;

/**
 * The seed's four: quality by temperature, cost by tokens, success by timeout (Pearson), and quality by model, which has no order
 * (eta squared). Over all outcomes of the arms, exact from their sums.
 */
export function impactCorrelations(arms: readonly CorrelatedArm[]): ImpactCorrelation[] {
  return finish(impactCorrelationSteps(arms));
}

/** The same in steps of well below a millisecond. */
export function* impactCorrelationSteps(
  arms: readonly CorrelatedArm[],
): Steps<ImpactCorrelation[]> {
  return [
    yield* bySetting(arms, { x: "temperature", y: "quality" }, ({ settings }) => {
      return settings.temperature;
    }),
    yield* byTokens(arms),
    yield* bySetting(arms, { x: "timeout", y: "success" }, ({ settings }) => {
      return settings.timeoutSeconds;
    }),
    yield* byModel(arms),
  ];
}

function* byTokens(arms: readonly CorrelatedArm[]): Steps<ImpactCorrelation> {
  let pair = NO_PAIRS;
  for (const [place, { cell }] of arms.entries()) {
    pair = mergePairs(pair, cell.tokensWithCost);
    if (place % ARMS_PER_STEP === 0) yield;
  }
  const value = pairCorrelation(pair);
  return { x: "tokens", y: "cost", value, kind: "pearson", sampleSize: pair.n };
}

function* bySetting(
  arms: readonly CorrelatedArm[],
  names: Pick<ImpactCorrelation, "x" | "y">,
  value: (arm: CorrelatedArm) => number | undefined,
): Steps<ImpactCorrelation> {
  // Arms of one value are one group: as many groups as there are values, however many arms.
  const byValue = new Map<number, PowerSums>();
  for (const [place, arm] of arms.entries()) {
    const x = value(arm);
    if (x !== undefined)
      byValue.set(x, mergeSums(byValue.get(x) ?? EMPTY_SUMS, boundedSums(arm.cell, names.y)));
    if (place % ARMS_PER_STEP === 0) yield;
  }
  const groups = [...byValue].map(([x, sums]) => ({ x, sums }));
  return {
    ...names,
    value: pearsonCorrelation(groups),
    kind: "pearson",
    sampleSize: groups.reduce((sum, { sums }) => sum + sums.n, 0),
  };
}

function* byModel(arms: readonly CorrelatedArm[]): Steps<ImpactCorrelation> {
  const byName = new Map<string, PowerSums>();
  for (const [place, { model, cell }] of arms.entries()) {
    if (place % ARMS_PER_STEP === 0) yield;
    if (model === undefined) continue;
    byName.set(model, mergeSums(byName.get(model) ?? EMPTY_SUMS, boundedSums(cell, "quality")));
  }
  const groups = [...byName.values()].filter(({ n }) => n > 0);
  return {
    x: "model",
    y: "quality",
    value: groups.length < 2 ? undefined : correlationRatio(groups),
    kind: "eta_squared",
    sampleSize: groups.reduce((sum, { n }) => sum + n, 0),
  };
}

/** Pearson's correlation of two quantities from their sums; undefined below two values, or where one does not vary. */
export function pairCorrelation({ n, x, y, xx, yy, xy }: PairTotals): number | undefined {
  if (n < 2) return undefined;
  const [varianceX, varianceY] = [xx / n - (x / n) ** 2, yy / n - (y / n) ** 2];
  const isConstant = (variance: number, squares: number) => variance <= (1e-12 * squares) / n;
  if (isConstant(varianceX, xx) || isConstant(varianceY, yy)) return undefined;
  const covariance = xy / n - (x / n) * (y / n);
  return Math.max(-1, Math.min(1, covariance / Math.sqrt(varianceX * varianceY)));
}
