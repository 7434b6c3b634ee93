import type { Evidence } from "../domain/analysis/evidence.ts";
import type { Insight } from "../domain/analysis/insight.ts";
import type { Scope } from "../domain/config/scope.ts";

/** One decision of the loop, and why. */
export interface LoopDecision {
  /** For programs, for example "drift_opened" or "no_drift". */
  readonly decision: string;
  readonly scope: Scope;
  readonly reason: string;
  /** Id of the drift or recommendation that it is about; empty without one. */
  readonly subjectId: string;
  readonly evidence: Evidence | undefined;
}

export interface LoopTaskResult {
  readonly task: string;
  readonly ok: boolean;
  /** Why it did not finish; empty where it did. */
  readonly error: string;
  readonly decisions: readonly LoopDecision[];
}

export interface LoopPass {
  /** From 1, since the start of the daemon. */
  readonly pass: number;
  readonly trigger: "interval" | "request";
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** The longest that it held the event loop at once, in milliseconds, pauses of the collector and the machine included. */
  readonly longestSliceMs: number;
  readonly tasks: readonly LoopTaskResult[];
  readonly scopesAnalysed: number;
  readonly scopesUnchanged: number;
  readonly insights: readonly Insight[];
}

export interface LoopStatus {
  readonly intervalMs: number;
  readonly isRunning: boolean;
  readonly passes: number;
  readonly failures: number;
  readonly lastPass: LoopPass | undefined;
  readonly lastSuccessAtMs: number | undefined;
}

/** The background loop as doors see it; `optimizer/` is what runs behind it. */
export interface Loop {
  status(): LoopStatus;
  /** Runs a pass that starts after this call, and answers when it is done. */
  runNow(): Promise<LoopPass>;
}
