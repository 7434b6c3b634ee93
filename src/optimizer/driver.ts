import type { Insight } from "../domain/analysis/insight.ts";
import { type Scope, scopeKey } from "../domain/config/scope.ts";
import {
  HOUR_LOOKS_PER_PASS_MAX,
  LOOP_DECISIONS_MAX,
  OPEN_FINDINGS_MAX,
} from "../domain/kernel/limits.ts";
import { sortedSteps } from "../domain/kernel/sorted-steps.ts";
import type { Engine } from "../engine/engine.ts";
import { HourLooks } from "../engine/impacts-in-time.ts";
import type { Loop, LoopPass, LoopStatus, LoopTaskResult } from "../engine/loop.ts";
import { examineScope, type ScopeExamination } from "../engine/scope-examination.ts";
import type { Platform } from "../platform/platform.ts";
import { Slices } from "../platform/slices.ts";
import type { Pass, Task } from "./task.ts";

export interface DriverOptions {
  /** Between the end of a pass and the start of the next, in milliseconds. */
  readonly intervalMs: number;
  /** A distance greater than this from the optimum is a drift. */
  readonly driftThreshold: number;
}

/**
 * Runs the tasks, one pass at a time: at an interval after the last pass ended, or when somebody asks. It knows no task by name. A
 * task that fails is logged and leaves its scopes to the next pass; the other tasks run all the same.
 */
export class Driver implements Loop {
  readonly #engine: Engine;
  readonly #platform: Platform;
  readonly #tasks: readonly Task[];
  readonly #options: DriverOptions;
  /** Scopes to look at, by key. */
  #changed = new Map<string, Scope>();
  /** Scopes that wait for a pass that may look at their hours, by key. */
  readonly #pending = new Map<string, Scope>();
  readonly #insights = new Map<string, readonly Insight[]>();
  #running: Promise<LoopPass> | undefined;
  #next: Promise<LoopPass> | undefined;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;
  #passes = 0;
  #failures = 0;
  #lastPass: LoopPass | undefined;
  #lastSuccessAtMs: number | undefined;

  constructor(deps: {
    engine: Engine;
    platform: Platform;
    tasks: readonly Task[];
    options: DriverOptions;
  }) {
    this.#engine = deps.engine;
    this.#platform = deps.platform;
    this.#tasks = deps.tasks;
    this.#options = deps.options;
  }

  /** Looks at every scope in the first pass, and afterwards at those that change. */
  start(): void {
    const { arms } = this.#engine.cells;
    for (const [key, scope] of arms.scopes()) this.#changed.set(key, scope);
    this.#engine.onOutcome(({ arm }) => {
      const key = scopeKey(arm.scope);
      // One that is not known counted for the overflow arm: there is nothing to look at.
      const scope = arms.scope(key);
      if (scope) this.#changed.set(key, scope);
    });
    this.#engine.onCommit(({ touched }) => {
      if (touched !== "all" && touched.size === 0) return;
      for (const [key, scope] of arms.scopes()) {
        if (touched === "all" || touched.has(scope.model)) this.#changed.set(key, scope);
      }
    });
    this.#arm();
  }

  /** Starts no further pass and waits for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#running?.catch(() => undefined);
  }

  status(): LoopStatus {
    return {
      intervalMs: this.#options.intervalMs,
      isRunning: this.#running !== undefined,
      passes: this.#passes,
      failures: this.#failures,
      lastPass: this.#lastPass,
      lastSuccessAtMs: this.#lastSuccessAtMs,
    };
  }

  runNow(): Promise<LoopPass> {
    if (!this.#running) return this.#run("request");
    // Callers that arrive during a pass share the one that follows it: each gets a pass that started after it asked.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#running ?? this.#run("request");
      });
    return this.#next;
  }

  #arm(): void {
    this.#cancelTimer?.();
    if (this.#stopped) return;
    this.#cancelTimer = this.#platform.timers.after(this.#options.intervalMs, () => {
      if (!this.#running) void this.#run("interval");
    });
  }

  #run(trigger: LoopPass["trigger"]): Promise<LoopPass> {
    const running = this.#pass(trigger).finally(() => {
      this.#running = undefined;
      this.#arm();
    });
    this.#running = running;
    return running;
  }

  async #pass(trigger: LoopPass["trigger"]): Promise<LoopPass> {
    const { clock, log } = this.#platform;
    const startedAtMs = clock.nowMs();
    const started = clock.monotonicMs();
    const changed = this.#changed;
    this.#changed = new Map();
    for (const [key, scope] of [...this.#pending].slice(0, HOUR_LOOKS_PER_PASS_MAX)) {
      this.#pending.delete(key);
      changed.set(key, scope);
    }
    const slices = new Slices();
    const pass = this.#passOf(startedAtMs, await this.#inTurn(changed, slices), slices);
    const results: LoopTaskResult[] = [];
    for (const task of this.#tasks) {
      results.push(await this.#activate(task, pass));
      await pass.slices.giveWay();
    }
    const failed = results.filter((result) => !result.ok);
    for (const [key, scope] of failed.length > 0 ? changed : []) this.#changed.set(key, scope);
    this.#passes += 1;
    if (failed.length > 0) this.#failures += 1;
    else this.#lastSuccessAtMs = clock.nowMs();
    const known = this.#engine.cells.arms.scopeCount;
    this.#lastPass = {
      pass: this.#passes,
      trigger,
      startedAtMs,
      durationMs: clock.monotonicMs() - started,
      longestSliceMs: pass.slices.longestMs,
      tasks: results,
      scopesAnalysed: changed.size,
      scopesUnchanged: Math.max(0, known - changed.size),
      insights: [...this.#insights.values()].flat(),
    };
    log.debug("loop pass finished", {
      pass: this.#passes,
      scopes: changed.size,
      failed: failed.length,
    });
    return this.#lastPass;
  }

  /** Scopes whose hours were looked at longest ago come first: not all may be in one pass. */
  async #inTurn(changed: ReadonlyMap<string, Scope>, slices: Slices): Promise<Scope[]> {
    const { impactsInTime } = this.#engine;
    const scopes = [...changed].map(([key, scope]) => {
      return { scope, lookedAtMs: impactsInTime.lookedAtMs(key) };
    });
    const byAge = (a: { lookedAtMs: number }, b: { lookedAtMs: number }) =>
      a.lookedAtMs - b.lookedAtMs;
    const inTurn = await slices.run(sortedSteps(scopes, byAge));
    return inTurn.map(({ scope }) => scope);
  }

  async #activate(task: Task, pass: Pass): Promise<LoopTaskResult> {
    try {
      const decisions = (await task.run(pass)).slice(0, LOOP_DECISIONS_MAX);
      return { task: task.name, ok: true, error: "", decisions };
    } catch (cause) {
      this.#platform.log.error("loop task failed", { task: task.name, cause });
      const error = cause instanceof Error ? cause.message : String(cause);
      return { task: task.name, ok: false, error, decisions: [] };
    }
  }

  #passOf(nowMs: number, changedScopes: readonly Scope[], slices: Slices): Pass {
    const examined = new Map<string, Promise<ScopeExamination>>();
    const looks = new HourLooks(HOUR_LOOKS_PER_PASS_MAX);
    return {
      nowMs,
      changedScopes,
      slices,
      examine: (scope) => {
        const key = scopeKey(scope);
        const { driftThreshold } = this.#options;
        const known =
          examined.get(key) ?? examineScope(this.#engine, scope, driftThreshold, { slices, looks });
        examined.set(key, known);
        return known.then((examination) => {
          if (examination.isPending) this.#pending.set(key, scope);
          else this.#pending.delete(key);
          return examination;
        });
      },
      publish: (scope, insights) => {
        const key = scopeKey(scope);
        this.#insights.delete(key);
        if (insights.length > 0 && this.#insights.size < OPEN_FINDINGS_MAX)
          this.#insights.set(key, insights);
      },
    };
  }
}
