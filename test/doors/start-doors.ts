import type { DescService } from "@bufbuild/protobuf";
import { createDescriptorIndex } from "../../src/gateway/descriptor-index.ts";
import type { HealthState } from "../../src/gateway/health.ts";
import { createHealthState, healthRoutes } from "../../src/gateway/health.ts";
import { createManagementHandler } from "../../src/gateway/management.ts";
import { reflectionRoutes } from "../../src/gateway/reflection.ts";
import { AdminService } from "../../src/gen/attuned/v1/admin_service_pb.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { ConfigService } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { HistoryService } from "../../src/gen/attuned/v1/history_service_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { OptimizerService } from "../../src/gen/attuned/v1/optimizer_service_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { file_google_rpc_error_details } from "../../src/gen/google/rpc/error_details_pb.ts";
import { ServerReflection } from "../../src/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionV1Alpha } from "../../src/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { Health } from "../../src/gen/health/v1/health_pb.ts";
import { createLog } from "../../src/platform/log.ts";
import { createPlatform } from "../../src/platform/platform.ts";
import type { Admission } from "../../src/rpc/server/admission.ts";
import { createAdmission } from "../../src/rpc/server/admission.ts";
import type { ListenerBounds } from "../../src/rpc/server/bounds.ts";
import type { CallReport } from "../../src/rpc/server/call-report.ts";
import type { Door, TokenGrant } from "../../src/rpc/server/caller.ts";
import { createConnectHandler } from "../../src/rpc/server/connect-handler.ts";
import { createHostRule, guardHost, guardStreams } from "../../src/rpc/server/host.ts";
import type { Endpoint, Listener } from "../../src/rpc/server/listener.ts";
import { listen } from "../../src/rpc/server/listener.ts";
import type { FakeServices } from "./fake-services.ts";
import { createFakeServices } from "./fake-services.ts";

export interface DoorsOptions {
  readonly role?: Door["role"];
  readonly grants?: readonly TokenGrant[];
  readonly bounds?: Partial<ListenerBounds>;
  readonly endpoint?: Endpoint;
  readonly requestMs?: number;
  /** Leaves the daemon in its starting state. */
  readonly starting?: true;
}

/** The doors as the daemon wires them, in front of fake services, on a port of their own. */
export interface Doors {
  readonly url: string;
  readonly port: number;
  readonly listener: Listener;
  readonly management: Listener;
  readonly services: FakeServices;
  readonly health: HealthState;
  readonly admission: Admission;
  readonly calls: readonly CallReport[];
  readonly logLines: readonly string[];
  /** The whole order of a stop. */
  stop(deadlineMs: number): Promise<{ readonly destroyedCount: number }>;
}

const ATTUNED_SERVICES: readonly DescService[] = [
  ConfigService,
  ModelService,
  HistoryService,
  OutcomeService,
  AnalysisService,
  OptimizerService,
  AdminService,
];

export async function startDoors(options: DoorsOptions = {}): Promise<Doors> {
  const logLines: string[] = [];
  const calls: CallReport[] = [];
  const platform = createPlatform(
    createLog({
      level: "warn",
      format: "text",
      write: (line) => logLines.push(line),
      nowMs: () => 0,
    }),
  );
  const services = createFakeServices();
  const health = createHealthState();
  const admission = createAdmission();
  const registerHealth = healthRoutes(
    health,
    ATTUNED_SERVICES.map((service) => service.typeName),
  );
  const registerReflection = reflectionRoutes(
    createDescriptorIndex(
      [...ATTUNED_SERVICES, Health, ServerReflection, ServerReflectionV1Alpha],
      [file_google_rpc_error_details],
    ),
  );
  const rpc = createConnectHandler({
    platform,
    admission,
    hotCalls: services.hotCalls,
    routes(router) {
      services.routes(router);
      registerHealth(router);
      registerReflection(router);
    },
    grants: options.grants ?? [],
    observe: (call) => calls.push(call),
    ...(options.requestMs === undefined ? {} : { requestMs: options.requestMs }),
  });
  const probes = createConnectHandler({ platform, admission, routes: registerHealth });
  const rule = createHostRule({ allowedHosts: ["attuned.test"], hostName: "machine" });
  const door = { name: "agents", role: options.role ?? "admin", identity: "system" };
  const endpoint = options.endpoint ?? { host: "127.0.0.1", port: 0 };
  const isLocal = "path" in endpoint;
  const streams = rpc.streams(door);
  const listener = await listen(endpoint, {
    handler: isLocal ? rpc.through(door) : guardHost(rule, rpc.through(door)),
    streams: isLocal ? streams : guardStreams(rule, streams),
    platform,
    bounds: options.bounds ?? {},
  });
  const management = await listen(
    { host: "127.0.0.1", port: 0 },
    {
      handler: guardHost(
        rule,
        createManagementHandler({
          health,
          metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "up 1\n" }),
          rpc: probes.through({ name: "management", role: "read", identity: "system" }),
          log: platform.log,
        }),
      ),
      platform,
    },
  );
  if (options.starting === undefined) {
    admission.open();
    health.become("serving");
  }
  return {
    url: listener.url,
    port: "port" in listener.endpoint ? listener.endpoint.port : 0,
    listener,
    management,
    services,
    health,
    admission,
    calls,
    logLines,
    async stop(deadlineMs) {
      health.become("draining");
      const closed = listener.close(deadlineMs);
      admission.drain();
      const report = await closed;
      await management.close(deadlineMs);
      return report;
    },
  };
}
