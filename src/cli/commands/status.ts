import {
  AdminService,
  type ClockSkewStatus,
  type FileLayerStatus,
  type FileProblem,
  type GetStatusResponse,
  GetStatusResponseSchema,
} from "../../gen/attuned/v1/admin_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import {
  formatBytes,
  formatDuration,
  formatEnum,
  formatInstant,
  formatPercent,
  formatValue,
} from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const status: Command = {
  name: "status",
  summary: "Show the state of the daemon and of its store",
  usage: "",
  example: "attuned status",
  positionals: { names: [], required: 0 },
  options: {},
  async run(context) {
    const { terminal } = context;
    const daemon = await context.connect();
    const response = await daemon.service(AdminService).getStatus({});
    answer(context, GetStatusResponseSchema, response, () => {
      const facts = [
        ["address", daemon.address],
        ["version", response.version],
        ["node", response.nodeVersion],
        ["uptime", formatDuration(response.uptimeSeconds)],
        ["agents role", response.agentsRole],
        ["store id", response.storeId],
        ["store size", formatBytes(response.storeSizeBytes)],
        ["store schema", response.schemaVersion.toString()],
        ["revision", response.revision.toString()],
        ["journal lag", `${response.journalLag} records`],
        ["checkpoint", formatInstant(response.checkpointAt)],
        ["label", response.label],
        ["config files", response.files ? filesText(response.files) : ""],
      ] as const;
      for (const line of factLines(facts, terminal)) terminal.out(line);
      for (const problem of response.files?.problems ?? []) {
        printSentence(terminal, `refused: ${problemText(problem)}`, terminal.style.red);
      }
      if (response.clockSkew) printSentence(terminal, skewText(response.clockSkew));
      printDisagreements(response, terminal);
      if (response.bounds.length === 0) return;
      terminal.out("");
      printTable(
        terminal,
        [
          { title: "BOUND" },
          { title: "USED", align: "right" },
          { title: "MAX", align: "right" },
          { title: "SHARE", align: "right" },
        ],
        response.bounds.map(({ name, used, max }) => [
          name,
          used.toString(),
          max.toString(),
          max === 0n ? "-" : formatPercent(Number(used) / Number(max)),
        ]),
        "no bounds",
      );
    });
    return EXIT_CODE.ok;
  },
};

function filesText(files: FileLayerStatus): string {
  const { fileCount, modelCount, directory } = files;
  const loaded = formatInstant(files.loadedAt);
  const what = `${fileCount} with ${modelCount} models in ${directory}, read ${loaded}`;
  return files.revision > 0n ? `${what}, revision ${files.revision}` : what;
}

/** Which clocks are wrong, and whom to ask. */
function skewText(skew: ClockSkewStatus): string {
  const counts = [
    `${skew.ahead} ahead`,
    `${skew.behind} behind`,
    `${skew.refused} refused for more than an hour ahead`,
    ...(skew.daemon > 0n ? [`${skew.daemon} from before the daemon's own clock went back`] : []),
  ];
  const producer = skew.newestProducerId === "" ? "" : ` of producer ${skew.newestProducerId}`;
  const largest = formatDuration(skew.largestSeconds);
  return `clocks disagree: outcomes ${counts.join(", ")}; by up to ${largest}; the newest is ${skew.newestOutcomeId}${producer}`;
}

function problemText({ file, line, column, message }: FileProblem): string {
  const place = [file, ...(line > 0 ? [line, column] : [])].filter((part) => part !== "").join(":");
  return place === "" ? message : `${place}: ${message}`;
}

function printDisagreements(response: GetStatusResponse, terminal: Terminal): void {
  const { disagreements, disagreementCount } = response;
  if (disagreements.length === 0) return;
  terminal.out("");
  printTable(
    terminal,
    [
      { title: "MODEL" },
      { title: "PHASE" },
      { title: "PARAMETER" },
      { title: "IN FILE", align: "right" },
      { title: "STORED", align: "right" },
      { title: "FILE", drop: 1 },
    ],
    disagreements.map((one) => [
      one.model,
      formatEnum(PhaseSchema, one.phase),
      one.parameter,
      formatValue(one.fileValue),
      formatValue(one.storedValue),
      one.file,
    ]),
    "",
  );
  const more = disagreementCount - BigInt(disagreements.length);
  if (more > 0n) terminal.out(`and ${more} more; what is stored is served`);
}
