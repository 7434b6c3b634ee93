import { assertStatistic } from "./assert.ts";
import { assertLevel } from "./confidence-sequence.ts";

/** One hypothesis of a season. Claimed and closed ones keep the evidence they ended with. */
export interface Slot {
  readonly id: string;
  readonly state: "open" | "claimed" | "closed";
  /** Frozen when claimed or closed; of the last cut while open. */
  readonly logEvidence: number;
  /** Only units assigned at or after this may enter its evidence. */
  readonly openedAtMs: number;
  /** A claim that was taken back later. It still counts among the claims. */
  readonly isWithdrawn: boolean;
}

/** A season's ledger: one writer, changed at common cuts only, never merged. */
export interface SeasonLedger {
  /** K: fixed in advance; unused slots count. */
  readonly size: number;
  readonly alpha: number;
  readonly slots: readonly Slot[];
  readonly lastCutMs: number;
}

/** The current evidence of an open slot, and the cut of assignment time it is made at. */
export interface SlotEvidence {
  readonly logEvidence: number;
  readonly cutMs: number;
  /** When its first unit was assigned; `undefined` before any. */
  readonly firstAssignedAtMs: number | undefined;
}

/** Opens a season. Errors: throws when K is no positive whole number or alpha not in (0, 1). */
export function openSeason(choice: {
  readonly size: number;
  readonly alpha: number;
}): SeasonLedger {
  assertStatistic(Number.isInteger(choice.size) && choice.size > 0, "a season has slots");
  assertLevel(choice.alpha);
  return { ...choice, slots: [], lastCutMs: 0 };
}

/** Takes a slot for a new hypothesis, or `undefined` when the season is full. */
export function openSlot(
  ledger: SeasonLedger,
  slot: { readonly id: string; readonly openedAtMs: number },
): SeasonLedger | undefined {
  assertStatistic(!ledger.slots.some(({ id }) => id === slot.id), "a slot's id is new");
  if (ledger.slots.length >= ledger.size) return undefined;
  const opened: Slot = { ...slot, state: "open", logEvidence: 0, isWithdrawn: false };
  return { ...ledger, slots: [...ledger.slots, opened] };
}

/**
 * Evaluates a season at a common cut: with k* = max k such that k slots have E >= K/(alpha k), all
 * that reach K/(alpha k*) are claimed and frozen. Guarantee: of a season's claims, also those later
 * withdrawn, the expected share that are wrong is at most alpha, at all times, however the
 * comparisons depend on each other (Wang & Ramdas 2022; frozen claims: statistics.md section 3,
 * with the common cut of statistics-review.md section 4, without which it can be alpha H_K).
 * Errors: throws when an open slot's evidence is missing, made at another cut, or of earlier units.
 */
export function evaluateSeason(
  ledger: SeasonLedger,
  at: { readonly cutMs: number; readonly evidence: ReadonlyMap<string, SlotEvidence> },
): { readonly ledger: SeasonLedger; readonly claimed: readonly string[] } {
  assertStatistic(at.cutMs >= ledger.lastCutMs, "a cut never goes back");
  const current = ledger.slots.map((slot): Slot => {
    if (slot.state !== "open") return slot;
    const found = at.evidence.get(slot.id);
    assertStatistic(found !== undefined, "every open slot brings its evidence");
    assertStatistic(found.cutMs === at.cutMs, "all evidence is made at the common cut");
    assertStatistic(
      found.firstAssignedAtMs === undefined || found.firstAssignedAtMs >= slot.openedAtMs,
      "no data from before its opening enters a slot's evidence",
    );
    return { ...slot, logEvidence: found.logEvidence };
  });
  const threshold = claimThreshold(current, ledger);
  const claimed: string[] = [];
  const slots = current.map((slot): Slot => {
    if (slot.state === "claimed" || slot.logEvidence < threshold) return slot;
    claimed.push(slot.id);
    return { ...slot, state: "claimed" };
  });
  return { ledger: { ...ledger, slots, lastCutMs: at.cutMs }, claimed };
}

/**
 * Closes an open slot: nothing is assigned any more, and its evidence of the last cut stays. It may
 * still be claimed later, when others lower the threshold.
 */
export function closeSlot(ledger: SeasonLedger, id: string): SeasonLedger {
  return changeSlot(ledger, id, (slot) => {
    assertStatistic(slot.state === "open", "only an open slot is closed");
    return { ...slot, state: "closed" };
  });
}

/** Marks a claim as taken back. It stays among the claims, or the guarantee would not hold. */
export function withdrawClaim(ledger: SeasonLedger, id: string): SeasonLedger {
  return changeSlot(ledger, id, (slot) => {
    assertStatistic(slot.state === "claimed", "only a claim is withdrawn");
    return { ...slot, isWithdrawn: true };
  });
}

/**
 * The log evidence a slot needs to be claimed now, given the others: what to show beside "not yet".
 */
export function claimThreshold(
  slots: readonly Slot[],
  season: Pick<SeasonLedger, "size" | "alpha">,
): number {
  const evidence = slots.map(({ logEvidence }) => logEvidence).sort((a, b) => b - a);
  const needed = (k: number) => Math.log(season.size / (season.alpha * k));
  for (let k = evidence.length; k > 0; k--) {
    if ((evidence[k - 1] ?? 0) >= needed(k)) return needed(k);
  }
  return needed(1);
}

/** The alpha at which intervals of claimed slots still cover on average: alpha |claims| / K (e-BY). */
export function claimIntervalAlpha(ledger: SeasonLedger): number {
  const claims = ledger.slots.filter(({ state }) => state === "claimed").length;
  return (ledger.alpha * Math.max(1, claims)) / ledger.size;
}

function changeSlot(ledger: SeasonLedger, id: string, change: (slot: Slot) => Slot): SeasonLedger {
  assertStatistic(
    ledger.slots.some((slot) => slot.id === id),
    "the slot is in this season",
  );
  return { ...ledger, slots: ledger.slots.map((slot) => (slot.id === id ? change(slot) : slot)) };
}
