import type { ResolveModelNameResponse } from "../../gen/attuned/v1/model_service_pb.ts";
import {
  ModelNameKindSchema,
  ModelService,
  ResolveModelNameResponseSchema,
} from "../../gen/attuned/v1/model_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { formatEnum } from "../terminal/format.ts";
import { answer, printSentence } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const resolveName: Command = {
  name: "resolve-name",
  summary: "Explain what a model's name stands for",
  usage: "NAME",
  example: "attuned resolve-name azure/gpt-35-turbo",
  positionals: { names: ["NAME"], required: 1 },
  options: {},
  async run(context) {
    const [name = ""] = context.args.positionals;
    const service = (await context.connect()).service(ModelService);
    const response = await service.resolveModelName({ name });
    answer(context, ResolveModelNameResponseSchema, response, () => {
      render(response, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

function render(response: ResolveModelNameResponse, terminal: Terminal): void {
  const facts = [
    ["sent to the provider", response.wireModel],
    ["understood as", formatEnum(ModelNameKindSchema, response.kind)],
    ["model", response.canonicalId],
    ["config", response.configKey === "" ? "none: the defaults" : response.configKey],
    ["vendor", response.vendor],
    ["family", response.family],
    ["route", response.route],
    ["release or tag", response.snapshotOrTag],
    ["did you mean", response.suggestions.join(", ")],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
  terminal.out("");
  for (const step of response.steps) printSentence(terminal, step);
  for (const warning of response.warnings) terminal.note(`attuned: warning: ${warning}`);
}
