import { Counter, Histogram, type Registry } from "prom-client";
import type { Outcome } from "../domain/outcome/outcome.ts";
import type { SkewedOutcome } from "../engine/clock-skews.ts";
import type { Pairs } from "./pairs.ts";

export interface OutcomeMetrics {
  counted(outcome: Outcome): void;
  /** An outcome whose times cannot be. */
  skewed(outcome: SkewedOutcome): void;
  /** What became of the items of a batch that were not counted. */
  reported(tally: {
    readonly duplicates: number;
    readonly rejectedReasons: readonly string[];
  }): void;
}

/** What was reported, since the start. */
export function createOutcomeMetrics(registry: Registry, pairs: Pairs): OutcomeMetrics {
  const registers = [registry];
  const outcomes = new Counter({
    name: "attuned_outcomes_total",
    help: "Outcomes stored, by status and by whether they came with a decision token.",
    labelNames: ["model", "phase", "status", "source"] as const,
    registers,
  });
  const tokens = new Histogram({
    name: "attuned_outcome_tokens",
    help: "Tokens of an outcome, by type.",
    labelNames: ["type"] as const,
    buckets: [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576],
    registers,
  });
  const timeouts = new Counter({
    name: "attuned_outcome_timeouts_total",
    help: "Outcomes that ran out of time.",
    registers,
  });
  const retries = new Histogram({
    name: "attuned_outcome_retries",
    help: "Retries of an outcome.",
    buckets: [0, 1, 2, 3, 5, 10],
    registers,
  });
  const duplicates = new Counter({
    name: "attuned_outcome_duplicates_total",
    help: "Outcomes that were stored before.",
    registers,
  });
  const rejected = new Counter({
    name: "attuned_outcomes_rejected_total",
    help: "Outcomes refused, by reason.",
    labelNames: ["reason"] as const,
    registers,
  });
  const skew = new Histogram({
    name: "attuned_outcome_clock_skew_seconds",
    help: "By how much the times of outcomes cannot be, by which clock is wrong: the producer's (ahead, behind, refused) or the daemon's.",
    labelNames: ["kind"] as const,
    buckets: [1, 10, 60, 600, 3600, 86_400],
    registers,
  });
  return {
    skewed({ kind, ms }) {
      skew.observe({ kind }, ms / 1000);
    },
    counted(outcome) {
      const { scope } = outcome.arm;
      const source = outcome.decidedAtMs === undefined ? "direct" : "token";
      outcomes.inc({ ...pairs.labels(scope.model, scope.phase), status: outcome.status, source });
      if (outcome.inputTokens !== undefined) tokens.observe({ type: "input" }, outcome.inputTokens);
      if (outcome.outputTokens !== undefined)
        tokens.observe({ type: "output" }, outcome.outputTokens);
      if (outcome.status === "timeout") timeouts.inc();
      if (outcome.retries !== undefined) retries.observe(outcome.retries);
    },
    reported(tally) {
      duplicates.inc(tally.duplicates);
      for (const reason of tally.rejectedReasons) rejected.inc({ reason });
    },
  };
}
