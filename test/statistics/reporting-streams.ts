import { emptyState, foldUnit } from "../../src/stats/betting.ts";
import {
  logRatioEvidence,
  RATIO_ALARM,
  reportingDesign,
  reportingLogEvidence,
} from "../../src/stats/ratio-check.ts";
import type { Random } from "./random.ts";

/** How often the allocation moves. */
const ALLOCATIONS = 22;
const ALARM = Math.log(RATIO_ALARM);

const DESIGN = reportingDesign({
  propensity: { low: 0.2, high: 0.8 },
  plannedPropensity: 0.5,
  expectedRate: 0.9,
});

/**
 * One stream of units of which the arms report at the given rates (control, challenger), looked at after every one: when the engine on
 * "reported or not" alarms, and whether the product of Bayes factors by allocation ever does.
 */
export function runReporting(
  rates: readonly [number, number],
  run: { readonly unitsEach: number; readonly random: Random },
) {
  const { unitsEach, random } = run;
  let state = emptyState(DESIGN);
  let engineAt: number | undefined;
  let productFired = false;
  let earlier = 0;
  for (let allocation = 0; allocation < ALLOCATIONS; allocation++) {
    const propensity = 0.3 + 0.02 * allocation;
    const shares = [1 - propensity, propensity];
    const counts = [0, 0];
    for (let i = 0; i < unitsEach; i++) {
      const arm = random.bernoulli(propensity);
      const outcome = random.bernoulli(rates[arm]);
      const index = allocation * unitsEach + i;
      state = foldUnit(DESIGN, state, { index, arm, outcome, propensity, centre: 0.9 });
      counts[arm] = (counts[arm] ?? 0) + outcome;
      if (engineAt === undefined && reportingLogEvidence(state) >= ALARM) engineAt = index + 1;
      // One Bayes factor costs as much as ten folds; it moves slowly.
      if (i % 10 === 9) productFired ||= earlier + logRatioEvidence(counts, shares) >= ALARM;
    }
    earlier += logRatioEvidence(counts, shares);
    productFired ||= earlier >= ALARM;
  }
  return { engineAt, productFired };
}
