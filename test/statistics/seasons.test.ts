import { expect, test } from "vitest";
import { seededRandom } from "./random.ts";
import { runSeason, sparseEffects, wrongShare } from "./seasons.ts";
import { binomialBound } from "./streams.ts";

const ALPHA = 0.05;
const SLOTS = 50;
/** Bets for large effects show them, and false ones, within few units. */
const RUN = { alpha: ALPHA, looks: 20, unitsPerLook: 20, designedEffect: 0.2 };

test("a season without any effect makes a false claim with chance alpha at most, slots for themselves do in most", () => {
  const random = seededRandom(5_100);
  const seasons = 60;
  const none = Array.from({ length: SLOTS }, () => 0);
  const results = Array.from({ length: seasons }, () => runSeason(none, { ...RUN, random }));
  const wrong = results.filter(({ byLedger }) => byLedger.length > 0).length;
  const alone = results.filter(({ alone }) => alone.length > 0).length;
  expect(wrong).toBeLessThanOrEqual(binomialBound(seasons, ALPHA));
  expect(alone / seasons).toBeGreaterThan(0.4);
});

test("of a season's claims at most alpha are wrong and nearly all effects are found; slots for themselves are wrong more often", () => {
  const random = seededRandom(5_200);
  const seasons = 40;
  const share = { byLedger: 0, alone: 0 };
  let found = 0;
  for (let season = 0; season < seasons; season++) {
    const effects = sparseEffects(SLOTS, { low: 0.25, high: 0.35, oneIn: 10 }, random);
    const { byLedger, alone } = runSeason(effects, { ...RUN, random });
    share.byLedger += wrongShare(byLedger, effects) / seasons;
    share.alone += wrongShare(alone, effects) / seasons;
    found += byLedger.filter((i) => effects[i] !== 0).length;
  }
  expect(share.byLedger).toBeLessThanOrEqual(ALPHA);
  expect(share.alone).toBeGreaterThan(1.5 * ALPHA);
  expect(found / (seasons * (SLOTS / 10))).toBeGreaterThan(0.95);
});
