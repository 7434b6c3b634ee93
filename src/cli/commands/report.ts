import { randomUUID } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Outcome } from "../../gen/attuned/v1/outcome_pb.ts";
import { OutcomeSchema, OutcomeStatusSchema } from "../../gen/attuned/v1/outcome_pb.ts";
import { OutcomeService } from "../../gen/attuned/v1/outcome_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Arguments } from "../arguments.ts";
import { mapOf, parseNumber } from "../arguments.ts";
import type { Command, CommandContext } from "../command.ts";
import { settingsFromPairs } from "../config/settings-fields.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import type { OutcomeLine, RejectedLine } from "../replay/outcome-line.ts";
import { outcomeFromJson, readOutcome } from "../replay/outcome-line.ts";
import { sendBatch } from "../replay/sender.ts";
import { readText } from "../replay/source.ts";
import { printTally, Tally } from "../replay/tally.ts";
import { ATTRIBUTE_OPTION, attributesOf, enumValue, shortNames } from "../selectors.ts";

const INT32_MAX = 2_147_483_647;
/** The API's largest batch. */
const BATCH_MAX = 1000;
/** A thousand outcomes are smaller by far. */
const FILE_BYTES_MAX = 16_777_216;

export const report: Command = {
  name: "report",
  summary: "Report what happened in one call, or the outcomes of a file",
  usage: "--status STATUS (--decision TOKEN | --model MODEL --phase PHASE) … | --file FILE",
  example:
    "attuned report --model gpt-4 --phase execution --set temperature=0.7 --status ok --latency-ms 1250 --score quality=85.5",
  positionals: { names: [], required: 0 },
  options: {
    file: {
      type: "text",
      short: "f",
      value: "FILE",
      help: "a ReportOutcomes request, a list of outcomes, or one outcome a line, as protobuf JSON; - is stdin",
    },
    id: { type: "text", value: "ID", help: "the outcome's identity (default: a new one)" },
    status: {
      type: "text",
      value: "STATUS",
      help: `how the call ended: ${shortNames(OutcomeStatusSchema).join(", ")}`,
    },
    decision: { type: "text", value: "TOKEN", help: "the decision token of the lookup" },
    model: { type: "text", value: "MODEL", help: "the model, where there is no token" },
    phase: { type: "text", value: "PHASE", help: "the phase, where there is no token" },
    set: {
      type: "text",
      value: "FIELD=VALUE",
      multiple: true,
      help: "a setting that was used, where there is no token, for example temperature=0.7",
    },
    unit: { type: "text", value: "UNIT", help: "a session, a task" },
    ...ATTRIBUTE_OPTION,
    "latency-ms": { type: "text", value: "MS", help: "duration of the call" },
    "input-tokens": { type: "text", value: "N", help: "tokens of the prompt" },
    "output-tokens": { type: "text", value: "N", help: "tokens of the answer" },
    "cost-usd": { type: "text", value: "USD", help: "cost of the call" },
    "finish-reason": { type: "text", value: "TEXT", help: "why generation ended, such as stop" },
    retries: { type: "text", value: "N", help: "attempts after the first one" },
    iterations: { type: "text", value: "N", help: "steps of the agent" },
    score: {
      type: "text",
      value: "METRIC=N",
      multiple: true,
      help: "a score: quality 0 to 100, others 0 to 1",
    },
    label: { type: "text", value: "KEY=VALUE", multiple: true, help: "a label of your own" },
    "occurred-at": { type: "text", value: "TIME", help: "when the call happened (default: now)" },
    "response-model": { type: "text", value: "MODEL", help: "the version that answered" },
    "external-ref": { type: "text", value: "TEXT", help: "your reference, for later feedback" },
  },
  async run(context) {
    const items = await readItems(context);
    const batch = items.filter((item): item is OutcomeLine => "outcome" in item);
    const tally = new Tally();
    for (const item of items) if ("reason" in item) tally.reject(item);
    if (batch.length > BATCH_MAX) {
      throw new CommandFailed(
        `${batch.length} outcomes are more than the ${BATCH_MAX} of one call; use: attuned replay FILE`,
      );
    }
    if (batch.length > 0) {
      const service = (await context.connect()).service(OutcomeService);
      tally.add(
        await sendBatch(batch, {
          report: (request) => service.reportOutcomes(request),
          retryForMs: 0,
          onRetry: () => {},
          random: () => 0,
          nowMs: () => 0,
          sleep: async () => {},
        }),
      );
    }
    printTally(tally, context);
    return tally.rejected > 0 ? EXIT_CODE.failed : EXIT_CODE.ok;
  },
};

async function readItems({
  args,
  io,
}: CommandContext): Promise<readonly (OutcomeLine | RejectedLine)[]> {
  const path = args.text("file");
  if (path === undefined) return [{ line: 1, outcome: outcomeFromFlags(args), bytes: 0 }];
  const other = Object.keys(report.options).find((name) => name !== "file" && args.has(name));
  if (other !== undefined) throw new UsageError(`report takes --file without --${other}`);
  const text = await readText(path, FILE_BYTES_MAX, io);
  const whole = jsonOf(text);
  if (whole === undefined) {
    return text
      .split("\n")
      .flatMap((line, index) => readOutcome({ number: index + 1, text: line.trim() }) ?? []);
  }
  return itemsOf(whole).map((item, index) => outcomeFromJson(item, index + 1, 0));
}

/** The items of a request, of a list, or of one outcome. */
function itemsOf(json: JsonValue): readonly JsonValue[] {
  if (Array.isArray(json)) return json;
  const outcomes = isObject(json) ? json["outcomes"] : undefined;
  return Array.isArray(outcomes) ? outcomes : [json];
}

function outcomeFromFlags(args: Arguments): Outcome {
  const status = args.text("status");
  if (status === undefined) {
    throw new UsageError(
      `report needs --status (${shortNames(OutcomeStatusSchema).join(", ")}) or --file`,
    );
  }
  const phase = args.text("phase");
  if (!args.has("decision") && (phase === undefined || !args.has("model"))) {
    throw new UsageError("report needs --decision TOKEN, or --model MODEL and --phase PHASE");
  }
  const set = args.pairs("set");
  const occurredMs = args.instant("occurred-at", Date.now());
  return create(OutcomeSchema, {
    outcomeId: args.text("id") ?? randomUUID(),
    status: enumValue(OutcomeStatusSchema, status, "--status"),
    decisionToken: args.text("decision") ?? "",
    model: args.text("model") ?? "",
    phase: phase === undefined ? 0 : enumValue(PhaseSchema, phase, "--phase"),
    ...(set.length === 0 ? {} : { settings: settingsFromPairs(set, "--set") }),
    unit: args.text("unit") ?? "",
    attributes: attributesOf(args),
    ...optional("latencyMs", args.number("latency-ms", { min: 0, max: Number.MAX_VALUE })),
    ...optional("inputTokens", count(args, "input-tokens")),
    ...optional("outputTokens", count(args, "output-tokens")),
    ...optional("costUsd", args.number("cost-usd", { min: 0, max: Number.MAX_VALUE })),
    ...optional("retries", count(args, "retries")),
    ...optional("iterations", count(args, "iterations")),
    finishReason: args.text("finish-reason") ?? "",
    scores: scoresOf(args),
    labels: mapOf(args.pairs("label")),
    ...(occurredMs === undefined ? {} : { occurredAt: timestampFromMs(occurredMs) }),
    responseModel: args.text("response-model") ?? "",
    externalRef: args.text("external-ref") ?? "",
  });
}

function scoresOf(args: Arguments): Record<string, number> {
  const bounds = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };
  return Object.fromEntries(
    args
      .pairs("score")
      .map(({ key, value }) => [key, parseNumber(value, `--score ${key}`, bounds)]),
  );
}

function count(args: Arguments, option: string): number | undefined {
  return args.number(option, { min: 0, max: INT32_MAX, integer: true });
}

function optional<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, number>);
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
