import { writeFile } from "node:fs/promises";
import {
  ExportConfigsResponseSchema,
  HistoryService,
} from "../../gen/attuned/v1/history_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { CommandFailed } from "../failure.ts";
import { answer } from "../terminal/output.ts";

export const exportCommand: Command = {
  name: "export",
  summary: "Write stored configs, prompts, overrides, versions and labels as one text",
  usage: "[FILE] [-f yaml|json] [--model MODEL …]",
  example: "attuned export configs.yaml",
  positionals: { names: ["FILE"], required: 0 },
  options: {
    format: {
      type: "text",
      short: "f",
      value: "FORMAT",
      choices: ["yaml", "json"],
      help: "yaml (default, also for a .yaml file) or json",
    },
    model: { type: "text", value: "MODEL", multiple: true, help: "only this model" },
  },
  timeoutSeconds: 60,
  async run(context) {
    const { args, io, terminal } = context;
    const [path] = args.positionals;
    const format = args.text("format") ?? (path?.endsWith(".json") ? "json" : "yaml");
    const service = (await context.connect()).service(HistoryService);
    const response = await service.exportConfigs({ format, models: [...args.list("model")] });
    if (path !== undefined && path !== "-") {
      await write(path, response.content);
      terminal.note(`attuned: revision ${response.revision} written to ${path}`);
      return EXIT_CODE.ok;
    }
    answer(context, ExportConfigsResponseSchema, response, () => {
      io.stdout.write(response.content);
    });
    return EXIT_CODE.ok;
  },
};

async function write(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`cannot write ${path}: ${message}`);
  }
}
