import type { ParameterImpact } from "../../src/domain/analysis/parameter-impact.ts";
import { findConfigDrift, isDrift } from "../../src/domain/drift/config-drift.ts";
import { addValue, EMPTY_SUMS } from "../../src/stats/power-sums.ts";
import { impactOf } from "./product-orders.ts";
import { seededRandom } from "./random.ts";

const LAST_GOOD = 1.2;
/** Temperatures that are all alike, next to one that is far worse. */
const PLATEAU: readonly number[] = [0, 0.2, 0.4, 0.6, 0.8, 1, LAST_GOOD];
const CLIFF = 1.5;
const RATES = { plateau: 0.6, cliff: 0.2 };

/** What the product ever said of one world, over all of its looks. */
export interface CliffWorld {
  /** A drift was found while the last good level was served. */
  readonly isPlateauDrift: boolean;
  readonly isCliffDrift: boolean;
  /** The last good level looked worse at some look. */
  readonly isEverInDoubt: boolean;
}

export function cliffWorld(
  seed: number,
  how: { readonly looks: number; readonly outcomesPerLook: number },
): CliffWorld {
  const random = seededRandom(seed);
  const levels = new Map([...PLATEAU, CLIFF].map((value) => [value, EMPTY_SUMS]));
  const world = { isPlateauDrift: false, isCliffDrift: false, isEverInDoubt: false };
  for (let look = 0; look < how.looks; look++) {
    for (const [value, sums] of levels) {
      let next = sums;
      const rate = value === CLIFF ? RATES.cliff : RATES.plateau;
      for (let i = 0; i < how.outcomesPerLook; i++)
        next = addValue(next, random.uniform() < rate ? 1 : 0);
      levels.set(value, next);
    }
    const impact = impactOf(levels);
    world.isPlateauDrift ||= driftAt(impact, LAST_GOOD);
    world.isCliffDrift ||= driftAt(impact, CLIFF);
    world.isEverInDoubt ||= impact.levels.some(
      ({ value, isInDoubt }) => isInDoubt && value === LAST_GOOD,
    );
  }
  return world;
}

/** Whether a served temperature counts as drifted. */
export function driftAt(impact: ParameterImpact, served: number): boolean {
  const scope = { model: "m", phase: "execution", dimensions: [] } as const;
  return isDrift(findConfigDrift(scope, served, impact, 0.1));
}
