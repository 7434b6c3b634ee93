import { logEvidence } from "../../stats/betting.ts";
import {
  closeSlot,
  evaluateSeason,
  openSeason,
  openSlot,
  type SeasonLedger,
  type Slot,
} from "../../stats/e-bh.ts";
import { SEASON_SLOTS, SEASONS_KEPT_MAX } from "./bounds.ts";
import type { ExperimentEvidence } from "./evidence.ts";
import { type Experiment, releaseAfterMs } from "./experiment.ts";

/** Expected share of wrong claims among those of a season, both kinds of seasons together. */
const SEASON_ALPHA = 0.05;
/** Attribution windows longer than this have seasons of their own, so that they do not hold the others up; in milliseconds. */
const PROMPT_TTL_MS_MAX = 60 * 60 * 1000;

/** `prompt`: primary metrics that are known within an hour. `slow`: all others. Each kind has half of SEASON_ALPHA. */
export const SEASON_KINDS = ["prompt", "slow"] as const;
export type SeasonKind = (typeof SEASON_KINDS)[number];

/** What the first claim of a season is made at: the evidence of one challenger alone must be this unlikely. */
export const FIRST_CLAIM_ALPHA = SEASON_ALPHA / SEASON_KINDS.length / SEASON_SLOTS;

/** A number of comparisons, fixed in advance, that claims are counted among. */
export interface Season {
  readonly kind: SeasonKind;
  /** Counts up, over both kinds. */
  readonly number: number;
  readonly ledger: SeasonLedger;
}

/** A claim: this challenger is better than control in the primary metric. It stays. */
export interface Claim {
  readonly experimentId: string;
  readonly arm: number;
  readonly season: number;
  /** The cut at which it was made: nothing that was assigned later has a part in it. */
  readonly cutMs: number;
  readonly claimedAtMs: number;
}

/** All seasons that still matter, oldest first, and every claim. A plain record with one writer, changed at common cuts only. */
export interface Seasons {
  readonly seasons: readonly Season[];
  readonly claims: readonly Claim[];
}

export const NO_SEASONS: Seasons = { seasons: [], claims: [] };

/** The kind of season that an experiment's comparisons belong to. */
export function seasonKind({ metrics }: Pick<Experiment, "metrics">): SeasonKind {
  return (metrics[0]?.ttlMs ?? 0) > PROMPT_TTL_MS_MAX ? "slow" : "prompt";
}

/** The slot of a challenger. */
export function slotId(experimentId: string, arm: number): string {
  return `${experimentId}.${arm}`;
}

/**
 * Takes a slot for each challenger of the given experiments that were started and have none, in the season of their kind; a full one is
 * followed by the next. A slot stays in the season that it was opened in.
 */
export function withSlots(seasons: Seasons, experiments: readonly Experiment[]): Seasons {
  return experiments
    .filter(({ startedAtMs }) => startedAtMs !== undefined)
    .flatMap((experiment) => experiment.arms.slice(1).map((_, index) => ({ experiment, index })))
    .reduce((current, { experiment, index }) => {
      const { experimentId } = experiment;
      const id = slotId(experimentId, index + 1);
      const isTaken =
        current.seasons.some(({ ledger }) => ledger.slots.some((slot) => slot.id === id)) ||
        claimOf(current, experimentId, index + 1) !== undefined;
      if (isTaken) return current;
      const opened = { id, openedAtMs: experiment.startedAtMs ?? 0 };
      return withSlot(current, seasonKind(experiment), opened);
    }, seasons);
}

function withSlot(
  current: Seasons,
  kind: SeasonKind,
  slot: { readonly id: string; readonly openedAtMs: number },
): Seasons {
  const last = current.seasons.findLast((season) => season.kind === kind);
  const taken = last && openSlot(last.ledger, slot);
  if (last && taken) {
    const seasons = current.seasons.map((season) =>
      season === last ? { ...season, ledger: taken } : season,
    );
    return { ...current, seasons };
  }
  const number = Math.max(0, ...current.seasons.map((season) => season.number)) + 1;
  const alpha = SEASON_ALPHA / SEASON_KINDS.length;
  const ledger = openSlot(openSeason({ size: SEASON_SLOTS, alpha }), slot);
  return ledger ? { ...current, seasons: [...current.seasons, { kind, number, ledger }] } : current;
}

/**
 * The common cut of a kind at a time: as long ago as the longest of its open comparisons needs until nothing of a unit can change.
 * It goes by the clock and by how far units are released, both blind to arms and outcomes, and never goes back.
 */
export function commonCut(
  seasons: Seasons,
  kind: SeasonKind,
  at: {
    readonly nowMs: number;
    /** The unfinished experiments. */
    readonly experiments: readonly Experiment[];
    /** Up to which time of assignment every unit of an experiment is released and on disk. */
    readonly releasedUntil: (experimentId: string) => number;
  },
): number {
  const { nowMs, experiments, releasedUntil } = at;
  const cut = experiments
    .filter((experiment) => seasonKind(experiment) === kind)
    .reduce(
      (earliest, experiment) =>
        Math.min(
          earliest,
          nowMs - releaseAfterMs(experiment),
          releasedUntil(experiment.experimentId),
        ),
      nowMs,
    );
  const before = seasons.seasons
    .filter((season) => season.kind === kind)
    .map(({ ledger }) => ledger.lastCutMs);
  return Math.max(cut, ...before, 0);
}

/**
 * The experiments whose evidence may still grow, or that have an open slot. After a claim too: what harms another metric may be seen
 * later.
 */
export function unfinished(
  { seasons }: Seasons,
  experiments: Iterable<Experiment>,
  evidence: ReadonlyMap<string, ExperimentEvidence>,
): Experiment[] {
  const open = new Set(
    seasons.flatMap(({ ledger }) =>
      ledger.slots.filter(({ state }) => state === "open").map(({ id }) => id),
    ),
  );
  return [...experiments].filter(
    (experiment) =>
      experiment.startedAtMs !== undefined &&
      (!isWhole(experiment, evidence.get(experiment.experimentId)) ||
        experiment.arms.some((_, arm) => open.has(slotId(experiment.experimentId, arm)))),
  );
}

/** Whether an experiment ended and every unit of it is folded. */
export function isWhole(
  { endedAtMs }: Pick<Experiment, "endedAtMs">,
  evidence: Pick<ExperimentEvidence, "cutMs"> | undefined,
): boolean {
  return endedAtMs !== undefined && evidence !== undefined && evidence.cutMs > endedAtMs;
}

/**
 * Evaluates the seasons of a kind at their common cut. Nothing is claimed where the evidence of any open slot is not at the cut yet.
 * Afterwards the slots of experiments that ended, and whose last unit lies before the cut, are closed.
 */
export function evaluated(
  seasons: Seasons,
  kind: SeasonKind,
  at: {
    readonly cutMs: number;
    readonly nowMs: number;
    readonly experiments: ReadonlyMap<string, Experiment>;
    readonly evidence: ReadonlyMap<string, ExperimentEvidence>;
  },
): { readonly seasons: Seasons; readonly claimed: readonly Claim[] } {
  const claimed: Claim[] = [];
  const next = seasons.seasons.map((season): Season => {
    if (season.kind !== kind) return season;
    const evidence = new Map(
      season.ledger.slots.flatMap((slot) => {
        const found = slot.state === "open" ? slotEvidence(slot, at) : undefined;
        return found ? [[slot.id, found] as const] : [];
      }),
    );
    const isReady = season.ledger.slots.every(
      (slot) => slot.state !== "open" || evidence.get(slot.id)?.cutMs === at.cutMs,
    );
    if (!isReady || season.ledger.slots.length === 0) return season;
    const result = evaluateSeason(season.ledger, { cutMs: at.cutMs, evidence });
    for (const id of result.claimed) {
      const { experimentId, arm } = subjectOf(id);
      const { cutMs, nowMs: claimedAtMs } = at;
      claimed.push({ experimentId, arm, season: season.number, cutMs, claimedAtMs });
    }
    return { ...season, ledger: withClosed(result.ledger, at) };
  });
  const current = { seasons: next, claims: [...seasons.claims, ...claimed] };
  return { seasons: withoutFinished(current), claimed };
}

/** The evidence of one slot: of the superiority in the primary metric. Of an experiment that is gone, what the slot has. */
function slotEvidence(
  slot: Slot,
  at: Pick<Parameters<typeof evaluated>[2], "cutMs" | "evidence" | "experiments">,
) {
  const { experimentId, arm } = subjectOf(slot.id);
  const found = at.evidence.get(experimentId);
  const [primary] = found?.challengers.find((one) => one.arm === arm)?.metrics ?? [];
  if (!found || !primary) return undefined;
  return {
    logEvidence: logEvidence(primary.state, "superiority"),
    cutMs: found.cutMs,
    firstAssignedAtMs: found.firstAssignedAtMs,
  };
}

function withClosed(
  ledger: SeasonLedger,
  at: {
    readonly cutMs: number;
    readonly experiments: ReadonlyMap<string, Experiment>;
  },
): SeasonLedger {
  return ledger.slots
    .filter((slot) => {
      const experiment = at.experiments.get(subjectOf(slot.id).experimentId);
      const endedAtMs = experiment?.endedAtMs;
      return slot.state === "open" && endedAtMs !== undefined && endedAtMs < at.cutMs;
    })
    .reduce((current, { id }) => closeSlot(current, id), ledger);
}

/** A season without an open slot, behind a newer one of its kind, changes no more: the newest of such are kept for reading. */
function withoutFinished(current: Seasons): Seasons {
  const isFinished = (season: Season) =>
    season.ledger.slots.every(({ state }) => state !== "open") &&
    season !== current.seasons.findLast(({ kind }) => kind === season.kind);
  const finished = current.seasons.filter(isFinished);
  const dropped = new Set(finished.slice(0, Math.max(0, finished.length - SEASONS_KEPT_MAX)));
  return { ...current, seasons: current.seasons.filter((season) => !dropped.has(season)) };
}

/** The claim of a challenger; undefined where there is none. */
export function claimOf({ claims }: Seasons, experimentId: string, arm: number): Claim | undefined {
  return claims.find((claim) => claim.experimentId === experimentId && claim.arm === arm);
}

function subjectOf(id: string): { readonly experimentId: string; readonly arm: number } {
  const dot = id.lastIndexOf(".");
  return { experimentId: id.slice(0, dot), arm: Number(id.slice(dot + 1)) };
}
