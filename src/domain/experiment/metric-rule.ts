import type { Outcome } from "../outcome/outcome.ts";
import { scoreScale } from "../outcome/score.ts";
import { countsForSuccess, type OutcomeStatus } from "../outcome/status.ts";

/**
 * What it means that a unit reported nothing for a metric by its deadline. `failure` counts the worst value, the same in every arm.
 * `censor` leaves the unit out of the metric and counts it as missing; `ignore` leaves it out without counting. Only `failure` is a
 * basis for acting: leaving units out is biased as soon as the arms differ in what they report (statistics-review.md, section 3).
 */
export const MISSING_POLICIES = ["censor", "failure", "ignore"] as const;
export type MissingPolicy = (typeof MISSING_POLICIES)[number];

/** One metric of an experiment, frozen when it is created. */
export interface MetricRule {
  /** success, latency, cost, or the name of a score. */
  readonly metric: string;
  readonly missing: MissingPolicy;
  /** How long after a unit's window its reports count, in milliseconds. */
  readonly ttlMs: number;
  /** What counts as 1, for latency in milliseconds and for cost in US dollars; such metrics need one, others have none. */
  readonly cap?: number;
}

/** The default attribution window of what a call itself tells: success, latency, cost. */
export const CALL_TTL_MS_DEFAULT = 5 * 60 * 1000;
/** The default attribution window of scores, which people and judges give later. */
export const SCORE_TTL_MS_DEFAULT = 60 * 60 * 1000;

const CALL_METRICS = new Set(["success", "latency", "cost"]);

/** Whether a metric is scored by the caller, so that only units whose score was requested count for it. */
export function isScore(metric: string): boolean {
  return !CALL_METRICS.has(metric);
}

/** Whether a metric has no upper end of its own and is counted as a share of a cap. */
export function needsCap(metric: string): boolean {
  return metric === "latency" || metric === "cost";
}

export function betterOf(metric: string): "higher" | "lower" {
  if (needsCap(metric)) return "lower";
  return metric === "success" ? "higher" : scoreScale(metric).better;
}

/** The worst value of a metric on its scale of 0 to 1: what `failure` counts, whatever the arm. */
export function worstValue(metric: string): 0 | 1 {
  return betterOf(metric) === "higher" ? 0 : 1;
}

/** What a value of 1 stands for, in the metric's own unit. */
export function scaleOf(rule: MetricRule): number {
  if (rule.cap !== undefined) return rule.cap;
  return rule.metric === "success" ? 1 : scoreScale(rule.metric).max;
}

/**
 * What an outcome says of a metric, from 0 to 1; undefined where it says nothing. CANCELLED and NOT_USED say nothing of success. A
 * call that failed and was not scored has the worst score: else an arm would gain by failing where it is bad.
 */
export function outcomeValue(
  rule: MetricRule,
  outcome: Pick<Outcome, "status" | "latencyMs" | "costNanoUsd" | "scores">,
): number | undefined {
  const { metric, cap = 1 } = rule;
  if (metric === "success") {
    if (!countsForSuccess(outcome.status)) return undefined;
    return outcome.status === "ok" ? 1 : 0;
  }
  if (metric === "latency") return capped(outcome.latencyMs, cap);
  if (metric === "cost")
    return capped(outcome.costNanoUsd === undefined ? undefined : outcome.costNanoUsd / 1e9, cap);
  const score = Object.hasOwn(outcome.scores, metric) ? outcome.scores[metric] : undefined;
  if (score !== undefined) return score / scoreScale(metric).max;
  return isFailed(outcome.status) ? worstValue(metric) : undefined;
}

/** Whether a call failed, and was not merely given up. */
export function isFailed(status: OutcomeStatus): boolean {
  return countsForSuccess(status) && status !== "ok";
}

function capped(value: number | undefined, cap: number): number | undefined {
  return value === undefined ? undefined : Math.min(value, cap) / cap;
}
