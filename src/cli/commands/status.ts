import { AdminService, GetStatusResponseSchema } from "../../gen/attuned/v1/admin_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { formatBytes, formatDuration, formatInstant, formatPercent } from "../terminal/format.ts";
import { answer, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";

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
      ] as const;
      for (const line of factLines(facts, terminal)) terminal.out(line);
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
