import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { Fault } from "../../src/domain/kernel/fault.ts";
import { AdminService } from "../../src/gen/attuned/v1/admin_service_pb.ts";
import {
  ConfigService,
  type ResolveConfigResponseSchema,
} from "../../src/gen/attuned/v1/config_service_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { OptimizerService } from "../../src/gen/attuned/v1/optimizer_service_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { callerKey } from "../../src/rpc/server/caller.ts";
import { type HotCall, hotCall } from "../../src/rpc/server/hot-call.ts";

/** What the fake RunLoop waits for, so that a test decides when a call in flight ends. */
export interface SlowCall {
  readonly started: Promise<void>;
  readonly finish: () => void;
}

export interface FakeServices {
  readonly routes: (router: ConnectRouter) => void;
  /** Looking up and reporting, on the fast lane. */
  readonly hotCalls: readonly HotCall[];
  /** Calls that the fast lane carried out. */
  readonly lane: { calls: number };
  /** Prepares the next RunLoop to wait. */
  slowCall(): SlowCall;
}

/**
 * Services with the smallest bodies that show what the doors do: ResolveConfig answers by the name of the model, GetStatus
 * says who called, RunLoop waits until it is told.
 */
export function createFakeServices(): FakeServices {
  const lane = { calls: 0 };
  let slow = { started: () => {}, finished: Promise.resolve() };
  return {
    lane,
    hotCalls: [
      hotCall(ConfigService.method.resolveConfig, ({ model }, { frame }) => {
        lane.calls += 1;
        const answer = resolve(model);
        return answer instanceof Promise ? answer : frame(answer);
      }),
      hotCall(OutcomeService.method.reportOutcomes, async ({ outcomes }, { frame }) => {
        lane.calls += 1;
        return frame({ acceptedCount: outcomes.length });
      }),
    ],
    slowCall() {
      const started = Promise.withResolvers<void>();
      const finished = Promise.withResolvers<void>();
      slow = { started: started.resolve, finished: finished.promise };
      return { started: started.promise, finish: finished.resolve };
    },
    routes(router) {
      router.service(ConfigService, {
        resolveConfig(request, context) {
          if (request.model === "cached") context.responseHeader.set("cache-control", "max-age=60");
          return resolve(request.model);
        },
      });
      router.service(ModelService, { putModelConfig: () => ({ served: true }) });
      router.service(OutcomeService, {
        reportOutcomes: (request) => ({ acceptedCount: request.outcomes.length }),
      });
      router.service(AdminService, {
        getStatus(_request, context) {
          const { name, role, door } = context.values.get(callerKey);
          return { version: `${name} ${role} ${door}` };
        },
      });
      router.service(OptimizerService, {
        async runLoop() {
          slow.started();
          await slow.finished;
          return {};
        },
      });
    },
  };
}

function resolve(
  model: string,
): MessageInitShape<typeof ResolveConfigResponseSchema> | Promise<never> {
  switch (model) {
    case "missing":
      throw new Fault("MODEL_NOT_FOUND", "no config is known for missing; did you mean gpt-4?", {
        metadata: { suggestions: "gpt-4" },
        resource: { type: "model", name: "missing" },
      });
    case "invalid":
      throw new Fault("CONFIG_INVALID", "two rules are broken", {
        violations: [
          { field: "settings.temperature", message: "must be at most 2" },
          { field: "settings.topP", message: "must be at most 1" },
        ],
      });
    case "full":
      throw new Fault("QUEUE_FULL", "the queue is full", { retryAfterMs: 1_500 });
    case "shadowed":
      throw new Fault("FIELD_SHADOWED", "a later layer sets the field", {
        violations: [{ field: "temperature", message: "is pinned" }],
      });
    case "bug":
      throw new TypeError("secret of the inside");
    case "cached":
      return { model };
    case "forever":
      return new Promise<never>(() => {});
    default:
      return { model, enabled: true, settings: { temperature: 0.3, maxTokens: 3000 } };
  }
}
