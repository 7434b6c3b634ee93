import type { Experiment } from "../../gen/attuned/v1/experiment_pb.ts";
import { ExperimentStateSchema } from "../../gen/attuned/v1/experiment_pb.ts";
import type { GetExperimentResponse } from "../../gen/attuned/v1/experiment_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import {
  formatAttributes,
  formatEnum,
  formatInstant,
  formatPercent,
  formatSettings,
} from "../terminal/format.ts";
import { printSentence, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import { printComparisons, printWinner } from "./comparison-table.ts";

/** Which experiment, and where it stands. */
export function printState(experiment: Experiment | undefined, terminal: Terminal): void {
  if (!experiment) return;
  const state = formatEnum(ExperimentStateSchema, experiment.state);
  terminal.out(printable(`${experiment.experimentId} ${experiment.name}: ${state}`));
}

/** Experiments on a line each. */
export function printList(items: readonly Experiment[], terminal: Terminal): void {
  printTable(
    terminal,
    [
      { title: "ID", keep: true },
      { title: "NAME" },
      { title: "STATE" },
      { title: "MODEL" },
      { title: "PHASE" },
      { title: "ATTRIBUTES", drop: 2 },
      { title: "ARMS", align: "right", drop: 1 },
      { title: "STARTED", drop: 3 },
    ],
    items.map((item) => [
      item.experimentId,
      item.name,
      formatEnum(ExperimentStateSchema, item.state),
      item.model,
      formatEnum(PhaseSchema, item.phase),
      formatAttributes(item.attributes),
      String(item.arms.length),
      formatInstant(item.startedAt),
    ]),
    "no experiments",
  );
}

/** What an experiment compares, how its challengers stand in the primary metric, and its winner. */
export function printOne(response: GetExperimentResponse, terminal: Terminal): void {
  const { experiment, comparisons, winner } = response;
  if (!experiment) return;
  printState(experiment, terminal);
  const facts = factLines(
    [
      [
        "scope",
        `${experiment.model} ${formatEnum(PhaseSchema, experiment.phase)} ${formatAttributes(experiment.attributes)}`,
      ],
      ["metrics", experiment.metrics.map(({ metric }) => metric).join(", ")],
      ["score fraction", formatPercent(experiment.scoreFraction)],
      ["started", formatInstant(experiment.startedAt)],
      ["state reason", experiment.stateReason],
    ],
    terminal,
  );
  for (const line of facts) terminal.out(line);
  printTable(
    terminal,
    [{ title: "ARM", keep: true }, { title: "SHARE", align: "right" }, { title: "CHANGES" }],
    experiment.arms.map(({ name, weight, changes }) => [
      name,
      formatPercent(weight),
      formatSettings(changes),
    ]),
    "no arms",
  );
  printComparisons(comparisons, terminal);
  if (comparisons.length === 0) return;
  printWinner(winner, terminal);
  printSentence(
    terminal,
    `what to do, all metrics and checks: attuned experiment results ${experiment.experimentId}`,
  );
}
