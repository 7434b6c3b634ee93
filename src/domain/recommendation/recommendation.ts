import type { Evidence } from "../analysis/evidence.ts";
import type { Scope } from "../config/scope.ts";

export type RecommendationKind = "quality" | "cost" | "latency" | "flag" | "drift";

/** Every state with those that may follow it. A state without successors is final. */
export const RECOMMENDATION_SUCCESSORS = {
  proposed: ["accepted", "dismissed", "expired", "superseded"],
  accepted: ["canary", "applied", "dismissed", "expired", "superseded"],
  canary: ["applied", "rolled_back"],
  applied: ["verified", "rolled_back"],
  verified: ["rolled_back"],
  rolled_back: [],
  dismissed: [],
  expired: [],
  superseded: [],
} as const satisfies Record<string, readonly string[]>;

export type RecommendationState = keyof typeof RECOMMENDATION_SUCCESSORS;
export const RECOMMENDATION_STATES = Object.keys(
  RECOMMENDATION_SUCCESSORS,
) as RecommendationState[];

/** Open states, the most advanced first: the order in which one of them speaks for a (model, phase). */
const ADVANCED: readonly RecommendationState[] = [
  "verified",
  "applied",
  "canary",
  "accepted",
  "proposed",
];
/** Time that a person has before a proposal expires: 14 days. */
export const PROPOSAL_TTL_MS = 14 * 24 * 60 * 60 * 1000;

/** Relative change of a metric, with its interval. */
export interface Improvement {
  readonly relative: number;
  readonly low: number;
  readonly high: number;
}

/** An immutable plan to change one parameter from a parent, and where it stands. */
export interface Recommendation {
  readonly recommendationId: string;
  readonly kind: RecommendationKind;
  readonly state: RecommendationState;
  readonly scope: Scope;
  readonly parameter: string;
  readonly currentValue: number | string;
  readonly recommendedValue: number | string;
  readonly improvements: Readonly<Partial<Record<"quality" | "cost" | "latency", Improvement>>>;
  /** 0..1: one minus the level at which the evidence still holds. */
  readonly confidence: number;
  readonly reason: string;
  readonly evidence: Evidence;
  readonly sampleSize: number;
  readonly parentConfigId: string;
  readonly parentRevision: number;
  readonly priority: "low" | "medium" | "high";
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly stateChangedAtMs: number;
  readonly stateReason: string;
  readonly stateChangedBy: string;
  /** The drift that it answers; empty for other kinds. */
  readonly driftId: string;
}

/** What a loop or a person wants proposed: a recommendation without identity, state or time. */
export type Proposal = Omit<
  Recommendation,
  | "recommendationId"
  | "state"
  | "createdAtMs"
  | "expiresAtMs"
  | "stateChangedAtMs"
  | "stateReason"
  | "stateChangedBy"
>;

export interface Transition {
  readonly to: RecommendationState;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

/** The recommendation after a transition; undefined where its state does not allow it. */
export function transition(
  recommendation: Recommendation,
  { to, atMs, by, reason }: Transition,
): Recommendation | undefined {
  const successors: readonly RecommendationState[] =
    RECOMMENDATION_SUCCESSORS[recommendation.state];
  if (!successors.includes(to)) return undefined;
  return {
    ...recommendation,
    state: to,
    stateChangedAtMs: atMs,
    stateChangedBy: by,
    stateReason: reason,
  };
}

/** Whether a recommendation still matters: it waits, is tried or is served. */
export function isOpen(recommendation: Recommendation): boolean {
  return ADVANCED.includes(recommendation.state);
}

/** The state that speaks for a (model, phase): the most advanced open one, else "none". */
export function mostAdvancedState(
  recommendations: Iterable<Recommendation>,
): RecommendationState | "none" {
  const states = new Set([...recommendations].map((recommendation) => recommendation.state));
  return ADVANCED.find((state) => states.has(state)) ?? "none";
}

/** A relative change as the seed writes it: "+2.5%", "-5%", "0%". */
export function improvementText(relative: number): string {
  const percent = Number((relative * 100).toPrecision(3));
  return `${percent > 0 ? "+" : ""}${percent === 0 ? 0 : percent}%`;
}
