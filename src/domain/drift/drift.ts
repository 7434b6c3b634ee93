import type { Interval } from "../../stats/interval.ts";
import type { Evidence } from "../analysis/evidence.ts";
import type { Scope } from "../config/scope.ts";

export type DriftKind = "config" | "application" | "model" | "outcome" | "source";
export type DriftState = "open" | "resolved";

/** A difference that should not be, as found: without identity or time. */
export interface DriftFinding {
  readonly kind: DriftKind;
  readonly scope: Scope;
  readonly parameter: string;
  readonly served: number | string;
  /** The known optimum of a numeric parameter, ascending; empty for a nominal one. */
  readonly optimum: readonly Interval[];
  /** The known optimum of a nominal parameter. */
  readonly optimumValues: readonly string[];
  /** min(1, distance to the nearest member of the optimum). */
  readonly magnitude: number;
  readonly threshold: number;
  readonly evidence: Evidence;
  /** Outcomes behind the optimum. */
  readonly sampleSize: number;
  /** In words, with what to do. */
  readonly message: string;
  /** The settings that it is about. */
  readonly configId?: string;
  /** The metric that moved. */
  readonly metric?: string;
  /** Parameters that were applied otherwise than told. */
  readonly differing?: readonly string[];
  /** Where the known optimum comes from. */
  readonly optimumSource?: OptimumSource;
  /** 0..1: how sure a chosen optimum is; a measured one says it for each level. */
  readonly confidence?: number;
  /** Since when, in milliseconds, where it is known to have begun before it was found. */
  readonly sinceMs?: number;
}

/** Where a known optimum comes from, in the order in which they are believed (seed decision X23). */
export type OptimumSource = "recommendation" | "experiment" | "measured" | "label";

/** A recorded drift. OPEN is followed by RESOLVED, which is final. */
export interface Drift extends DriftFinding {
  readonly driftId: string;
  readonly state: DriftState;
  readonly openedAtMs: number;
  readonly resolvedAtMs?: number;
}

/** Whether two findings are about the same thing, so that the second continues the first. */
export function sameSubject(a: DriftFinding, b: DriftFinding): boolean {
  return subjectKey(a) === subjectKey(b);
}

/** A text that is equal for findings about the same thing only. */
export function subjectKey({ kind, parameter, configId = "", scope }: DriftFinding): string {
  // Which parameters agents apply otherwise may change while it is the same drift.
  const what = kind === "application" ? "" : parameter;
  return JSON.stringify([kind, what, configId, scope.model, scope.phase, scope.dimensions]);
}

/** The drift once what is found of it changed; the same value where nothing did. */
export function continueDrift(drift: Drift, finding: DriftFinding): Drift {
  const next: Drift = { ...drift, ...finding };
  return JSON.stringify(next) === JSON.stringify(drift) ? drift : next;
}

export function resolveDrift(drift: Drift, atMs: number): Drift {
  return { ...drift, state: "resolved", resolvedAtMs: atMs };
}
