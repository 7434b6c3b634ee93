import { type MeasuredArm, stratumOf } from "../domain/analysis/measured-arm.ts";
import type { AnalysisTime } from "../domain/analysis/parameter-impact.ts";
import type { Phase } from "../domain/config/phase.ts";
import type { Attributes, Scope } from "../domain/config/scope.ts";
import { type Cell, mergeCells } from "../domain/outcome/cell.ts";
import {
  type Distributions,
  mergeDistributions,
  NO_DISTRIBUTIONS,
} from "../domain/outcome/distributions.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import { OVERFLOW_CONFIG_ID } from "./arms.ts";
import { ALL_HOURS, HOUR_MS, type HourWindow } from "./cells.ts";
import type { Engine } from "./engine.ts";

/** Scopes of a (model, phase) whose dimensions have the given values; a dimension that is not named fits every value. */
export interface ScopeSelection {
  readonly model: string;
  readonly phase: Phase;
  readonly attributes: Attributes;
}

export interface MeasuredScopeArm {
  readonly arm: Arm;
  readonly cell: Cell;
}

/** Scores that arrive later than this after their hour find its batch closed; in milliseconds. */
const BATCH_OPEN_MS = HOUR_MS;

/** Where an analysis stands in time: what closed hours hold is looked at and does not grow any more. */
export function timeAt(nowMs: number): AnalysisTime {
  return {
    closedBefore: Math.floor((nowMs - BATCH_OPEN_MS) / HOUR_MS),
    nowHour: Math.floor(nowMs / HOUR_MS),
  };
}

/**
 * The cells of every arm of the selected scopes over a window, summed over the scopes where an arm is in several. The arm of such a
 * sum carries the values of the dimensions that all of its scopes share.
 */
export async function measureArms(
  engine: Engine,
  selection: ScopeSelection,
  window: HourWindow = ALL_HOURS,
): Promise<MeasuredScopeArm[]> {
  const sums = new Map<string, MeasuredScopeArm>();
  for (const [key, scope] of selectedScopes(engine, selection)) {
    for (const { live, cell } of await engine.cells.read(key, window)) {
      const known = sums.get(live.arm.configId);
      const arm = known ? { ...known.arm, scope: shared(known.arm.scope, scope) } : live.arm;
      sums.set(live.arm.configId, { arm, cell: known ? mergeCells(known.cell, cell) : cell });
    }
  }
  return [...sums.values()];
}

/**
 * Every arm of the selected scopes with its hours, one entry per scope, whose stratum is its phase and the values of its dimensions, whatever
 * the model, so that models are compared within them. Without a model or phase: of all. The overflow arm is none of them: it has no
 * settings, so nobody could choose it.
 */
export async function measureStrata(
  engine: Engine,
  selection: Partial<ScopeSelection>,
  window: HourWindow = ALL_HOURS,
): Promise<MeasuredArm[]> {
  const measured: MeasuredArm[] = [];
  for (const [key, scope] of selectedScopes(engine, selection)) {
    const stratum = stratumOf(scope);
    for (const { live, byHour } of await engine.cells.readHours(key, window)) {
      const { settings, configId } = live.arm;
      if (configId === OVERFLOW_CONFIG_ID) continue;
      const cell = [...byHour.values()].reduce(mergeCells);
      measured.push({ settings, configId, model: scope.model, cell, stratum, hours: byHour });
    }
  }
  return measured;
}

/** The scopes that a selection names. */
export function selectedScopes(
  engine: Engine,
  selection: Partial<ScopeSelection>,
): [key: string, scope: Scope][] {
  return [...engine.cells.arms.scopes()].filter(([, scope]) =>
    isSelected(scope, selection, engine.dimensions),
  );
}

/** Whether a selection names a scope. */
export function isSelected(
  scope: Scope,
  { model, phase, attributes = {} }: Partial<ScopeSelection>,
  dimensions: readonly string[],
): boolean {
  return (
    (model === undefined || scope.model === model) &&
    (phase === undefined || scope.phase === phase) &&
    fits(scope, attributes, dimensions)
  );
}

export interface MeasuredDistributions extends MeasuredScopeArm {
  readonly distributions: Distributions;
}

/** The same with the distributions of the days that the window touches. */
export async function measureDistributions(
  engine: Engine,
  selection: ScopeSelection,
  window: HourWindow = ALL_HOURS,
): Promise<MeasuredDistributions[]> {
  const measured = await measureArms(engine, selection, window);
  const sums = new Map<string, Distributions>();
  for (const [key, scope] of [...engine.cells.arms.scopes(selection)]) {
    if (!fits(scope, selection.attributes, engine.dimensions)) continue;
    for (const [{ arm }, more] of await engine.cells.readDistributions(key, window)) {
      sums.set(arm.configId, mergeDistributions(sums.get(arm.configId) ?? NO_DISTRIBUTIONS, more));
    }
  }
  return measured.map((item) => ({
    ...item,
    distributions: sums.get(item.arm.configId) ?? NO_DISTRIBUTIONS,
  }));
}

function fits(scope: Scope, attributes: Attributes, dimensions: readonly string[]): boolean {
  return dimensions.every((name, index) => {
    const wanted = attributes[name];
    return wanted === undefined || wanted === scope.dimensions[index];
  });
}

function shared(a: Scope, b: Scope): Scope {
  return {
    ...a,
    dimensions: a.dimensions.map((value, index) => (value === b.dimensions[index] ? value : "")),
  };
}
