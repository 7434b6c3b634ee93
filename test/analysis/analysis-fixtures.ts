import { type Client, createClient, createRouterTransport } from "@connectrpc/connect";
import { configIdOf } from "../../src/domain/config/config-id.ts";
import type { Settings } from "../../src/domain/config/settings.ts";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { outcomeOf } from "../../src/domain/outcome/outcome-fixtures.ts";
import { DriftWatch } from "../../src/engine/drift-watch.ts";
import type { Engine } from "../../src/engine/engine.ts";
import {
  createTestPlatform,
  openTestEngine,
  type TestPlatform,
} from "../../src/engine/engine-fixtures.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { ExperimentService } from "../../src/gen/attuned/v1/experiment_service_pb.ts";
import { Driver } from "../../src/optimizer/driver.ts";
import { createRecommendDriftReturn } from "../../src/optimizer/tasks/recommend-drift-return.ts";
import { createWatchConfigDrift } from "../../src/optimizer/tasks/watch-config-drift.ts";
import { createWatchOutcomeDrift } from "../../src/optimizer/tasks/watch-outcome-drift.ts";
import { createWatchSourceDrift } from "../../src/optimizer/tasks/watch-source-drift.ts";
import { createWeighExperiments } from "../../src/optimizer/tasks/weigh-experiments.ts";
import { sha256 } from "../../src/platform/digest.ts";
import { createAnalysisService } from "../../src/rpc/analysis-service.ts";
import { createExperimentService } from "../../src/rpc/experiment-service.ts";
import { createFaultInterceptor } from "../../src/rpc/server/fault-interceptor.ts";
import { type MemoryStore, openMemoryStore } from "../../src/store/store-fixtures.ts";

export const HOUR_MS = 60 * 60 * 1000;

/** The analysis on an engine in memory, with the loop that goes with it. */
export interface AnalysisWorld {
  readonly engine: Engine;
  readonly platform: TestPlatform;
  readonly memory: MemoryStore;
  readonly service: Client<typeof AnalysisService>;
  readonly experiments: Client<typeof ExperimentService>;
  readonly loop: Driver;
  /** Reports outcomes in batches, as agents do. */
  report(outcomes: readonly Outcome[]): Promise<void>;
}

/** Opened again on the `database` of an earlier one, it is the daemon after a restart. */
export async function openAnalysisWorld(
  more: { readonly database?: MemoryStore["database"]; readonly nowMs?: number } = {},
): Promise<AnalysisWorld> {
  const memory = await openMemoryStore(more.database);
  const platform = createTestPlatform();
  if (more.nowMs !== undefined) platform.clock.ms = more.nowMs;
  const engine = await openTestEngine(memory.store, platform);
  const transport = createRouterTransport(
    ({ service }) => {
      service(AnalysisService, createAnalysisService(engine, platform.clock));
      service(ExperimentService, createExperimentService(engine, platform.clock));
    },
    {
      router: {
        interceptors: [
          createFaultInterceptor((failure) => {
            throw failure;
          }),
        ],
      },
    },
  );
  const loop = new Driver({
    engine,
    platform,
    tasks: [
      createWeighExperiments(engine),
      createWatchConfigDrift(engine),
      createWatchOutcomeDrift(engine, new DriftWatch(engine)),
      createWatchSourceDrift(engine),
      createRecommendDriftReturn(engine),
    ],
    options: { intervalMs: 10_000, driftThreshold: 0.1 },
  });
  loop.start();
  return {
    engine,
    platform,
    memory,
    service: createClient(AnalysisService, transport),
    experiments: createClient(ExperimentService, transport),
    loop,
    async report(outcomes) {
      for (let start = 0; start < outcomes.length; start += 1_000)
        await engine.report(outcomes.slice(start, start + 1_000));
    },
  };
}

/** An outcome of a model under settings, as a caller without a token reports it. */
export function reported(
  outcomeId: string,
  under: {
    readonly model?: string;
    readonly settings: Settings;
    readonly dimensions?: readonly string[];
  },
  over: Partial<Outcome> = {},
): Outcome {
  const { model = "gpt-4", settings, dimensions = ["", ""] } = under;
  return outcomeOf(outcomeId, {
    arm: {
      scope: { model, phase: "execution", dimensions },
      configId: configIdOf({ modelKey: model, settings }, sha256),
      settings,
    },
    ...over,
  });
}
