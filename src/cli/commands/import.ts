import {
  HistoryService,
  ImportConfigsResponseSchema,
} from "../../gen/attuned/v1/history_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { readText } from "../replay/source.ts";
import { answer, noteWarnings } from "../terminal/output.ts";

/** What one request may hold, so that a larger file is refused before it is sent. */
const FILE_BYTES_MAX = 4_000_000;

export const importCommand: Command = {
  name: "import",
  summary: "Bring in what export wrote, all of it or nothing",
  usage: "FILE [--validate-only] [--reason TEXT]",
  example: "attuned import configs.yaml --validate-only",
  positionals: { names: ["FILE"], required: 1 },
  options: {
    "validate-only": { type: "flag", help: "check, and write nothing" },
    reason: { type: "text", value: "TEXT", help: "why, for the history" },
  },
  timeoutSeconds: 60,
  async run(context) {
    const { args, io, terminal } = context;
    const [path = ""] = args.positionals;
    const content = await readText(path, FILE_BYTES_MAX, io);
    const validateOnly = args.flag("validate-only");
    const service = (await context.connect()).service(HistoryService);
    const reason = args.text("reason") ?? "";
    const response = await service.importConfigs({ content, validateOnly, reason });
    answer(context, ImportConfigsResponseSchema, response, () => {
      const { writtenCount, unchangedCount, revision } = response;
      const written = validateOnly ? "would be written" : "written";
      const at = validateOnly ? "" : `, revision ${revision}`;
      terminal.out(`${writtenCount} ${written}, ${unchangedCount} there already${at}`);
      noteWarnings(terminal, response.warnings);
    });
    return EXIT_CODE.ok;
  },
};
