import { ExperimentDecision, ExperimentState } from "../../gen/attuned/v1/experiment_pb.ts";
import type { GetExperimentResultsResponse } from "../../gen/attuned/v1/experiment_service_pb.ts";
import { formatSettings } from "../terminal/format.ts";
import { isHarm } from "./comparison.ts";

/** What to do with the results, most urgent first; never empty for an experiment that is known. */
export function nextSteps(results: GetExperimentResultsResponse): readonly string[] {
  const urgent = [...checkSteps(results), ...harmSteps(results)];
  const winner = winnerStep(results);
  if (winner !== undefined) return [...urgent, winner];
  return urgent.length > 0 ? urgent : [openStep(results)];
}

function isServing({ experiment }: GetExperimentResultsResponse): boolean {
  return (
    experiment?.state === ExperimentState.RUNNING || experiment?.state === ExperimentState.PAUSED
  );
}

/** A failed check is a fault of the set-up, which no further units mend. */
function checkSteps({ checks, arms }: GetExperimentResultsResponse): readonly string[] {
  return checks
    .filter(({ passed }) => passed === false)
    .map(({ check, arm }) =>
      check === "SAMPLE_RATIO"
        ? "trust no difference: units do not come in their planned shares; find what loses or repeats the lookups of one arm, then begin anew"
        : `trust no difference of ${arms[arm]?.name ?? "the arm"}: it and control do not report equally often; find why outcomes or scores are missing, then begin anew`,
    );
}

function harmSteps(results: GetExperimentResultsResponse): readonly string[] {
  const harms = Map.groupBy(results.comparisons.filter(isHarm), ({ name }) => name);
  const id = results.experiment?.experimentId ?? "";
  const remedy = isServing(results)
    ? `; end it with attuned experiment conclude ${id}`
    : "; keep what control serves";
  return [...harms].map(([name, worse]) => {
    const metrics = worse.map(({ metric }) => metric).join(", ");
    return `${name} is shown to be worse than control in ${metrics}${remedy}`;
  });
}

function winnerStep(results: GetExperimentResultsResponse): string | undefined {
  const { experiment, winner } = results;
  if (!winner) return undefined;
  const settings = formatSettings(experiment?.arms[winner.arm]?.changes);
  const end = isServing(results) ? "; that also ends the experiment" : "";
  return `serve ${settings} in this scope, with attuned put or attuned override put${end}`;
}

/** Nothing urgent and nothing won. */
function openStep(results: GetExperimentResultsResponse): string {
  const { experiment, comparisons, pending } = results;
  const id = experiment?.experimentId ?? "";
  if (experiment?.state === ExperimentState.DRAFT)
    return `start it with attuned experiment start ${id}`;
  if (!isServing(results))
    return pending > 0n
      ? "look again when the units that wait are counted"
      : "keep what control serves: it ended without a winner";
  const primary = comparisons.filter(({ primary: isPrimary }) => isPrimary === true);
  if (primary.some(({ decision }) => decision === ExperimentDecision.BETTER))
    return "let it run: an arm looks better, and needs more units for a claim";
  const isIdle = primary.every(({ decision }) => decision === ExperimentDecision.FUTILE);
  if (primary.length > 0 && isIdle)
    return `no arm has a gain that is worth waiting for; end it with attuned experiment conclude ${id}`;
  return experiment?.state === ExperimentState.PAUSED
    ? `nothing is shown yet; go on with attuned experiment start ${id}`
    : "let it run: nothing is shown yet";
}
