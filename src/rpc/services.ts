import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { BackupResult, DaemonStatus } from "../engine/daemon-status.ts";
import type { Engine } from "../engine/engine.ts";
import type { Resolution } from "../engine/lookups.ts";
import type { Loop } from "../engine/loop.ts";
import type { WatchHub } from "../engine/watch.ts";
import { AdminService } from "../gen/attuned/v1/admin_service_pb.ts";
import { AnalysisService } from "../gen/attuned/v1/analysis_service_pb.ts";
import { ConfigService } from "../gen/attuned/v1/config_service_pb.ts";
import { ExperimentService } from "../gen/attuned/v1/experiment_service_pb.ts";
import { HistoryService } from "../gen/attuned/v1/history_service_pb.ts";
import { ModelService } from "../gen/attuned/v1/model_service_pb.ts";
import { OptimizerService } from "../gen/attuned/v1/optimizer_service_pb.ts";
import { OutcomeService } from "../gen/attuned/v1/outcome_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { createAdminService } from "./admin-service.ts";
import { createAnalysisService } from "./analysis-service.ts";
import { createConfigService } from "./config-service.ts";
import { createExperimentService } from "./experiment-service.ts";
import { createHistoryService } from "./history-service.ts";
import { createHotLookups } from "./hot-lookups.ts";
import { createModelService } from "./model-service.ts";
import { createOptimizerService } from "./optimizer-service.ts";
import { OutcomeIntake, type ReportTally } from "./outcome-intake.ts";
import { createOutcomeService, hotReports } from "./outcome-service.ts";
import type { HotCall } from "./server/hot-call.ts";
import { createWatchConfigs, hotWatch } from "./watch.ts";

export interface ServiceDeps {
  readonly engine: Engine;
  readonly loop: Loop;
  readonly watches: WatchHub;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onResolved: (resolution: Resolution) => void;
  readonly onContextTight: () => void;
  readonly onReported: (tally: ReportTally) => void;
  readonly onTooFarAhead: ConstructorParameters<typeof OutcomeIntake>[0]["onTooFarAhead"];
  readonly status: () => Promise<DaemonStatus>;
  readonly backup: (directory: string) => Promise<BackupResult>;
}

/** The services of attuned.v1: their routes, and what health and reflection name. */
export interface Services {
  readonly routes: (router: ConnectRouter) => void;
  /** Those of their calls that agents make all the time. */
  readonly hotCalls: readonly HotCall[];
  readonly descriptors: readonly DescService[];
  readonly names: readonly string[];
}

export function createServices(deps: ServiceDeps): Services {
  const { engine, loop, clock, timers } = deps;
  const descriptors = [
    ConfigService,
    ModelService,
    HistoryService,
    OutcomeService,
    AnalysisService,
    OptimizerService,
    ExperimentService,
    AdminService,
  ];
  const intake = new OutcomeIntake(deps);
  return {
    hotCalls: [
      ...createHotLookups(engine, deps),
      hotReports(intake),
      hotWatch(deps.watches, { timers, storeId: engine.store.storeId }),
    ],
    descriptors,
    names: descriptors.map((service) => service.typeName),
    routes(router) {
      router.service(ConfigService, {
        ...createConfigService(engine, deps),
        ...createWatchConfigs(deps.watches, { timers, storeId: engine.store.storeId }),
      });
      router.service(ModelService, createModelService(engine, clock));
      router.service(HistoryService, createHistoryService(engine, clock));
      router.service(OutcomeService, createOutcomeService(engine, intake, clock));
      router.service(AnalysisService, createAnalysisService(engine, clock));
      router.service(OptimizerService, createOptimizerService(engine, loop));
      router.service(ExperimentService, createExperimentService(engine, clock));
      router.service(AdminService, createAdminService(deps.status, deps.backup));
    },
  };
}
