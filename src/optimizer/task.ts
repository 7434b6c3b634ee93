import type { Insight } from "../domain/analysis/insight.ts";
import type { Scope } from "../domain/config/scope.ts";
import type { LoopDecision } from "../engine/loop.ts";
import type { ScopeExamination } from "../engine/scope-examination.ts";
import type { Slices } from "../platform/slices.ts";

/** What a pass has in hand: which scopes changed, and what was found there, computed once for all tasks. */
export interface Pass {
  readonly nowMs: number;
  /** Scopes with new outcomes or another config since the last pass that finished. */
  readonly changedScopes: readonly Scope[];
  /** What the whole pass does its work in. */
  readonly slices: Slices;
  examine(scope: Scope): Promise<ScopeExamination>;
  /** Takes the findings of a scope in place of those before. */
  publish(scope: Scope, insights: readonly Insight[]): void;
}

/**
 * One concern of the loop. An activation takes no input: it collects what it needs, decides with pure functions and commits through
 * the engine. It is idempotent, and does not retry: the next pass will.
 */
export interface Task {
  readonly name: string;
  run(pass: Pass): Promise<LoopDecision[]>;
}
