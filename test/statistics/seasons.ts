import {
  advanceCut,
  type BettingState,
  emptyState,
  foldUnit,
  logEvidence,
} from "../../src/stats/betting.ts";
import { evaluateSeason, openSeason, openSlot, type SeasonLedger } from "../../src/stats/e-bh.ts";
import type { Random } from "./random.ts";
import { bernoulliKind, designFor } from "./streams.ts";

const KIND = bernoulliKind(0.6);

/** What a season claimed, by place of the slot: by e-BH, and by every slot for itself at E >= 1/alpha. */
export interface SeasonClaims {
  readonly byLedger: readonly number[];
  readonly alone: readonly number[];
}

/** A season of one slot for every effect, all open from the start, evaluated at equally spaced common cuts. */
export function runSeason(
  effects: readonly number[],
  run: {
    readonly alpha: number;
    readonly looks: number;
    readonly unitsPerLook: number;
    /** What the bets are made for. */
    readonly designedEffect: number;
    readonly random: Random;
  },
): SeasonClaims {
  const { alpha, looks, unitsPerLook, random } = run;
  const design = designFor(KIND, 0.5, run.designedEffect);
  let ledger: SeasonLedger = openSeason({ size: effects.length, alpha });
  for (const i of effects.keys()) {
    ledger = openSlot(ledger, { id: `${i}`, openedAtMs: 0 }) ?? ledger;
  }
  const states: BettingState[] = effects.map(() => emptyState(design));
  const alone = new Set<number>();
  for (let look = 1; look <= looks; look++) {
    const cutMs = look * unitsPerLook;
    for (const [i, effect] of effects.entries()) {
      // A claim is frozen: what comes after it changes nothing.
      if (ledger.slots[i]?.state === "claimed") continue;
      let state = states[i] ?? emptyState(design);
      for (let index = cutMs - unitsPerLook; index < cutMs; index++) {
        const arm = random.bernoulli(0.5);
        const outcome = KIND.draw(random, arm === 1 ? effect : 0);
        state = foldUnit(design, state, { index, arm, outcome, propensity: 0.5, centre: 0.6 });
      }
      states[i] = advanceCut(state, cutMs);
      if (logEvidence(state, "superiority") >= Math.log(1 / alpha)) alone.add(i);
    }
    const evidence = new Map(
      states.map((state, i) => [
        `${i}`,
        {
          logEvidence: logEvidence(state, "superiority"),
          cutMs: state.cutMs,
          firstAssignedAtMs: 0,
        },
      ]),
    );
    ledger = evaluateSeason(ledger, { cutMs, evidence }).ledger;
  }
  const byLedger = ledger.slots.flatMap((slot, i) => (slot.state === "claimed" ? [i] : []));
  return { byLedger, alone: [...alone] };
}

/** The share of claims that are of slots without an effect; 0 without claims. */
export function wrongShare(claims: readonly number[], effects: readonly number[]): number {
  return claims.length === 0 ? 0 : claims.filter((i) => effects[i] === 0).length / claims.length;
}

/** Effects of which one in so many is between two ends and the others are none. */
export function sparseEffects(
  count: number,
  ends: { readonly low: number; readonly high: number; readonly oneIn: number },
  random: Random,
): number[] {
  return Array.from({ length: count }, (_, i) =>
    i % ends.oneIn === 0 ? ends.low + (ends.high - ends.low) * random.uniform() : 0,
  );
}
