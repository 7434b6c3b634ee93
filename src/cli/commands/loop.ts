import { EvidenceSchema } from "../../gen/attuned/v1/analysis_pb.ts";
import type { LoopPass } from "../../gen/attuned/v1/optimizer_service_pb.ts";
import {
  GetLoopStatusResponseSchema,
  OptimizerService,
  RunLoopResponseSchema,
} from "../../gen/attuned/v1/optimizer_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { formatAttributes, formatDuration, formatEnum, formatInstant } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

/** A pass looks at every scope. */
const RUN_TIMEOUT_SECONDS = 120;

export const loopStatus: Command = {
  name: "loop status",
  summary: "Show what the background loop does and did",
  usage: "",
  example: "attuned loop status",
  positionals: { names: [], required: 0 },
  options: {},
  async run(context) {
    const { terminal } = context;
    const service = (await context.connect()).service(OptimizerService);
    const response = await service.getLoopStatus({});
    answer(context, GetLoopStatusResponseSchema, response, () => {
      const facts = [
        ["interval", formatDuration(response.intervalSeconds)],
        ["running", response.running === true ? "yes" : "no"],
        ["passes", response.passes.toString()],
        ["failures", response.failures.toString()],
        ["last success", formatInstant(response.lastSuccessAt)],
      ] as const;
      for (const line of factLines(facts, terminal)) terminal.out(line);
      printPass(response.lastPass, terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const loopRun: Command = {
  name: "loop run",
  summary: "Run one pass of the background loop now",
  usage: "",
  example: "attuned loop run",
  positionals: { names: [], required: 0 },
  options: {},
  timeoutSeconds: RUN_TIMEOUT_SECONDS,
  async run(context) {
    const { terminal } = context;
    const service = (await context.connect()).service(OptimizerService);
    const response = await service.runLoop({});
    answer(context, RunLoopResponseSchema, response, () => {
      for (const { text, model, phase, evidence } of response.insights) {
        const label = formatEnum(EvidenceSchema, evidence);
        const scope = `${model} ${formatEnum(PhaseSchema, phase)}`;
        printSentence(terminal, `${scope}: ${text} (${label})`);
      }
      printPass(response.pass, terminal);
    });
    const failed = response.pass?.tasks.some((task) => task.ok === false) === true;
    return failed ? EXIT_CODE.failed : EXIT_CODE.ok;
  },
};

function printPass(pass: LoopPass | undefined, terminal: Terminal): void {
  if (pass === undefined) {
    terminal.out("no pass has finished yet");
    return;
  }
  const took = formatDuration(pass.durationMs / 1000);
  terminal.out("");
  printSentence(
    terminal,
    `pass ${pass.pass} (${pass.trigger}) at ${formatInstant(pass.startedAt)} took ${took}: ` +
      `${pass.scopesAnalysed} scopes analysed, ${pass.scopesUnchanged} unchanged`,
  );
  for (const { task, error } of pass.tasks.filter((item) => item.ok === false)) {
    terminal.out(terminal.style.red(printable(`task ${task} failed: ${error}`)));
  }
  const decisions = pass.tasks.flatMap(({ task, decisions: items }) =>
    items.map((item) => [
      task,
      item.decision,
      item.model,
      formatEnum(PhaseSchema, item.phase),
      formatAttributes(item.attributes),
      item.subjectId === "" ? "-" : item.subjectId,
      formatEnum(EvidenceSchema, item.evidence),
      item.reason,
    ]),
  );
  terminal.out("");
  printTable(
    terminal,
    [
      { title: "TASK", drop: 3 },
      { title: "DECISION" },
      { title: "MODEL" },
      { title: "PHASE" },
      { title: "ATTRIBUTES", drop: 4 },
      { title: "SUBJECT", drop: 2 },
      { title: "EVIDENCE", drop: 1 },
      { title: "REASON" },
    ],
    decisions,
    "nothing was decided",
  );
}
