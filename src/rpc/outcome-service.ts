import type { ServiceImpl } from "@connectrpc/connect";
import { measureDistributions } from "../engine/arm-measures.ts";
import type { Engine } from "../engine/engine.ts";
import { PageOrders } from "../engine/page.ts";
import {
  OutcomeService,
  type ReportOutcomesRequest,
} from "../gen/attuned/v1/outcome_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { reportFeedback } from "./feedback.ts";
import type { OutcomeIntake } from "./outcome-intake.ts";
import { requiredSelection } from "./selection.ts";
import { type HotCall, hotCall } from "./server/hot-call.ts";
import { metricsToWire } from "./wire/metrics.ts";
import { hoursFromWire } from "./wire/time.ts";

/** What agents report, and how the arms did. */
export function createOutcomeService(
  engine: Engine,
  intake: OutcomeIntake,
  clock: Clock,
): ServiceImpl<typeof OutcomeService> {
  const orders = new PageOrders(String(clock.nowMs()));
  return {
    reportOutcomes: (request) => reportOutcomes(intake, request),
    async streamOutcomes(messages) {
      const { rejected, acceptedCount, duplicateCount, rejectedCount } =
        await intake.stream(messages);
      return {
        acceptedCount: BigInt(acceptedCount),
        duplicateCount: BigInt(duplicateCount),
        rejectedCount: BigInt(rejectedCount),
        rejected: [...rejected],
      };
    },
    reportFeedback: ({ feedback }) => reportFeedback(engine, feedback, clock.nowMs()),
    async getMetrics(request) {
      const selection = requiredSelection(engine, request);
      const measured = await measureDistributions(engine, selection, hoursFromWire(request.window));
      const ordered = measured
        .filter(({ cell }) => cell.outcomes > 0 || cell.corrected > 0)
        .map((item) => ({ ...item, order: orderOf(item.cell.outcomes, item.arm.configId) }))
        .toSorted((a, b) => (a.order < b.order ? -1 : 1));
      const page = orders.page(ordered, request, ({ arm }) => arm.configId);
      return {
        metrics: page.items.map(({ arm, cell, distributions }) =>
          metricsToWire(arm, cell, engine.dimensions, distributions),
        ),
        nextPageToken: page.nextPageToken,
      };
    },
  };
}

/** Reports of outcomes on the fast lane. */
export function hotReports(intake: OutcomeIntake): HotCall {
  return hotCall(
    OutcomeService.method.reportOutcomes,
    async (request, { frame }) => frame(await reportOutcomes(intake, request)),
    (message) => intake.read(message),
  );
}

async function reportOutcomes(intake: OutcomeIntake, { outcomes }: ReportOutcomesRequest) {
  const { rejected, ...counts } = await intake.batch(outcomes);
  return { ...counts, rejected: [...rejected] };
}

/** A key that sorts arms by their outcomes, most first. */
function orderOf(outcomes: number, configId: string): string {
  return `${String(Number.MAX_SAFE_INTEGER - outcomes).padStart(16, "0")} ${configId}`;
}
