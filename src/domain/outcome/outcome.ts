import type { Scope } from "../config/scope.ts";
import type { Settings } from "../config/settings.ts";
import type { ClockSkew } from "./clock-skew.ts";
import type { OutcomeStatus } from "./status.ts";

/** What an outcome is counted for: the settings of one config id in one scope. */
export interface Arm {
  readonly scope: Scope;
  readonly configId: string;
  readonly settings: Settings;
}

/** The experiment's unit that an outcome belongs to. */
export interface AssignmentRef {
  readonly experimentId: string;
  /** Start of the daemon that assigned it, and its place in the order of assignment. */
  readonly boot: number;
  readonly sequence: number;
  readonly arm: number;
}

/** One call's facts, checked, with its arm. */
export interface Outcome {
  /** Identity that the caller gave it; made of producer and sequence where it gave none. */
  readonly outcomeId: string;
  /** Where the producer numbers its outcomes: what tells a redelivery, instead of the id. */
  readonly producer?: { readonly producerId: string; readonly sequence: number } | undefined;
  /** Fingerprint of the content as sent, 32 bits: tells a duplicate from a reused id. */
  readonly content: number;
  readonly arm: Arm;
  readonly status: OutcomeStatus;
  /** When the call happened; the time of receipt where the caller named none. */
  readonly occurredAtMs: number;
  /** When its settings were decided; only with a token. */
  readonly decidedAtMs?: number | undefined;
  /** What its times were put right for; undefined where they were possible as stated. */
  readonly clockSkew?: ClockSkew | undefined;
  /** The unit of an experiment that it belongs to; only with an assignment token. */
  readonly assignment?: AssignmentRef | undefined;
  readonly latencyMs?: number | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cachedInputTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly costNanoUsd?: number | undefined;
  /** Whether the cost was derived from tokens and the catalog's price. */
  readonly costDerived: boolean;
  /** Day of the price that the cost was derived from, YYYY-MM-DD; empty where it was not derived. */
  readonly priceDate: string;
  readonly finishReason: string;
  readonly retries?: number | undefined;
  readonly iterations?: number | undefined;
  /** Scores by metric, each in its own unit. */
  readonly scores: Readonly<Record<string, number>>;
  readonly unit: string;
  readonly responseModel: string;
  readonly appliedConfigId: string;
  readonly appliedSettings?: Settings | undefined;
  readonly externalRef: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The time that decides which cohort, and so which hour's cell, an outcome belongs to. */
export function cohortTimeMs(outcome: Outcome): number {
  return outcome.decidedAtMs ?? outcome.occurredAtMs;
}
