import { correlationRatio, pearsonCorrelation } from "../../stats/correlation.ts";
import { EMPTY_SUMS, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { boundedSums, mergePairs, NO_PAIRS, type PairTotals } from "../outcome/cell.ts";
import type { MeasuredArm } from "./measured-arm.ts";

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

/**
 * The seed's four: quality by temperature, cost by tokens, success by timeout (Pearson), and quality by model, which has no order
 * (eta squared). Over all outcomes of the arms, exact from their sums.
 */
export function impactCorrelations(arms: readonly MeasuredArm[]): ImpactCorrelation[] {
  const pair = arms.reduce((sum, { cell }) => mergePairs(sum, cell.tokensWithCost), NO_PAIRS);
  return [
    bySetting(arms, { x: "temperature", y: "quality" }, ({ settings }) => settings.temperature),
    { x: "tokens", y: "cost", value: pairCorrelation(pair), kind: "pearson", sampleSize: pair.n },
    bySetting(arms, { x: "timeout", y: "success" }, ({ settings }) => settings.timeoutSeconds),
    byModel(arms),
  ];
}

function bySetting(
  arms: readonly MeasuredArm[],
  names: Pick<ImpactCorrelation, "x" | "y">,
  value: (arm: MeasuredArm) => number | undefined,
): ImpactCorrelation {
  const groups: { x: number; sums: PowerSums }[] = [];
  for (const arm of arms) {
    const x = value(arm);
    if (x !== undefined) groups.push({ x, sums: boundedSums(arm.cell, names.y) });
  }
  return {
    ...names,
    value: pearsonCorrelation(groups),
    kind: "pearson",
    sampleSize: groups.reduce((sum, { sums }) => sum + sums.n, 0),
  };
}

function byModel(arms: readonly MeasuredArm[]): ImpactCorrelation {
  const byName = new Map<string, PowerSums>();
  for (const { model, cell } of arms) {
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
