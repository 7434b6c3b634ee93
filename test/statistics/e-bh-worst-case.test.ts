import { expect, test } from "vitest";
import { evaluateSeason, openSeason, openSlot, type SlotEvidence } from "../../src/stats/e-bh.ts";
import { type Random, seededRandom, shuffled } from "./random.ts";
import { binomialBound } from "./streams.ts";

/**
 * The worst cases of e-BH on slots of which none has an effect. The levels are those that claims are made at: K/(alpha k), where k slots
 * are needed. A wealth that goes from the level of k to that of k - 1 with chance (k-1)/k, and else is lost, is a fair bet; one that
 * begins at 1 is at the level of k at some time with chance alpha k/K.
 */
const K = 50;
const ALPHA = 0.05;
const levelOf = (k: number) => K / (ALPHA * k);
const LOST = 1e-9;

const EMPTY = Array.from({ length: K }, (_, i) => `s${i}`).reduce(
  (ledger, id) => openSlot(ledger, { id, openedAtMs: 0 }) ?? ledger,
  openSeason({ size: K, alpha: ALPHA }),
);

/** How many slots are claimed of evidence that is said to be made at the given cuts; none where it is refused. */
function claimsAt(cutMs: number, slots: readonly { wealth: number; cutMs: number }[]): number {
  const evidence = new Map<string, SlotEvidence>(
    slots.map(({ wealth, cutMs: own }, i) => [
      `s${i}`,
      { logEvidence: Math.log(wealth) + 1e-12, cutMs: own, firstAssignedAtMs: 0 },
    ]),
  );
  try {
    return evaluateSeason(EMPTY, { cutMs, evidence }).claimed.length;
  } catch (cause) {
    if (cause instanceof RangeError) return 0;
    throw cause;
  }
}

/**
 * All slots bet on one coin: with chance alpha all go up to the level of K, and from there on one of them, at random, loses at every
 * step while the others go up. At every cut exactly k slots stand at the level of k: nothing may be closer to the threshold.
 */
test("at one common cut the worst that slots can do together is claimed with chance alpha, not more", () => {
  const random = seededRandom(41);
  const seasons = 4_000;
  let wrong = 0;
  for (let season = 0; season < seasons; season++) {
    let alive = random.uniform() < ALPHA ? K : 0;
    let isClaimed = false;
    for (let cutMs = 1; alive > 0 && !isClaimed; cutMs++) {
      const wealth = (i: number) => (i < alive ? levelOf(alive) : LOST);
      const slots = EMPTY.slots.map((_, i) => ({ wealth: wealth(i), cutMs }));
      isClaimed = claimsAt(cutMs, slots) > 0;
      alive -= 1;
    }
    if (isClaimed) wrong++;
  }
  expect(wrong).toBeLessThanOrEqual(binomialBound(seasons, ALPHA));
  expect(wrong).toBeGreaterThan(0.8 * ALPHA * seasons);
});

/** With chance alpha/l the season has l slots, drawn at random, that go up to the level of l and are lost there. */
function drawSeason(random: Random): { readonly rising: readonly number[]; readonly top: number } {
  let draw = random.uniform();
  for (let top = 1; top <= K; top++) {
    draw -= ALPHA / top;
    if (draw < 0) return { top, rising: shuffled([...EMPTY.slots.keys()], random).slice(0, top) };
  }
  return { rising: [], top: K };
}

/** The wealth of a rising slot after so many steps from the level of K. */
function risenWealth(steps: number, top: number): number {
  if (steps < 0) return 1;
  return K - steps >= top ? levelOf(K - steps) : LOST;
}

/**
 * Each slot alone is a fair bet on a clock of its own, its units coming after those of the slot before. Where buffers hold every slot
 * at its top until all have come that far, e-BH errs with chance alpha H_K = .225 (statistics-review.md, section 4). At a common cut
 * one slot is at its top at a time, and only one that is there alone is claimed, with chance alpha.
 */
test("evidence of slots on clocks of their own is refused; taken for one cut it errs at alpha H_K", () => {
  const random = seededRandom(42);
  const seasons = 3_000;
  const steps = K;
  const firstMs = (slot: number) => 1 + slot * steps;
  const wrong = { commonCut: 0, ownClocks: 0, relabelled: 0 };
  for (let season = 0; season < seasons; season++) {
    const { rising, top } = drawSeason(random);
    if (rising.length === 0) continue;
    const isRising = new Set(rising);
    const at = (cutMs: number) =>
      EMPTY.slots.map((_, slot) => {
        const taken = Math.min(cutMs, firstMs(slot) + steps) - firstMs(slot);
        const wealth = isRising.has(slot) || taken < 0 ? risenWealth(taken, top) : LOST;
        return { wealth, cutMs };
      });
    const topMs = (slot: number) => firstMs(slot) + K - top;
    if (rising.some((slot) => claimsAt(topMs(slot), at(topMs(slot))) > 0)) wrong.commonCut++;
    const held = EMPTY.slots.map((_, slot) => ({
      wealth: isRising.has(slot) ? levelOf(top) : LOST,
      cutMs: topMs(slot),
    }));
    const lastMs = topMs(K - 1);
    if (claimsAt(lastMs, held) > 0) wrong.ownClocks++;
    const said = held.map(({ wealth }) => ({ wealth, cutMs: lastMs }));
    if (claimsAt(lastMs, said) > 0) wrong.relabelled++;
  }
  expect(wrong.commonCut).toBeLessThanOrEqual(binomialBound(seasons, ALPHA));
  expect(wrong.commonCut).toBeGreaterThan(0.7 * ALPHA * seasons);
  expect(wrong.ownClocks).toBeLessThanOrEqual(binomialBound(seasons, ALPHA));
  expect(wrong.relabelled / seasons).toBeGreaterThan(0.19);
});
