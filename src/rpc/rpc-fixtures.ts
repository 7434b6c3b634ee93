import type { DescService } from "@bufbuild/protobuf";
import {
  type Client,
  ConnectError,
  type ConnectRouter,
  createClient,
  createRouterTransport,
} from "@connectrpc/connect";
import { builtinCatalog } from "../domain/catalog/builtin-catalog.ts";
import { type EnvironmentLayer, NO_ENVIRONMENT } from "../domain/config/environment.ts";
import { HEAD_LABEL } from "../domain/config/registry.ts";
import { DEFAULT_DIMENSIONS } from "../domain/config/scope.ts";
import { JOURNAL_BYTES_DEFAULT } from "../domain/kernel/limits.ts";
import { Engine } from "../engine/engine.ts";
import { createTestPlatform, TEST_KEYS, type TestPlatform } from "../engine/engine-fixtures.ts";
import { ConfigService } from "../gen/attuned/v1/config_service_pb.ts";
import { HistoryService } from "../gen/attuned/v1/history_service_pb.ts";
import { ModelService } from "../gen/attuned/v1/model_service_pb.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import { type MemoryStore, openMemoryStore } from "../store/store-fixtures.ts";
import { createConfigService } from "./config-service.ts";
import { createHistoryService } from "./history-service.ts";
import { createModelService } from "./model-service.ts";
import { createFaultInterceptor } from "./server/fault-interceptor.ts";

/** The services of configs and models on an engine in memory, called as a client calls them. */
export interface TestServices {
  readonly engine: Engine;
  readonly platform: TestPlatform;
  readonly memory: MemoryStore;
  readonly configs: Client<typeof ConfigService>;
  readonly models: Client<typeof ModelService>;
  readonly history: Client<typeof HistoryService>;
  /** The services, for a transport of someone else's. */
  readonly routes: (router: ConnectRouter) => void;
  /** What the services told their listeners. */
  readonly heard: { tight: number };
}

/** Opened again on the `database` of an earlier one, it is the daemon after a restart. */
export async function openTestServices(
  more: {
    readonly environment?: EnvironmentLayer;
    readonly database?: MemoryStore["database"];
    readonly label?: string;
  } = {},
): Promise<TestServices> {
  const memory = await openMemoryStore(more.database);
  const platform = createTestPlatform();
  const engine = await Engine.open({
    store: memory.store,
    tokenKeys: TEST_KEYS,
    platform,
    options: {
      dimensions: DEFAULT_DIMENSIONS,
      catalog: builtinCatalog(),
      environment: more.environment ?? NO_ENVIRONMENT,
      files: new Map(),
      label: more.label ?? HEAD_LABEL,
      checkpointIntervalMs: 10_000,
      journalBytesMax: JOURNAL_BYTES_DEFAULT,
    },
  });
  const heard = { tight: 0 };
  const listeners = {
    onResolved: () => undefined,
    onContextTight() {
      heard.tight += 1;
    },
  };
  const routes = (router: ConnectRouter) => {
    router.service(ConfigService, createConfigService(engine, listeners));
    router.service(ModelService, createModelService(engine, platform.clock));
    router.service(HistoryService, createHistoryService(engine, platform.clock));
  };
  const transport = createRouterTransport(routes, {
    router: { interceptors: [createFaultInterceptor(rethrow)] },
  });
  const client = <T extends DescService>(service: T): Client<T> => createClient(service, transport);
  return {
    engine,
    platform,
    memory,
    configs: client(ConfigService),
    models: client(ModelService),
    history: client(HistoryService),
    routes,
    heard,
  };
}

/** A failure of ours ends the test with what it was. */
function rethrow(failure: unknown): never {
  throw failure;
}

/** What a refused call said. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Subject or field of each violation, with its text. */
  readonly violations: readonly (readonly [string, string])[];
}

/** The refusal of a call that must be refused. */
export async function refusalOf(answer: Promise<unknown>): Promise<Refusal> {
  const failure = await answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof ConnectError))
    throw new Error("the call was answered", { cause: failure });
  const [info] = failure.findDetails(ErrorInfoSchema);
  const fields = failure.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
  const states = failure.findDetails(PreconditionFailureSchema).flatMap((bad) => bad.violations);
  return {
    reason: info?.reason ?? "",
    message: failure.rawMessage,
    metadata: info?.metadata ?? {},
    violations: [
      ...fields.map(({ field, description }) => [field, description] as const),
      ...states.map(({ subject, description }) => [subject, description] as const),
    ],
  };
}
