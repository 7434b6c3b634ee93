import type { ConfigState } from "../domain/config/registry.ts";
import type { Drift } from "../domain/drift/drift.ts";
import { Fault } from "../domain/kernel/fault.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import type { Recommendation } from "../domain/recommendation/recommendation.ts";
import type { Platform } from "../platform/platform.ts";
import { createId } from "../platform/random.ts";
import { Slices } from "../platform/slices.ts";
import { ranges } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import type { Cells } from "./cells.ts";
import type { Change, Committed } from "./change.ts";
import { type ConfigSources, loadConfigState } from "./config-load.ts";
import { abortedBy, experimentOps, withAborts, withExperiments } from "./experiments/abort.ts";
import { Experiments } from "./experiments/experiments.ts";
import { loadInference } from "./experiments/inference-changes.ts";
import type { IdSeed } from "./id-window.ts";
import { ImpactsInTime } from "./impacts-in-time.ts";
import type { Acceptance } from "./journal.ts";
import { Lookups } from "./lookups.ts";
import { loadIdSeed, OutcomePlane } from "./outcome-plane.ts";
import { Prices } from "./prices.ts";
import { ScopeHours } from "./scope-hours.ts";
import { type EngineState, NO_FINDINGS } from "./state.ts";
import { openDecision, type TokenDecision } from "./token-decision.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface EngineOptions extends ConfigSources {
  readonly dimensions: readonly string[];
  /** Longest time between two checkpoints, in milliseconds. */
  readonly checkpointIntervalMs: number;
  /** Bytes of the journal that are kept on disk. */
  readonly journalBytesMax: number;
}

export interface EngineDeps {
  readonly store: Store;
  readonly tokenKeys: TokenKeys;
  readonly platform: Platform;
  readonly options: EngineOptions;
}

/**
 * The middle of the daemon: the one writer, and the state that everything reads.
 *
 * Control changes go through `commit` one at a time: check, one synced batch, swap the state. Outcomes go through `report` into the
 * journal. Lookups read the state of the moment and wait for neither.
 */
export class Engine {
  readonly store: Store;
  readonly lookups: Lookups;
  readonly outcomes: OutcomePlane;
  readonly prices: Prices;
  readonly experiments: Experiments;
  readonly impactsInTime: ImpactsInTime;
  readonly dimensions: readonly string[];
  readonly #platform: Platform;
  #tokenKeys: TokenKeys;
  readonly #options: EngineOptions;
  #state: EngineState;
  #commits: Promise<unknown> = Promise.resolve();
  /** Set when a failed change may be on disk: the state is read again before the next one. */
  #mustReload = false;
  readonly #outcomeListeners: ((outcome: Outcome) => void)[] = [];
  readonly #commitListeners: ((committed: Committed) => void)[] = [];

  private constructor(deps: EngineDeps, state: EngineState, idSeed: IdSeed) {
    this.store = deps.store;
    this.#platform = deps.platform;
    this.#tokenKeys = deps.tokenKeys;
    this.#options = deps.options;
    this.#state = state;
    this.dimensions = deps.options.dimensions;
    const { clock, log } = deps.platform;
    this.experiments = new Experiments({
      store: deps.store,
      clock,
      log,
      definitions: () => this.#state.config.experiments,
      write: (ops) => this.outcomes.journal.correct({ corrections: [], ops }),
    });
    this.lookups = new Lookups(state.config, {
      clock,
      keys: deps.tokenKeys,
      dimensions: this.dimensions,
      enrolment: this.experiments,
    });
    this.prices = new Prices(() => this.#state.config);
    this.outcomes = new OutcomePlane({
      store: deps.store,
      platform: deps.platform,
      idSeed,
      experiments: this.experiments,
      checkpointIntervalMs: deps.options.checkpointIntervalMs,
      journalBytesMax: deps.options.journalBytesMax,
      onOutcome: (outcome) => {
        for (const listener of this.#outcomeListeners) listener(outcome);
      },
      onReopened: async () => {
        this.#mustReload = true;
      },
    });
    this.impactsInTime = new ImpactsInTime(new ScopeHours(this.outcomes.cells, clock), clock);
  }

  /** Rebuilds the state from the store: configs, live findings, the newest checkpoint and the journal after it. */
  static async open(deps: EngineDeps): Promise<Engine> {
    const { store, options } = deps;
    const config = await abortAtBoot(deps, await loadConfigState(store, options));
    const state = {
      config,
      findings: await loadFindings(store),
      inference: await loadInference(store),
    };
    const engine = new Engine(deps, state, await loadIdSeed(store, deps.tokenKeys));
    await engine.outcomes.load();
    return engine;
  }

  get cells(): Cells {
    return this.outcomes.cells;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Calls back for every outcome once it is on disk and counted, and at boot never. */
  onOutcome(listener: (outcome: Outcome) => void): void {
    this.#outcomeListeners.push(listener);
  }

  /** Calls back after every accepted control change. */
  onCommit(listener: (committed: Committed) => void): void {
    this.#commitListeners.push(listener);
  }

  /**
   * Carries a change out: alone, durable before it answers. A change that plans no ops writes nothing.
   * Errors: those of the change, and STORE_UNAVAILABLE; with either nothing changed.
   */
  commit<R>(change: Change<R>): Promise<R> {
    const turn = this.#commits.then(() => this.#carryOut(change));
    this.#commits = turn.catch(() => undefined);
    return turn;
  }

  /** Stores outcomes. Errors: see Journal.append. */
  report(outcomes: readonly Outcome[]): Promise<Acceptance[]> {
    return this.outcomes.report(outcomes);
  }

  /** What a token says; undefined for one that this store never gave out. */
  openToken(token: string): TokenDecision | undefined {
    return openDecision(token, this.#tokenKeys, {
      get: (experimentId) => this.#state.config.experiments.get(experimentId),
      isVoid: (ref) => this.experiments.isVoid(ref),
    });
  }

  /** Seals and opens tokens with other keys from now on. */
  useTokenKeys(keys: TokenKeys): void {
    this.#tokenKeys = keys;
    this.lookups.useTokenKeys(keys);
  }

  /** Writes a checkpoint, or waits for the one under way. */
  checkpoint(): Promise<void> {
    return this.outcomes.checkpoint();
  }

  /** Finishes what was begun, writes the last checkpoint and closes the store. */
  async close(): Promise<void> {
    const outcomes = this.outcomes.close();
    try {
      await this.#commits;
      await outcomes;
    } finally {
      await this.store.close();
    }
  }

  async #carryOut<R>(change: Change<R>): Promise<R> {
    const { clock, random, log } = this.#platform;
    await this.outcomes.recovery.ensure();
    if (this.#mustReload) await this.#reload();
    const { recoveries } = this.outcomes.recovery;
    const context = {
      nowMs: clock.nowMs(),
      dimensions: this.dimensions,
      store: this.store,
      createId: (prefix: string) => createId(random, prefix),
      createSecret: () => Buffer.from(random.bytes(32)).toString("hex"),
    };
    const planned = await change.plan(this.#state, context);
    const plan = withAborts(this.#state.config, planned, context);
    if (plan.ops.length === 0) return plan.result;
    try {
      if (recoveries !== this.outcomes.recovery.recoveries)
        throw new Error("the store was reopened");
      await this.store.writeLarge(plan.ops, new Slices());
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      log.error("change not stored", { change: change.name, cause });
      throw new Fault(
        "STORE_UNAVAILABLE",
        "the change could not be written to disk; nothing changed, try again",
        {
          retryAfterMs: 1000,
          cause,
        },
      );
    }
    this.#state = plan.next;
    this.lookups.swap(plan.next.config, plan.touched);
    log.debug("change committed", { change: change.name, revision: plan.next.config.revision });
    const committed = {
      state: plan.next,
      touched: plan.touched,
      changes: plan.changes ?? [],
      recommendations: plan.recommendations ?? [],
    };
    for (const listener of this.#commitListeners) listener(committed);
    return plan.result;
  }

  /** Takes over what is on disk: a change that was refused because its write failed may be there all the same. */
  async #reload(): Promise<void> {
    const config = await loadConfigState(this.store, this.#options);
    this.#state = {
      config,
      findings: await loadFindings(this.store),
      inference: await loadInference(this.store),
    };
    this.lookups.swap(config, "all");
    this.#mustReload = false;
  }
}

/** Aborts experiments whose fields became others while the daemon was down: by its files, its environment or a new version. */
async function abortAtBoot(deps: EngineDeps, config: ConfigState): Promise<ConfigState> {
  const { store, platform, options } = deps;
  const context = { nowMs: platform.clock.nowMs(), dimensions: options.dimensions };
  const aborted = abortedBy(config, context);
  if (aborted.length > 0) await store.write(experimentOps(aborted), "sync");
  return withExperiments(config, aborted);
}

async function loadFindings(store: Store): Promise<EngineState["findings"]> {
  const drifts = new Map<string, Drift>(NO_FINDINGS.drifts);
  for await (const [, drift] of store.scan<Drift>({ range: ranges.liveDrifts }))
    drifts.set(drift.driftId, drift);
  const recommendations = new Map<string, Recommendation>(NO_FINDINGS.recommendations);
  for await (const [, live] of store.scan<Recommendation>({ range: ranges.liveRecommendations })) {
    recommendations.set(live.recommendationId, live);
  }
  return { drifts, recommendations };
}
