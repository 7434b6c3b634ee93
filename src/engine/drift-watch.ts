import { type Scope, scopeAttributes, scopeKey } from "../domain/config/scope.ts";
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
import { type RenderedValues, renderedValues } from "../domain/drift/rendered-values.ts";
import { callStartMs, cohortHoldMs } from "../domain/outcome/maturity.ts";
import type { Arm, Outcome } from "../domain/outcome/outcome.ts";
import { inSlices } from "../platform/slices.ts";
import { decodeJournalRecord } from "../store/journal-codec.ts";
import { keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { type LiveArm, OVERFLOW_CONFIG_ID } from "./arms.ts";
import type { Engine } from "./engine.ts";
import { statedWindow } from "./lookup-warnings.ts";

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
  /** When its call began, and from when on every call of that time is known. */
  readonly atMs: number;
  readonly matureAtMs: number;
  /** Orders calls of one moment, blind to how they went: tokens tell the minute only. */
  readonly tie: number;
  /** Whether a decision says when the call began. */
  readonly isDecided: boolean;
  /** Its journal record. */
  readonly sequence: number;
  readonly values: Readonly<Partial<Record<WatchedMetric, number>>>;
  readonly differing: readonly string[] | undefined;
  readonly responseModel: string;
}

/** How far the journal is folded. Everything up to `through` that was mature at `cutMs` is; what is not begins at `from`. */
interface WatchedThrough {
  readonly through: number;
  readonly from: number;
  readonly cutMs: number;
}

/** Outcomes that wait to mature. About 250 bytes each; those beyond it are counted and not watched. */
const WAITING_MAX = 100_000;
/** Outcomes that one step looks through. */
const WAITING_STEP = 500;
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
 * Outcomes wait until every call that was decided when theirs was is known or out of time, and are then folded in the order of their
 * decisions: failures take longer than successes, so that in the order of arrival a mean falls when the traffic does. One that comes
 * after its cohort was folded is left out for good. What is known is written with how far the journal is in it, and at the start the
 * records after that are folded again: a restart loses and doubles nothing.
 */
export class DriftWatch {
  readonly #engine: Engine;
  /** Newest journal record when listening began: what came before is read from the journal. */
  readonly #heardFrom: number;
  readonly #arms = new Map<string, ArmWatch>();
  readonly #scopes = new Map<string, ScopeWatch>();
  /** What renderings send for the settings of an arm, of arms that were applied otherwise than decided. */
  #rendered = new WeakMap<LiveArm, RenderedValues>();
  #waiting: Seen[] = [];
  #loaded: Promise<void> | undefined;
  readonly #dirty = new Set<string>();
  #savedAtMs = 0;
  #through = 0;
  /** The time of the last fold: what was mature by then is folded. */
  #cutMs = 0;
  /** Outcomes that came while as many as may wait did. */
  dropped = 0;
  /** Outcomes that came after their cohort was folded. */
  late = 0;

  /** Listens from now on; what is stored is read with the first fold, so that it costs the start nothing. */
  constructor(engine: Engine) {
    this.#engine = engine;
    engine.onOutcome((outcome) => this.#hear(outcome));
    engine.onCommit(({ touched }) => {
      if (touched === "all" || touched.size > 0) this.#rendered = new WeakMap();
    });
    this.#heardFrom = engine.outcomes.journal.sequence;
  }

  /** Folds what waits, in slices, and answers the drifts that are there now. */
  async fold(nowMs: number): Promise<WatchedDrifts> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    const waiting = this.#waiting;
    const through = this.#engine.outcomes.journal.sequence;
    this.#waiting = [];
    // A clock that goes back opens no cohort again.
    const cutMs = Math.max(nowMs, this.#cutMs);
    const held = await inSlices(this.#foldSteps(waiting, { nowMs, cutMs }));
    this.#waiting = [...held, ...this.#waiting];
    this.#forget();
    if (through !== this.#through || waiting.length > 0)
      this.#dirty.add(keys.meta("watchedThrough"));
    this.#through = through;
    this.#cutMs = cutMs;
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
    const stored = await store.json<number | WatchedThrough>(keys.meta("watchedThrough"));
    const { through, from, cutMs } = throughOf(stored);
    this.#cutMs = cutMs;
    const missed: Seen[] = [];
    const records = { gte: keys.journal(from), lt: keys.journal(this.#heardFrom + 1) };
    for await (const [key, bytes] of store.scanBytes({ range: records })) {
      const sequence = sequenceOfKey(key);
      for (const outcome of decodeJournalRecord(bytes).outcomes) {
        const seen = this.#seen(outcome, sequence);
        const isFolded = seen !== undefined && sequence <= through && seen.matureAtMs <= cutMs;
        if (seen && !isFolded && missed.length < WAITING_MAX) missed.push(seen);
      }
    }
    this.#waiting = [...missed, ...this.#waiting];
  }

  #hear(outcome: Outcome): void {
    const seen = this.#seen(outcome, this.#engine.outcomes.journal.sequence);
    if (!seen) return;
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(seen);
    else this.dropped += 1;
  }

  /** What folds into the overflow arm is of unlike settings: nothing is watched there. */
  #seen(outcome: Outcome, sequence: number): Seen | undefined {
    const live = this.#engine.cells.arms.find(outcome.arm);
    if (!live || live.arm.configId === OVERFLOW_CONFIG_ID) return undefined;
    const values: Partial<Record<WatchedMetric, number>> = {};
    for (const metric of WATCHED_METRICS) {
      const value = watchedValue(outcome, metric);
      if (value !== undefined) values[metric] = value;
    }
    const atMs = callStartMs(outcome);
    return {
      arm: live.arm,
      atMs,
      matureAtMs: atMs + cohortHoldMs(outcome.arm.settings),
      tie: outcome.content,
      isDecided: outcome.decidedAtMs !== undefined,
      sequence,
      values,
      differing: differingParameters(outcome, () => this.#renderedOf(live)),
      responseModel: outcome.responseModel,
    };
  }

  /** What renderings send for the settings of an arm; computed once, as long as no config changes. */
  #renderedOf(live: LiveArm): RenderedValues {
    const { lookups, dimensions } = this.#engine;
    const known = this.#rendered.get(live);
    if (known) return known;
    const { scope, settings } = live.arm;
    const answer = lookups.resolve({
      model: scope.model,
      phase: scope.phase,
      unit: "",
      attributes: scopeAttributes(scope, dimensions),
      requireKnown: false,
      callSettings: {},
    });
    const { facts, wireModel } = answer;
    const values = renderedValues(settings, {
      facts,
      wireModel,
      contextWindow: statedWindow(answer),
    });
    this.#rendered.set(live, values);
    return values;
  }

  /** Folds what is mature at the cut, and answers what is not. */
  *#foldSteps(
    waiting: readonly Seen[],
    { nowMs, cutMs }: { readonly nowMs: number; readonly cutMs: number },
  ): Generator<undefined, Seen[], undefined> {
    const held: Seen[] = [];
    const mature: Seen[] = [];
    for (const [index, seen] of waiting.entries()) {
      if (seen.matureAtMs > cutMs) held.push(seen);
      // Without a decision nothing is late: old logs may be imported.
      else if (seen.isDecided && seen.matureAtMs <= this.#cutMs) this.late += 1;
      else mature.push(seen);
      if (index % WAITING_STEP === 0) yield;
    }
    mature.sort((a, b) => a.atMs - b.atMs || a.tie - b.tie);
    for (const seen of mature) {
      this.#foldArm(seen, nowMs);
      this.#foldScope(seen);
      yield;
    }
    return held;
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

  #progress(): WatchedThrough {
    const through = this.#through;
    const held = this.#waiting.filter(({ sequence }) => sequence <= through);
    const from = held.reduce((first, { sequence }) => Math.min(first, sequence), through + 1);
    return { through, from, cutMs: this.#cutMs };
  }

  #ops(): StoreOp[] {
    return [...this.#dirty].map((key) => {
      if (key === keys.meta("watchedThrough")) return { put: key, json: this.#progress() };
      const value = this.#arms.get(key) ?? this.#scopes.get(key);
      return value ? { put: key, json: value } : { delete: key };
    });
  }
}

/** A number is what was written when outcomes were folded at once. */
function throughOf(stored: number | WatchedThrough | undefined): WatchedThrough {
  if (typeof stored === "object") return stored;
  const through = stored ?? 0;
  return { through, from: through + 1, cutMs: 0 };
}
