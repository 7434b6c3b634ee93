import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { AnalysisService } from "../gen/attuned/v1/analysis_service_pb.ts";
import { DriftKind, DriftState } from "../gen/attuned/v1/drift_pb.ts";
import { OptimizerService } from "../gen/attuned/v1/optimizer_service_pb.ts";
import { Phase } from "../gen/attuned/v1/phase_pb.ts";
import {
  Priority,
  RecommendationKind,
  RecommendationState,
} from "../gen/attuned/v1/recommendation_pb.ts";
import { SEED_ENDPOINTS, type ServiceCall } from "./seed-endpoints.ts";

const createdAt = timestampFromMs(Date.UTC(2026, 0, 2, 3, 4, 5));

/** Services that answer one recommendation and one drift, and note what they were asked. */
function createServices() {
  const asked: unknown[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(OptimizerService, {
      listRecommendations(request) {
        asked.push(request.states);
        return {
          recommendations: [
            {
              recommendationId: "rec-789",
              kind: RecommendationKind.QUALITY,
              state: RecommendationState.PROPOSED,
              model: "gpt-4",
              phase: Phase.ERROR_RECOVERY,
              attributes: { environment: "production" },
              parameter: "temperature",
              currentValue: { kind: { case: "numberValue", value: 0.7 } },
              recommendedValue: { kind: { case: "numberValue", value: 0.5 } },
              expectedImprovement: {
                quality: { relative: 0.025, low: 0.01, high: 0.04, text: "+2.5%" },
                cost: { relative: -0.05, low: -0.1, high: 0, text: "-5%" },
              },
              confidence: 0.85,
              reason: "Lower temperature improves consistency",
              priority: Priority.MEDIUM,
              createdAt,
              sampleSize: 1000n,
            },
          ],
        };
      },
    });
    service(AnalysisService, {
      listDrifts(request) {
        asked.push(request.states);
        return {
          drifts: [
            {
              driftId: "dft-1",
              kind: DriftKind.CONFIG,
              state: DriftState.OPEN,
              model: "gpt-4",
              phase: Phase.EXECUTION,
              parameter: "temperature",
              served: { kind: { case: "numberValue", value: 1.5 } },
              optimum: [{ low: 0, high: 1.2 }],
              magnitude: 0.3,
            },
          ],
        };
      },
    });
  });
  const call: ServiceCall = async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageInitShape<I>,
  ) => {
    const client = createClient(method.parent, transport) as Record<string, unknown>;
    const invoke = client[method.localName] as (request: MessageInitShape<I>) => Promise<never>;
    return invoke(message);
  };
  return { call, asked };
}

function ask(path: string, input: Record<string, string>, call: ServiceCall) {
  const endpoint = SEED_ENDPOINTS[path];
  if (!endpoint) throw new Error(`no endpoint ${path}`);
  return endpoint.answer(input, call);
}

describe("a list of findings", () => {
  test("has recommendations with the seed's seven fields, and its form of improvements", async () => {
    const { call, asked } = createServices();
    const answer = await ask("/config/recommendations", {}, call);
    expect(asked).toEqual([[RecommendationState.PROPOSED]]);
    expect(answer["next_page_token"]).toBe("");
    expect(answer["recommendations"]).toMatchObject([
      {
        recommendation_id: "rec-789",
        parameter: "temperature",
        current_value: 0.7,
        recommended_value: 0.5,
        expected_improvement: { quality: "+2.5%", cost: "-5%" },
        confidence: 0.85,
        reason: "Lower temperature improves consistency",
        status: "proposed",
        priority: "medium",
        created_at: "2026-01-02T03:04:05Z",
        model: "gpt-4",
        phase: "error_recovery",
        attributes: { environment: "production" },
        kind: "quality",
        sample_size: 1000,
      },
    ]);
  });

  test("leaves out what is of another scope, and asks for the states that are named", async () => {
    const { call, asked } = createServices();
    const of = async (path: string, input: Record<string, string>) =>
      Object.values(await ask(path, input, call))[0];
    expect(await of("/config/recommendations", { environment: "staging" })).toEqual([]);
    expect(await of("/config/drift", { phase: "planning" })).toEqual([]);
    expect(await of("/config/drift", { phase: "execution", state: "open,resolved" })).toMatchObject(
      [{ drift_id: "dft-1", kind: "config", served: 1.5, optimum: [{ low: 0, high: 1.2 }] }],
    );
    expect(await of("/config/drift", { state: "all" })).toHaveLength(1);
    expect(asked).toEqual([
      [RecommendationState.PROPOSED],
      [DriftState.OPEN],
      [DriftState.OPEN, DriftState.RESOLVED],
      [],
    ]);
  });
});
