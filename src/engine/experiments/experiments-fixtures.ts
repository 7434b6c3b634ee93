import type { Experiment } from "../../domain/experiment/experiment.ts";
import { experimentOf } from "../../domain/experiment/experiment-fixtures.ts";
import type { ExperimentPlan } from "../../domain/experiment/experiment-violation.ts";
import type { ReleasedUnit } from "../../domain/experiment/tally.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Outcome } from "../../domain/outcome/outcome.ts";
import { outcomeOf } from "../../domain/outcome/outcome-fixtures.ts";
import { ranges } from "../../store/keys.ts";
import type { Store } from "../../store/store.ts";
import { type MemoryStore, openMemoryStore } from "../../store/store-fixtures.ts";
import type { Engine } from "../engine.ts";
import { createTestPlatform, openTestEngine, type TestPlatform } from "../engine-fixtures.ts";
import type { LookupRequest, Resolution } from "../lookups.ts";
import { type DecidedUnit, decidedUnit } from "../token-decision.ts";
import { createExperiment, startExperiment } from "./experiment-changes.ts";
import { decodeRelease } from "./unit-codec.ts";

export const AUTHOR = { reason: "", changedBy: "test" };

/** A plan on gpt-4 in the phase execution: control against a cooler arm, even shares, success and quality. */
export function planOf(over: Partial<ExperimentPlan> = {}): ExperimentPlan {
  const { name, scope, arms, metrics, ...rest } = experimentOf();
  const { unitWindowMs, periodMs, scoreFractionPpm, designedEffect } = rest;
  const timing = { unitWindowMs, periodMs };
  return { name, scope, arms, metrics, ...timing, scoreFractionPpm, designedEffect, ...over };
}

/** A running experiment. */
export async function startedExperiment(
  engine: Engine,
  over: Partial<ExperimentPlan> = {},
): Promise<Experiment> {
  const { experimentId } = await engine.commit(createExperiment(planOf(over), AUTHOR));
  await engine.experiments.reserve();
  return engine.commit(startExperiment(experimentId, AUTHOR));
}

export function lookupOf(over: Partial<LookupRequest> = {}): LookupRequest {
  return {
    model: "gpt-4",
    phase: "execution",
    unit: "",
    attributes: {},
    requireKnown: false,
    callSettings: {},
    enrols: true,
    ...over,
  };
}

/** An outcome of a lookup, as its token places it. */
export function outcomeFor(
  engine: Engine,
  { token }: Pick<Resolution, "token">,
  over: Partial<Outcome> & { readonly outcomeId: string },
): Outcome {
  const decision = engine.openToken(token);
  if (!decision) throw new Error("the token is not one of this store");
  const { arm, assignment, decidedMinute, decidedAtMs = decidedMinute * 60_000 } = decision;
  return outcomeOf(over.outcomeId, {
    arm,
    decidedAtMs,
    ...(assignment ? { assignment } : {}),
    ...over,
  });
}

/** The unit of a lookup, as feedback by its token names it. */
export function unitOfToken(engine: Engine, { token }: Pick<Resolution, "token">): DecidedUnit {
  const decision = engine.openToken(token);
  const unit = decision && decidedUnit(decision);
  if (!unit) throw new Error("the token is of no unit of this store");
  return unit;
}

/** The log that inference reads, in the order of assignment. */
export async function releasedLog(store: Store, experimentId: string): Promise<ReleasedUnit[]> {
  const log: ReleasedUnit[] = [];
  for await (const [, bytes] of store.scanBytes({ range: ranges.releasedUnits(experimentId) }))
    log.push(decodeRelease(bytes));
  return log;
}

export const HOUR_MS = 3_600_000;

/** An engine on a store in memory, with what a test moves and breaks. */
export interface Opened extends Pick<MemoryStore, "database" | "control"> {
  readonly engine: Engine;
  readonly platform: TestPlatform;
}

export async function opened(): Promise<Opened> {
  const { store, database, control } = await openMemoryStore();
  const platform = createTestPlatform();
  return { engine: await openTestEngine(store, platform), platform, database, control };
}

/** The daemon as it is after a crash: what was written is there, and nothing else. */
export async function reopened({
  database,
  platform,
}: Pick<Opened, "database" | "platform">): Promise<Engine> {
  const { store } = await openMemoryStore(database);
  return openTestEngine(store, platform);
}

/** The reason of a refusal. Throws where nothing was refused. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof Fault) return failure.reason;
  throw new Error(`not refused: ${String(failure)}`);
}
