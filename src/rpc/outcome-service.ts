import type { ServiceImpl } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import { BATCH_ITEMS_MAX } from "../domain/kernel/limits.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import { measureArms } from "../engine/arm-measures.ts";
import type { Engine } from "../engine/engine.ts";
import { pageOfArray } from "../engine/page.ts";
import type { OutcomeService } from "../gen/attuned/v1/outcome_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { requiredSelection } from "./selection.ts";
import { metricsToWire } from "./wire/metrics.ts";
import { isRefusal, outcomeFromWire } from "./wire/outcome.ts";
import { hoursFromWire } from "./wire/time.ts";

/** What became of the items of a batch, for the measures of the door. */
export interface ReportTally {
  readonly duplicates: number;
  readonly rejectedReasons: readonly string[];
}

/** What agents report. `onReported` hears what became of every batch. */
export function createOutcomeService(
  engine: Engine,
  clock: Clock,
  onReported: (tally: ReportTally) => void,
): ServiceImpl<typeof OutcomeService> {
  return {
    async reportOutcomes({ outcomes }) {
      if (outcomes.length > BATCH_ITEMS_MAX) {
        throw new Fault(
          "BATCH_TOO_LARGE",
          `a batch holds at most ${BATCH_ITEMS_MAX} outcomes, this one ${outcomes.length}; send them in parts`,
          {
            metadata: { max: String(BATCH_ITEMS_MAX) },
          },
        );
      }
      const context = {
        nowMs: clock.nowMs(),
        dimensions: engine.dimensions,
        modelKey: (name: string) => engine.lookups.modelKey(name),
        openToken: (token: string) => engine.openToken(token),
      };
      const rejected: { index: number; reason: string; message: string }[] = [];
      const accepted: Outcome[] = [];
      const places: number[] = [];
      for (const [index, wire] of outcomes.entries()) {
        const parsed = outcomeFromWire(wire, context);
        if (isRefusal(parsed)) {
          rejected.push({ index, reason: parsed.refused, message: parsed.message });
        } else {
          accepted.push(parsed);
          places.push(index);
        }
      }
      const acceptances = await engine.report(accepted);
      let acceptedCount = 0;
      let duplicateCount = 0;
      for (const [place, acceptance] of acceptances.entries()) {
        if (acceptance === "accepted") acceptedCount += 1;
        else if (acceptance === "duplicate") duplicateCount += 1;
        else rejected.push(reusedId(places[place] ?? 0));
      }
      onReported({
        duplicates: duplicateCount,
        rejectedReasons: rejected.map(({ reason }) => reason),
      });
      return {
        acceptedCount,
        duplicateCount,
        rejected: rejected.toSorted((a, b) => a.index - b.index),
      };
    },
    async getMetrics(request) {
      const selection = requiredSelection(engine, request);
      const measured = await measureArms(engine, selection, hoursFromWire(request.window));
      const ordered = measured
        .map((item) => ({ ...item, order: orderOf(item.cell.outcomes, item.arm.configId) }))
        .toSorted((a, b) => (a.order < b.order ? -1 : 1));
      const page = pageOfArray(ordered, request, (item) => item.order);
      return {
        metrics: page.items.map(({ arm, cell }) => metricsToWire(arm, cell, engine.dimensions)),
        nextPageToken: page.nextPageToken,
      };
    },
  };
}

/** A key that sorts arms by their outcomes, most first. */
function orderOf(outcomes: number, configId: string): string {
  return `${String(Number.MAX_SAFE_INTEGER - outcomes).padStart(16, "0")} ${configId}`;
}

function reusedId(index: number) {
  return {
    index,
    reason: "OUTCOME_ID_REUSED",
    message:
      "this outcome id was stored before with other content; give every outcome an id of its own",
  };
}
