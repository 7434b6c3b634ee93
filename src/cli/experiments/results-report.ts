import type {
  ExperimentArmResult,
  ExperimentCheck,
  ExperimentComparison,
  ExperimentMetricRelease,
} from "../../gen/attuned/v1/experiment_pb.ts";
import type { GetExperimentResultsResponse } from "../../gen/attuned/v1/experiment_service_pb.ts";
import { decimalsFor, formatFixed, formatInstant, formatInterval } from "../terminal/format.ts";
import { printSentence, printTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { isHarm } from "./comparison.ts";
import { printComparisons, printWinner } from "./comparison-table.ts";
import { printState } from "./experiment-report.ts";
import { nextSteps } from "./next-step.ts";

/** Log of the evidence at which a check fails, by the contract of ExperimentCheck. */
const CHECK_ALARM = Math.log(1_000);

/** Prints results: what to do, what the arms did, how they differ, whether they can be trusted, and how long it takes. */
export function printResults(results: GetExperimentResultsResponse, terminal: Terminal): void {
  printState(results.experiment, terminal);
  printWinner(results.winner, terminal);
  for (const step of nextSteps(results))
    printSentence(terminal, `what to do: ${step}`, terminal.style.bold);
  terminal.out("");
  printArms(results.arms, terminal);
  printComparisons(results.comparisons, terminal);
  if (results.evidenceCutAt)
    printSentence(
      terminal,
      `about units assigned before ${formatInstant(results.evidenceCutAt)}; only a claim makes a winner`,
    );
  printOwnReleases(results.arms, terminal);
  terminal.out("");
  printGuards(results.comparisons, terminal);
  for (const check of results.checks) printCheck(check, results.arms, terminal);
  printForecast(results, terminal);
}

function printArms(arms: readonly ExperimentArmResult[], terminal: Terminal): void {
  printTable(
    terminal,
    [
      { title: "ARM", keep: true },
      { title: "METRIC" },
      { title: "MEAN", align: "right" },
      { title: "INTERVAL" },
      { title: "RELEASED", align: "right" },
      { title: "MISSING", align: "right", drop: 2 },
      { title: "ASSIGNED", align: "right", drop: 1 },
      { title: "LATE", align: "right", drop: 3 },
      { title: "VOID", align: "right", drop: 4 },
      { title: "FINAL", align: "right", drop: 5 },
      { title: "FROZEN", align: "right", drop: 6 },
    ],
    arms.flatMap((arm) =>
      arm.metrics.map((metric) => [
        arm.name,
        metric.metric,
        ...meanCells(metric),
        String(arm.released),
        String(metric.imputed + metric.censored),
        String(arm.assigned),
        String(arm.lateOutcomes),
        String(arm.voidOutcomes),
        String(metric.ownRelease?.released ?? 0n),
        String(arm.frozenScores),
      ]),
    ),
    "no arms",
  );
}

/** Means of metrics that are final for more units than are released: a guard does not wait for slower metrics. */
function printOwnReleases(arms: readonly ExperimentArmResult[], terminal: Terminal): void {
  const rows = arms.flatMap(({ name, released, metrics }) =>
    metrics.flatMap(({ metric, ownRelease }) =>
      ownRelease && ownRelease.released > released
        ? [[name, metric, ...meanCells(ownRelease), String(ownRelease.released)]]
        : [],
    ),
  );
  if (rows.length === 0) return;
  terminal.out("");
  printSentence(terminal, "already final, while other metrics wait:");
  printTable(
    terminal,
    [
      { title: "ARM", keep: true },
      { title: "METRIC" },
      { title: "MEAN", align: "right" },
      { title: "INTERVAL" },
      { title: "FINAL", align: "right" },
    ],
    rows,
    "no arms",
  );
}

function meanCells(of: Pick<ExperimentMetricRelease, "mean" | "interval">): readonly string[] {
  const { low, high } = of.interval ?? {};
  const decimals = decimalsFor([low ?? 0, high ?? 0]);
  return [formatFixed(of.mean, decimals), formatInterval(low, high, decimals)];
}

/** Whether any metric, the primary one or another, is shown to suffer. */
function printGuards(comparisons: readonly ExperimentComparison[], terminal: Terminal): void {
  if (comparisons.length === 0) return;
  const harmed = comparisons.filter(isHarm).map(({ name, metric }) => `${name} in ${metric}`);
  const metrics = [...new Set(comparisons.map(({ metric }) => metric))].join(", ");
  if (harmed.length === 0)
    printSentence(terminal, `guards: no arm is shown to be worse in ${metrics}`);
  else printSentence(terminal, `guards: shown worse: ${harmed.join("; ")}`, terminal.style.red);
}

function printCheck(
  { check, arm, passed, logEvidence }: ExperimentCheck,
  arms: readonly ExperimentArmResult[],
  terminal: Terminal,
): void {
  const about =
    check === "SAMPLE_RATIO"
      ? "sample ratio, units come in their planned shares"
      : `reporting, ${arms[arm]?.name ?? "the arm"} reports as often as control`;
  const against = `evidence against it ${formatFixed(logEvidence, 1)}, fails at ${formatFixed(CHECK_ALARM, 1)}`;
  const isFailed = passed === false;
  printSentence(
    terminal,
    `check of ${about}: ${isFailed ? "failed, so nothing can win" : "passed"} (${against})`,
    isFailed ? terminal.style.red : undefined,
  );
}

function printForecast(
  { forecast, comparisons, pending }: GetExperimentResultsResponse,
  terminal: Terminal,
): void {
  if (pending > 0n) terminal.note(`attuned: ${pending} units wait for their window and deadlines`);
  if (forecast)
    printSentence(
      terminal,
      `time to answer: ${forecast.text}; ${forecast.unitsHalf} units with a chance of one half`,
    );
  if (comparisons.some(({ smallestEffect }) => smallestEffect !== undefined))
    printSentence(
      terminal,
      "SHOWS FROM: the smallest effect that so many units would show with a chance of eight in ten; a smaller one needs more units",
    );
}
