import { type Scope, scopeAttributes, scopeKey } from "../domain/config/scope.ts";
import {
  applicationDrift,
  differingParameters,
  foldApplied,
  NEW_APPLIED_WATCH,
} from "../domain/drift/applied-watch.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import {
  foldMetric,
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
import { sortedSteps } from "../domain/kernel/sorted-steps.ts";
import { callStartMs, cohortHoldMs } from "../domain/outcome/maturity.ts";
import type { Arm, Outcome } from "../domain/outcome/outcome.ts";
import { Slices } from "../platform/slices.ts";
import { decodeJournalRecord } from "../store/journal-codec.ts";
import { armOfKey, keys, sequenceOfKey } from "../store/keys.ts";
import { decodeJson, type StoreOp } from "../store/store.ts";
import { type LiveArm, OVERFLOW_CONFIG_ID } from "./arms.ts";
import type { Engine } from "./engine.ts";
import { statedWindow } from "./lookup-warnings.ts";
import { type ArmWatch, WatchedArms } from "./watched-arms.ts";

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
/** Scopes that are read at once. */
const READ_SLICE = 64;
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
  readonly #arms: WatchedArms;
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
    this.#arms = new WatchedArms(engine.store);
    engine.onOutcome((outcome) => this.#hear(outcome));
    engine.onCommit(({ touched }) => {
      if (touched === "all" || touched.size > 0) this.#rendered = new WeakMap();
    });
    this.#heardFrom = engine.outcomes.journal.sequence;
  }

  /** Folds what waits, in slices, and answers the drifts that are there now. */
  async fold(nowMs: number, slices = new Slices()): Promise<WatchedDrifts> {
    this.#loaded ??= this.#load(slices);
    await this.#loaded;
    await slices.run(this.#putAsideSteps(nowMs));
    const waiting = this.#waiting;
    const through = this.#engine.outcomes.journal.sequence;
    this.#waiting = [];
    // A clock that goes back opens no cohort again.
    const cutMs = Math.max(nowMs, this.#cutMs);
    const { held, mature } = await slices.run(this.#matureSteps(waiting, cutMs));
    const arms = new Set(mature.map(({ arm }) => arm));
    await this.#arms.fetch([...arms].map(armKey), slices);
    await slices.run(this.#foldSteps(mature, nowMs));
    this.#waiting = held.concat(this.#waiting);
    await slices.run(this.#forgetSteps());
    if (through !== this.#through || waiting.length > 0)
      this.#dirty.add(keys.meta("watchedThrough"));
    this.#through = through;
    this.#cutMs = cutMs;
    const isDue = nowMs - this.#savedAtMs >= SAVE_EVERY_MS;
    return {
      findings: await slices.run(this.#findingSteps(nowMs)),
      ops: isDue ? this.#ops() : [],
      saved: () => {
        if (!isDue) return;
        this.#dirty.clear();
        this.#savedAtMs = nowMs;
      },
    };
  }

  /**
   * Takes over what is stored of scopes and of arms with open drifts, and the records of the journal since then, before what was heard
   * meanwhile. Other arms are read when they are heard of.
   */
  async #load(slices: Slices): Promise<void> {
    const { store, state, cells } = this.#engine;
    const drifting = [...state.findings.drifts.values()].flatMap(({ scope, configId }) =>
      configId === undefined ? [] : keys.watchedArm(scopeKey(scope), configId),
    );
    await this.#arms.fetch(new Set(drifting), slices);
    const scopes = [...cells.arms.scopes()].map(([key]) => keys.watchedScope(key));
    for (let start = 0; start < scopes.length; start += READ_SLICE) {
      const some = scopes.slice(start, start + READ_SLICE);
      for (const [place, bytes] of (await slices.waitFor(store.bytesMany(some))).entries())
        if (bytes) this.#scopes.set(some[place] ?? "", decodeJson<ScopeWatch>(bytes));
      await slices.giveWay();
    }
    const stored = await store.json<number | WatchedThrough>(keys.meta("watchedThrough"));
    const { through, from, cutMs } = throughOf(stored);
    this.#cutMs = cutMs;
    const missed: Seen[] = [];
    const records = { gte: keys.journal(from), lt: keys.journal(this.#heardFrom + 1) };
    for await (const [key, bytes] of slices.over(store.scanBytes({ range: records }))) {
      const sequence = sequenceOfKey(key);
      for (const outcome of decodeJournalRecord(bytes).outcomes) {
        await slices.giveWay();
        const seen = this.#seen(outcome, sequence);
        const isFolded = seen !== undefined && sequence <= through && seen.matureAtMs <= cutMs;
        if (seen && !isFolded && missed.length < WAITING_MAX) missed.push(seen);
      }
    }
    this.#waiting = missed.concat(this.#waiting);
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

  /** What is mature at the cut, in the order of the calls, and what is not. */
  *#matureSteps(
    waiting: readonly Seen[],
    cutMs: number,
  ): Generator<undefined, { readonly held: Seen[]; readonly mature: Seen[] }, undefined> {
    const held: Seen[] = [];
    const mature: Seen[] = [];
    for (const [index, seen] of waiting.entries()) {
      if (seen.matureAtMs > cutMs) held.push(seen);
      // Without a decision nothing is late: old logs may be imported.
      else if (seen.isDecided && seen.matureAtMs <= this.#cutMs) this.late += 1;
      else mature.push(seen);
      if (index % WAITING_STEP === 0) yield;
    }
    const inOrder = (a: Seen, b: Seen) => a.atMs - b.atMs || a.tie - b.tie;
    return { held, mature: yield* sortedSteps(mature, inOrder) };
  }

  *#foldSteps(mature: readonly Seen[], nowMs: number): Generator<undefined, void, undefined> {
    for (const seen of mature) {
      this.#foldArm(seen, nowMs);
      this.#foldScope(seen);
      yield;
    }
  }

  #foldArm({ arm, atMs, values, differing }: Seen, nowMs: number): void {
    const key = armKey(arm);
    const known = this.#arms.get(key);
    const before = known?.applied ?? NEW_APPLIED_WATCH;
    const metrics = { ...known?.metrics };
    const detectors = this.#engine.cells.arms.pairs * WATCHED_METRICS.length;
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

  /** Arms and scopes that are not known any more are no longer watched. */
  *#forgetSteps(): Generator<undefined, void, undefined> {
    const { arms } = this.#engine.cells;
    for (const key of this.#arms.keys()) {
      if (!arms.get(...armOfKey(key))) this.#drop(this.#arms, key);
      yield;
    }
    for (const [key, { scope }] of this.#scopes) {
      if (!arms.scope(scopeKey(scope))) this.#drop(this.#scopes, key);
      yield;
    }
  }

  #drop(from: { delete(key: string): void }, key: string): void {
    from.delete(key);
    this.#dirty.add(key);
  }

  #putAsideSteps(nowMs: number): Generator<undefined, void, undefined> {
    const isStored = (key: string) => !this.#dirty.has(key);
    return this.#arms.putAsideSteps({ nowMs, isStored, findingsOf });
  }

  *#findingSteps(nowMs: number): Generator<undefined, DriftFinding[], undefined> {
    const found = yield* this.#arms.findingSteps(nowMs - IN_USE_MS, findingsOf);
    for (const { scope, models } of this.#scopes.values()) {
      const drift = modelDrift(scope, models);
      if (drift) found.push(drift);
      yield;
    }
    return found;
  }

  #progress(): WatchedThrough {
    const through = this.#through;
    let from = through + 1;
    for (const { sequence } of this.#waiting) if (sequence < from) from = sequence;
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

function armKey({ scope, configId }: Arm): string {
  return keys.watchedArm(scopeKey(scope), configId);
}

/** What the watch of an arm finds now. */
function findingsOf({ arm, metrics, applied }: ArmWatch): DriftFinding[] {
  const application = applicationDrift(arm, applied);
  const found = application ? [application] : [];
  for (const metric of WATCHED_METRICS) {
    const watch = metrics[metric];
    const drift = watch && outcomeDrift(arm, metric, watch);
    if (drift) found.push(drift);
  }
  return found;
}

/** A number is what was written when outcomes were folded at once. */
function throughOf(stored: number | WatchedThrough | undefined): WatchedThrough {
  if (typeof stored === "object") return stored;
  const through = stored ?? 0;
  return { through, from: through + 1, cutMs: 0 };
}
