import { create } from "@bufbuild/protobuf";
import type { ConfigurationMetrics, Percentiles } from "../../gen/attuned/v1/metrics_pb.ts";
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
  noteMore,
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
import { type Column, factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

export const metrics: Command = {
  name: "metrics",
  summary: "Show how the settings of a model and a phase did",
  usage: "MODEL PHASE [--attribute KEY=VALUE …] [--since TIME] [--until TIME] [--details]",
  example: "attuned metrics gpt-4 execution --since 7d",
  positionals: { names: ["MODEL", "PHASE"], required: 2 },
  options: {
    ...ATTRIBUTE_OPTION,
    ...WINDOW_OPTIONS,
    ...LIMIT_OPTION,
    details: {
      type: "flag",
      help: "also percentiles, and what was late, missing, refused or corrected",
    },
  },
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
      if (args.flag("details")) for (const item of items) printDetails(item, terminal);
      if (items.some((item) => (item.derivedCostShare ?? 0) > 0)) {
        terminal.out("* derived, in part or whole, from tokens and the catalog's price");
      }
      noteMore(nextPageToken, terminal);
    });
    return EXIT_CODE.ok;
  },
};

/** What a table has no room for: how values are distributed, and what is not in the means. */
function printDetails(item: ConfigurationMetrics, terminal: Terminal): void {
  terminal.out("");
  terminal.out(terminal.style.bold(printable(`${formatSettings(item.settings)} ${item.configId}`)));
  const missing = Object.entries(item.missingCounts).map(([name, count]) => `${name} ${count}`);
  const facts = [
    ["latency ms", percentilesText(item.latencyPercentiles)],
    ["tokens", percentilesText(item.tokenPercentiles)],
    ["cost usd", percentilesText(item.costPercentiles)],
    ["derived cost", derivedText(item)],
    [
      "statuses",
      Object.entries(item.statuses)
        .map(([name, n]) => `${name} ${n}`)
        .join(", "),
    ],
    ["without", missing.join(", ")],
    ["late", item.lateCount.toString()],
    ["wrong clock", item.skewedCount.toString()],
    ["duplicate", item.duplicateCount.toString()],
    ["rejected", item.rejectedCount.toString()],
    ["scored later", item.correctedCount.toString()],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
}

function percentilesText(percentiles: Percentiles | undefined): string {
  if (!percentiles) return "";
  const { p50, p95, p99 } = percentiles;
  return `half below ${formatNumber(p50, 3)}, 95% ${formatNumber(p95, 3)}, 99% ${formatNumber(p99, 3)}`;
}

function derivedText({ derivedCostShare, priceDate }: ConfigurationMetrics): string {
  if (derivedCostShare === undefined) return "";
  const prices = priceDate === "" ? "" : `, by prices of ${priceDate}`;
  return `${formatPercent(derivedCostShare)}${prices}`;
}

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
