import type { ServiceImpl } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import type { Recommendation } from "../domain/recommendation/recommendation.ts";
import type { Engine } from "../engine/engine.ts";
import { dismissRecommendation } from "../engine/finding-changes.ts";
import type { Loop } from "../engine/loop.ts";
import { pageOfRange } from "../engine/page.ts";
import type { OptimizerService } from "../gen/attuned/v1/optimizer_service_pb.ts";
import { ranges } from "../store/keys.ts";
import { callerName } from "./request-fields.ts";
import { insightToWire } from "./wire/analysis.ts";
import { passToWire } from "./wire/loop.ts";
import { optionalPhase } from "./wire/phase.ts";
import {
  recommendationKindToWire,
  recommendationStateToWire,
  recommendationToWire,
} from "./wire/recommendation.ts";
import { timestampToWire } from "./wire/time.ts";

/** Proposals, and the loop that makes them. */
export function createOptimizerService(
  engine: Engine,
  loop: Loop,
): ServiceImpl<typeof OptimizerService> {
  const { dimensions } = engine;
  return {
    async listRecommendations(request) {
      const phase = optionalPhase(request.phase);
      const page = await pageOfRange<Recommendation>(
        engine.store,
        ranges.recommendations,
        request,
        {
          keep: (item) =>
            (request.states.length === 0 ||
              request.states.includes(recommendationStateToWire(item.state))) &&
            (request.kinds.length === 0 ||
              request.kinds.includes(recommendationKindToWire(item.kind))) &&
            (request.model === "" || item.scope.model === request.model) &&
            (phase === undefined || item.scope.phase === phase),
        },
      );
      return {
        recommendations: page.items.map((item) => recommendationToWire(item, dimensions)),
        nextPageToken: page.nextPageToken,
      };
    },
    async getRecommendation(request) {
      const item = await findRecommendation(engine, request.recommendationId);
      return { recommendation: recommendationToWire(item, dimensions) };
    },
    async dismissRecommendation(request, context) {
      const item = await findRecommendation(engine, request.recommendationId);
      const by = { reason: request.reason, changedBy: callerName(context) };
      const dismissed = await engine.commit(dismissRecommendation(item, by));
      return { recommendation: recommendationToWire(dismissed, dimensions) };
    },
    getLoopStatus() {
      const status = loop.status();
      return {
        intervalSeconds: status.intervalMs / 1000,
        running: status.isRunning,
        passes: BigInt(status.passes),
        failures: BigInt(status.failures),
        ...(status.lastPass ? { lastPass: passToWire(status.lastPass, dimensions) } : {}),
        ...(status.lastSuccessAtMs === undefined
          ? {}
          : { lastSuccessAt: timestampToWire(status.lastSuccessAtMs) }),
      };
    },
    async runLoop() {
      const pass = await loop.runNow();
      return {
        pass: passToWire(pass, dimensions),
        insights: pass.insights.map((insight) => insightToWire(insight, dimensions)),
      };
    },
  };
}

async function findRecommendation(engine: Engine, id: string): Promise<Recommendation> {
  const live = engine.state.findings.recommendations.get(id);
  if (live) return live;
  for await (const [, item] of engine.store.scan<Recommendation>({
    range: ranges.recommendations,
    reverse: true,
  })) {
    if (item.recommendationId === id) return item;
  }
  throw new Fault(
    "RECOMMENDATION_NOT_FOUND",
    `no recommendation has the id ${JSON.stringify(id)}; list them with ListRecommendations`,
    {
      resource: { type: "recommendation", name: id },
    },
  );
}
