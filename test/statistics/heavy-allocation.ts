import { type BettingState, emptyState, foldUnit, logEvidence } from "../../src/stats/betting.ts";
import { freezeDesign } from "../../src/stats/betting-design.ts";
import { atMost, type HeavyRow } from "./heavy-row.ts";
import { type Random, seededRandom } from "./random.ts";
import { quantileOf } from "./streams.ts";

const ARMS = 5;
const CONTROL_SHARE = 0.35;

/** Shares of two arms stay within: the floor is a tenth over five arms. */
const DESIGN = freezeDesign({
  plannedPropensity: 0.5,
  propensity: { low: 0.02, high: 0.75 },
  centre: { low: 0.5, high: 0.7 },
  outcomeVariance: 0.24,
  designedEffect: 0.05,
  harmTolerance: 0.01,
  worthwhileEffect: 0.02,
  margin: 0.01,
});

/** Target 11: five arms, Thompson with a protected control share, against uniform shares. */
export function* allocation(): Generator<HeavyRow> {
  const random = seededRandom(11_000);
  const claimAt = (means: readonly number[], adaptive: boolean, limit: number, streams = 200) =>
    Array.from({ length: streams }, () => firstClaim(means, adaptive, limit, random));
  const same = claimAt([0.6, 0.6, 0.6, 0.6, 0.6], true, 10_000, 2_000);
  const claimed = same.filter((at) => at !== undefined).length / same.length;
  yield atMost("five equal arms, Thompson: any claim by 10,000", claimed, 0.05);
  const better = [0.6, 0.6, 0.65, 0.6, 0.6];
  const thompson = quantileOf(claimAt(better, true, 25_000), 0.5);
  const uniform = quantileOf(claimAt(better, false, 25_000), 0.5);
  yield atMost(
    `one of five +5, Thompson ${thompson} / uniform ${uniform}`,
    thompson / uniform,
    0.75,
  );
}

/** Units until any challenger reaches E >= 4 / .05 for superiority over arm 0. */
function firstClaim(
  means: readonly number[],
  adaptive: boolean,
  limit: number,
  random: Random,
): number | undefined {
  const states: BettingState[] = means.map(() => emptyState(DESIGN));
  const counts = means.map(() => 0);
  const sums = means.map(() => 0);
  let shares = means.map(() => 1 / ARMS);
  let next = 100;
  let total = 6;
  let seen = 10;
  for (let index = 0; index < limit; index++) {
    if (adaptive && index >= next) {
      shares = sharesOf(counts, sums, random);
      next = Math.ceil(index * 1.25);
    }
    const arm = pick(shares, random);
    const outcome = random.bernoulli(means[arm] ?? 0);
    const centre = Math.min(0.7, Math.max(0.5, total / seen));
    counts[arm] = (counts[arm] ?? 0) + 1;
    sums[arm] = (sums[arm] ?? 0) + outcome;
    total += outcome;
    seen += 1;
    for (let a = 1; a < ARMS; a++) {
      if (arm !== 0 && arm !== a) continue;
      const propensity = (shares[a] ?? 0) / ((shares[a] ?? 0) + (shares[0] ?? 1));
      const unit = { index, arm: arm === a ? 1 : 0, outcome, propensity, centre } as const;
      const state = foldUnit(DESIGN, states[a] ?? emptyState(DESIGN), unit);
      states[a] = state;
      if (logEvidence(state, "superiority") >= Math.log(80)) return index + 1;
    }
  }
  return undefined;
}

function sharesOf(counts: readonly number[], sums: readonly number[], random: Random): number[] {
  const wins = counts.map(() => 0);
  for (let draw = 0; draw < 400; draw++) {
    let [best, most] = [0, Number.NEGATIVE_INFINITY];
    for (const [a, n] of counts.entries()) {
      const mean = ((sums[a] ?? 0) + 1) / (n + 2);
      const value = mean + Math.sqrt((mean * (1 - mean)) / (n + 2)) * random.normal();
      if (value > most) [best, most] = [a, value];
    }
    wins[best] = (wins[best] ?? 0) + 1;
  }
  const wanted = wins.map((count) => (0.9 * count) / 400 + 0.1 / ARMS);
  const control = Math.max(wanted[0] ?? 0, CONTROL_SHARE);
  const others = 1 - (wanted[0] ?? 0);
  return wanted.map((share, a) => (a === 0 ? control : (share / others) * (1 - control)));
}

function pick(shares: readonly number[], random: Random): number {
  let draw = random.uniform();
  for (const [a, share] of shares.entries()) {
    draw -= share;
    if (draw < 0) return a;
  }
  return shares.length - 1;
}
