import { create } from "@bufbuild/protobuf";
import type { ConfigurationMetrics } from "../../gen/attuned/v1/metrics_pb.ts";
import {
  GetMetricsResponseSchema,
  OutcomeService,
} from "../../gen/attuned/v1/outcome_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import {
  ATTRIBUTE_OPTION,
  attributesOf,
  LIMIT_OPTION,
  limitOf,
  modelAndPhase,
  readPages,
  WINDOW_OPTIONS,
  windowOf,
} from "../selectors.ts";
import {
  formatFixed,
  formatInterval,
  formatNumber,
  formatPercent,
  formatSettings,
} from "../terminal/format.ts";
import { answer, printTable } from "../terminal/output.ts";
import type { Column } from "../terminal/table.ts";

export const metrics: Command = {
  name: "metrics",
  summary: "Show how the settings of a model and a phase did",
  usage: "MODEL PHASE [--attribute KEY=VALUE …] [--since TIME] [--until TIME]",
  example: "attuned metrics gpt-4 execution --since 7d",
  positionals: { names: ["MODEL", "PHASE"], required: 2 },
  options: { ...ATTRIBUTE_OPTION, ...WINDOW_OPTIONS, ...LIMIT_OPTION },
  async run(context) {
    const { args, terminal } = context;
    const request = {
      ...modelAndPhase(args),
      attributes: attributesOf(args),
      ...windowOf(args),
    };
    const limit = limitOf(args);
    const service = (await context.connect()).service(OutcomeService);
    const { items, nextPageToken } = await readPages(limit, async (pageSize, pageToken) => {
      const page = await service.getMetrics({ ...request, pageSize, pageToken });
      return { items: page.metrics, nextPageToken: page.nextPageToken };
    });
    const response = create(GetMetricsResponseSchema, { metrics: items, nextPageToken });
    answer(context, GetMetricsResponseSchema, response, () => {
      const scores = [...new Set(items.flatMap((item) => Object.keys(item.scores)))].sort();
      printTable(
        terminal,
        columns(scores),
        items.map((item) => row(item, scores)),
        "no outcomes in this scope",
      );
      if (items.some((item) => (item.derivedCostShare ?? 0) > 0)) {
        terminal.out("* derived, in part or whole, from tokens and the catalog's price");
      }
      if (nextPageToken !== "") terminal.note("attuned: there are more; raise --limit");
    });
    return EXIT_CODE.ok;
  },
};

function columns(scores: readonly string[]): readonly Column[] {
  const number = (title: string, drop?: number): Column => ({
    title,
    align: "right",
    ...(drop === undefined ? {} : { drop }),
  });
  return [
    { title: "SETTINGS" },
    number("N"),
    number("QUALITY"),
    number("95% INTERVAL"),
    number("LATENCY MS", 3),
    number("TOKENS", 4),
    number("SUCCESS", 1),
    number("COST USD", 2),
    ...scores.map((name) => number(name.toUpperCase(), 5)),
    { title: "CONFIG ID", drop: 6 },
  ];
}

function row(item: ConfigurationMetrics, scores: readonly string[]): readonly string[] {
  const quality = item.intervals["quality"];
  return [
    formatSettings(item.settings),
    item.sampleSize.toString(),
    formatFixed(item.avgQuality, 1),
    formatInterval(quality?.low, quality?.high, 1),
    formatFixed(item.avgLatency, 0),
    formatFixed(item.avgTokens, 1),
    formatPercent(item.successRate),
    formatNumber(item.costPerRequest) + ((item.derivedCostShare ?? 0) > 0 ? "*" : ""),
    ...scores.map((name) => formatNumber(item.scores[name])),
    item.configId,
  ];
}
