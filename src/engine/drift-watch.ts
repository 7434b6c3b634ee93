import { type Scope, scopeKey } from "../domain/config/scope.ts";
import {
  type AppliedWatch,
  applicationDrift,
  differingParameters,
  foldApplied,
  NEW_APPLIED_WATCH,
} from "../domain/drift/applied-watch.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import {
  foldMetric,
  type MetricWatch,
  NEW_METRIC_WATCH,
  WATCHED_METRICS,
  type WatchedMetric,
  watchedValue,
} from "../domain/drift/metric-watch.ts";
import {
  foldResponseModel,
  type ModelWatch,
  modelDrift,
  NEW_MODEL_WATCH,
} from "../domain/drift/model-watch.ts";
import { isHeavyMetric, outcomeDrift } from "../domain/drift/outcome-drift.ts";
import { type Arm, cohortTimeMs, type Outcome } from "../domain/outcome/outcome.ts";
import { inSlices } from "../platform/slices.ts";
import { decodeJournalRecord } from "../store/journal-codec.ts";
import { keys, ranges } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { OVERFLOW_CONFIG_ID } from "./arms.ts";
import type { Engine } from "./engine.ts";

/** What is known of one arm. */
interface ArmWatch {
  readonly arm: Arm;
  readonly metrics: Readonly<Partial<Record<WatchedMetric, MetricWatch>>>;
  readonly applied: AppliedWatch;
  /** When the last outcome of it was folded, by the daemon's clock. */
  readonly heardMs: number;
}

interface ScopeWatch {
  readonly scope: Scope;
  readonly models: ModelWatch;
}

/** What of an outcome is watched. */
interface Seen {
  readonly arm: Arm;
  readonly atMs: number;
  readonly values: Readonly<Partial<Record<WatchedMetric, number>>>;
  readonly differing: readonly string[] | undefined;
  readonly responseModel: string;
}

/** Outcomes that wait for a pass of the loop. About 200 bytes each; those beyond it are counted and not watched. */
const WAITING_MAX = 100_000;
/** How often the state is written, in milliseconds: the journal has the rest. */
const SAVE_EVERY_MS = 60_000;
/** Settings without outcomes for so long are no longer in use, and what was found of them is gone; in milliseconds. */
const IN_USE_MS = 24 * 60 * 60 * 1000;

/** Drifts that are there now, and the ops that make the state that found them outlast a restart. */
export interface WatchedDrifts {
  readonly findings: readonly DriftFinding[];
  /** Empty where it is too soon to write. */
  readonly ops: readonly StoreOp[];
  /** Call once the ops are on disk. */
  readonly saved: () => void;
}

/**
 * Watches outcomes one by one for what cells cannot tell: a metric that moves while the settings stay, settings applied otherwise than
 * told, a provider that answers with another model.
 *
 * Outcomes wait until `fold` is called, and are then folded in the order of their decisions. What is known is written with the sequence
 * of the last journal record in it, and at the start the records after that are folded again: a restart loses and doubles nothing.
 */
export class DriftWatch {
  readonly #engine: Engine;
  /** Newest journal record when listening began: what came before is read from the journal. */
  readonly #heardFrom: number;
  readonly #arms = new Map<string, ArmWatch>();
  readonly #scopes = new Map<string, ScopeWatch>();
  #waiting: Seen[] = [];
  #loaded: Promise<void> | undefined;
  readonly #dirty = new Set<string>();
  #savedAtMs = 0;
  #through = 0;
  /** Outcomes that came while as many as may wait did. */
  dropped = 0;

  /** Listens from now on; what is stored is read with the first fold, so that it costs the start nothing. */
  constructor(engine: Engine) {
    this.#engine = engine;
    engine.onOutcome((outcome) => this.#hear(outcome));
    this.#heardFrom = engine.outcomes.journal.sequence;
  }

  /** Folds what waits, in slices, and answers the drifts that are there now. */
  async fold(nowMs: number): Promise<WatchedDrifts> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    const waiting = this.#waiting;
    const through = this.#engine.outcomes.journal.sequence;
    this.#waiting = [];
    waiting.sort((a, b) => a.atMs - b.atMs);
    await inSlices(this.#foldSteps(waiting, nowMs));
    this.#forget();
    if (through !== this.#through) this.#dirty.add(keys.meta("watchedThrough"));
    this.#through = through;
    const isDue = nowMs - this.#savedAtMs >= SAVE_EVERY_MS;
    return {
      findings: this.#findings(nowMs),
      ops: isDue ? this.#ops() : [],
      saved: () => {
        if (!isDue) return;
        this.#dirty.clear();
        this.#savedAtMs = nowMs;
      },
    };
  }

  /** Takes over what is stored, and the records of the journal since then, before what was heard meanwhile. */
  async #load(): Promise<void> {
    const { store } = this.#engine;
    const range = ranges.watched;
    for await (const [key, value] of store.scan<ArmWatch | ScopeWatch>({ range })) {
      if ("arm" in value) this.#arms.set(key, value);
      else this.#scopes.set(key, value);
    }
    const stored = (await store.json<number>(keys.meta("watchedThrough"))) ?? 0;
    const missed: Seen[] = [];
    const records = { gt: keys.journal(stored), lt: keys.journal(this.#heardFrom + 1) };
    for await (const [, bytes] of store.scanBytes({ range: records })) {
      for (const outcome of decodeJournalRecord(bytes).outcomes) {
        const seen = this.#seen(outcome);
        if (seen && missed.length < WAITING_MAX) missed.push(seen);
      }
    }
    this.#waiting = [...missed, ...this.#waiting];
  }

  #hear(outcome: Outcome): void {
    const seen = this.#seen(outcome);
    if (!seen) return;
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(seen);
    else this.dropped += 1;
  }

  /** What folds into the overflow arm is of unlike settings: nothing is watched there. */
  #seen(outcome: Outcome): Seen | undefined {
    const live = this.#engine.cells.arms.find(outcome.arm);
    if (!live || live.arm.configId === OVERFLOW_CONFIG_ID) return undefined;
    const values: Partial<Record<WatchedMetric, number>> = {};
    for (const metric of WATCHED_METRICS) {
      const value = watchedValue(outcome, metric);
      if (value !== undefined) values[metric] = value;
    }
    return {
      arm: live.arm,
      atMs: cohortTimeMs(outcome),
      values,
      differing: differingParameters(outcome),
      responseModel: outcome.responseModel,
    };
  }

  *#foldSteps(waiting: readonly Seen[], nowMs: number): Generator<undefined, void, undefined> {
    for (const seen of waiting) {
      this.#foldArm(seen, nowMs);
      this.#foldScope(seen);
      yield;
    }
  }

  #foldArm({ arm, atMs, values, differing }: Seen, nowMs: number): void {
    const key = keys.watchedArm(scopeKey(arm.scope), arm.configId);
    const known = this.#arms.get(key);
    const before = known?.applied ?? NEW_APPLIED_WATCH;
    const metrics = { ...known?.metrics };
    const detectors = this.#arms.size * WATCHED_METRICS.length;
    for (const metric of WATCHED_METRICS) {
      const value = values[metric];
      if (value === undefined) continue;
      const about = { isHeavy: isHeavyMetric(metric), detectors };
      metrics[metric] = foldMetric(metrics[metric] ?? NEW_METRIC_WATCH, { value, atMs }, about);
    }
    const applied = differing ? foldApplied(before, { differing, atMs }) : before;
    this.#arms.set(key, { arm, metrics, applied, heardMs: nowMs });
    this.#dirty.add(key);
  }

  #foldScope({ arm: { scope }, atMs, responseModel }: Seen): void {
    if (responseModel === "") return;
    const key = keys.watchedScope(scopeKey(scope));
    const before = this.#scopes.get(key)?.models ?? NEW_MODEL_WATCH;
    const models = foldResponseModel(before, { model: responseModel, atMs });
    if (models === before) return;
    this.#scopes.set(key, { scope, models });
    this.#dirty.add(key);
  }

  /** Arms and scopes whose cells are gone are no longer watched. */
  #forget(): void {
    const { arms } = this.#engine.cells;
    for (const [key, { arm }] of this.#arms) if (!arms.find(arm)) this.#drop(this.#arms, key);
    for (const [key, { scope }] of this.#scopes)
      if (!arms.scope(scopeKey(scope))) this.#drop(this.#scopes, key);
  }

  #drop(from: Map<string, unknown>, key: string): void {
    from.delete(key);
    this.#dirty.add(key);
  }

  #findings(nowMs: number): DriftFinding[] {
    const findings: (DriftFinding | undefined)[] = [];
    for (const { scope, models } of this.#scopes.values()) findings.push(modelDrift(scope, models));
    for (const { arm, metrics, applied, heardMs } of this.#arms.values()) {
      if (nowMs - heardMs > IN_USE_MS) continue;
      findings.push(applicationDrift(arm, applied));
      for (const metric of WATCHED_METRICS) {
        const watch = metrics[metric];
        if (watch) findings.push(outcomeDrift(arm, metric, watch));
      }
    }
    return findings.filter((finding) => finding !== undefined);
  }

  #ops(): StoreOp[] {
    return [...this.#dirty].map((key) => {
      if (key === keys.meta("watchedThrough")) return { put: key, json: this.#through };
      const value = this.#arms.get(key) ?? this.#scopes.get(key);
      return value ? { put: key, json: value } : { delete: key };
    });
  }
}
