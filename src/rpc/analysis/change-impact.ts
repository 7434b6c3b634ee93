import type { ServiceImpl } from "@connectrpc/connect";
import { changeInsights } from "../../domain/analysis/answer-insights.ts";
import { type ChangeImpact, changeImpactSteps } from "../../domain/analysis/change-impact.ts";
import type { ConfigurationChange } from "../../domain/config/change.ts";
import { scopeOf } from "../../domain/config/scope.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import { HOUR_MS } from "../../engine/cells.ts";
import { type ChangedTimes, findChanges, measureAround } from "../../engine/change-measures.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { inSlices } from "../../platform/slices.ts";
import { checkedAttributes } from "../selection.ts";
import { insightToWire, statusToWire, timeToAnswerToWire } from "../wire/analysis.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { changeToWire } from "../wire/history.ts";
import { timestampToWire } from "../wire/time.ts";
import { type AnalysisContext, analysisTime, requiredMetric, requireWithin } from "./context.ts";

const METRICS_DEFAULT = ["quality", "success", "latency", "cost"];
const HOURS_DEFAULT = 168;

/** Outcomes before and after a change. */
export function changeImpactMethods(
  context: AnalysisContext,
): Pick<ServiceImpl<typeof AnalysisService>, "analyzeChangeImpact"> {
  const { engine } = context;
  return {
    async analyzeChangeImpact(request) {
      const { changeId, revision, hours = HOURS_DEFAULT } = request;
      requireNamed(changeId, revision);
      requireWithin("hours", hours, { min: 1, max: 24 * 366 });
      const attributes = checkedAttributes(request.attributes);
      const changes = await findChanges(engine, {
        changeId,
        ...(revision === undefined ? {} : { revision: Number(revision) }),
      });
      const [first] = changes;
      if (!first) throw unknownChange(changeId, revision);
      const around = await measureAround(engine, changes, { attributes, hours });
      const names = request.metrics.length > 0 ? request.metrics : METRICS_DEFAULT;
      const arms = [...around.arms.before, ...around.arms.after];
      const impacts: ChangeImpact[] = [];
      const time = analysisTime(context);
      for (const name of names) {
        const metric = requiredMetric(name, arms);
        impacts.push(await inSlices(changeImpactSteps(around.arms, metric, time)));
      }
      const carried = impacts.filter(
        ({ before, after }) => before.sampleSize + after.sampleSize > 0,
      );
      const scope = scopeOf(first.model, around.phase, attributes, engine.dimensions);
      const told = carried.length > 0 ? carried : impacts.slice(0, 1);
      return {
        status: statusToWire({
          status: told[0]?.verdict === "insufficient_data" ? "insufficient_data" : "ok",
        }),
        changes: changes.map(changeToWire),
        metrics: carried.map(impactToWire),
        evidence: evidenceToWire("observational"),
        insights: changeInsights(told, scope, whatOf(changes)).map((insight) =>
          insightToWire(insight, engine.dimensions),
        ),
        ...windowsToWire(around.times),
        absentMetrics: impacts
          .filter((impact) => !carried.includes(impact))
          .map(({ metric }) => metric.name),
        samplesNeeded: BigInt(told[0]?.samplesNeeded ?? 0),
        ...(told[0] ? { timeToAnswer: timeToAnswerToWire(told[0].timeToAnswer) } : {}),
      };
    },
  };
}

function whatOf(changes: readonly ConfigurationChange[]): string {
  return [...new Set(changes.map(({ parameter }) => parameter))].join(", ");
}

function impactToWire(impact: ChangeImpact) {
  const { metric, before, after, difference, interval, naiveDifference, verdict } = impact;
  return {
    metric: metric.name,
    before: sideToWire(before),
    after: sideToWire(after),
    ...(difference === undefined ? {} : { difference }),
    ...(interval ? { differenceLow: interval.low, differenceHigh: interval.high } : {}),
    ...(naiveDifference === undefined ? {} : { naiveDifference }),
    verdict: verdict.toUpperCase(),
    about: metric.about,
  };
}

function sideToWire({ sampleSize, mean, interval }: ChangeImpact["before"]) {
  return {
    sampleSize: BigInt(sampleSize),
    ...(mean === undefined ? {} : { mean }),
    ...(interval ? { low: interval.low, high: interval.high } : {}),
  };
}

function windowsToWire({ from, at, until }: ChangedTimes) {
  return {
    before: { start: timestampToWire(from * HOUR_MS), end: timestampToWire(at) },
    after: { start: timestampToWire(at), end: timestampToWire(until * HOUR_MS) },
  };
}

/** Errors: CHANGE_REQUIRED where neither a change nor a revision is named. */
function requireNamed(changeId: string, revision: bigint | undefined): void {
  if (changeId !== "" || revision !== undefined) return;
  const message = "or revision must be set; HistoryService/GetHistory lists changes with both";
  throw new Fault("CHANGE_REQUIRED", `change_id ${message}`, {
    violations: [{ field: "change_id", message }],
  });
}

function unknownChange(changeId: string, revision: bigint | undefined): Fault {
  const named = changeId === "" ? `at revision ${revision}` : `with id ${changeId}`;
  return new Fault(
    "CHANGE_NOT_FOUND",
    `there is no change ${named}; HistoryService/GetHistory lists changes with their ids and revisions`,
    { resource: { type: "change", name: changeId || String(revision ?? "") } },
  );
}
