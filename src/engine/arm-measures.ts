import type { Phase } from "../domain/config/phase.ts";
import type { Attributes, Scope } from "../domain/config/scope.ts";
import { type Cell, mergeCells } from "../domain/outcome/cell.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import { ALL_HOURS, type HourWindow } from "./cells.ts";
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
  for (const [key, scope] of [...engine.cells.arms.scopes(selection)]) {
    if (!fits(scope, selection.attributes, engine.dimensions)) continue;
    for (const { live, cell } of await engine.cells.read(key, window)) {
      const known = sums.get(live.arm.configId);
      const arm = known ? { ...known.arm, scope: shared(known.arm.scope, scope) } : live.arm;
      sums.set(live.arm.configId, { arm, cell: known ? mergeCells(known.cell, cell) : cell });
    }
  }
  return [...sums.values()];
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
