import type { GetCatalogInfoResponse } from "../../gen/attuned/v1/model_service_pb.ts";
import {
  GetCatalogInfoResponseSchema,
  ModelService,
} from "../../gen/attuned/v1/model_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { answer, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const catalog: Command = {
  name: "catalog",
  summary: "Show where the facts of models come from and how old they are",
  usage: "",
  example: "attuned catalog",
  positionals: { names: [], required: 0 },
  options: {},
  async run(context) {
    const service = (await context.connect()).service(ModelService);
    const response = await service.getCatalogInfo({});
    answer(context, GetCatalogInfoResponseSchema, response, () => {
      render(response, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

function render(response: GetCatalogInfoResponse, terminal: Terminal): void {
  const byCount = Object.entries(response.countByLifecycle).toSorted(([, a], [, b]) => b - a);
  const facts = [
    ["day", `${response.date}, ${Math.floor(response.ageDays)} days ago`],
    ["models", `${response.modelCount}, ${response.pricedCount} with a price`],
    ...byCount.map(([lifecycle, count]) => [`  ${lifecycle}`, String(count)] as const),
    ["vendors", String(Object.keys(response.countByVendor).length)],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
  terminal.out("");
  printTable(
    terminal,
    [{ title: "SOURCE" }, { title: "VERSION" }, { title: "LICENCE" }, { title: "TAKEN", drop: 1 }],
    response.sources.map(({ name, version, licence, use }) => [name, version, licence, use]),
    "no sources",
  );
}
