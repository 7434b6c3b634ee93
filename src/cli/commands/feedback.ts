import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type Feedback,
  FeedbackSchema,
  OutcomeService,
  ReportFeedbackResponseSchema,
} from "../../gen/attuned/v1/outcome_service_pb.ts";
import type { Arguments } from "../arguments.ts";
import { parseNumber } from "../arguments.ts";
import type { Command, CommandContext } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { readText } from "../replay/source.ts";
import { answer, printTable } from "../terminal/output.ts";

/** The API's largest batch. */
const BATCH_MAX = 1000;
/** A thousand items are smaller by far. */
const FILE_BYTES_MAX = 16_777_216;
/** What an item may name, by its option. */
const TARGETS = { outcome: "outcomeId", decision: "decisionToken", ref: "externalRef" } as const;
type TargetOption = keyof typeof TARGETS;

export const feedback: Command = {
  name: "feedback",
  summary: "Score a call that was reported, or a session, later",
  usage: "(--outcome ID | --decision TOKEN | --ref TEXT) --score METRIC=N … | --file FILE",
  example: "attuned feedback --outcome o-1 --score quality=85.5 --source judge",
  positionals: { names: [], required: 0 },
  options: {
    outcome: { type: "text", value: "ID", help: "identity of the outcome that is scored" },
    decision: {
      type: "text",
      value: "TOKEN",
      help: "decision token of an experiment's unit, which is scored as a whole",
    },
    ref: { type: "text", value: "TEXT", help: "your reference; the newest outcome that has it" },
    score: {
      type: "text",
      value: "METRIC=N",
      multiple: true,
      help: "a score: quality 0 to 100, others 0 to 1",
    },
    source: {
      type: "text",
      value: "NAME",
      help: "who scores, such as a judge; several count as their mean",
    },
    file: {
      type: "text",
      short: "f",
      value: "FILE",
      help: "a ReportFeedback request, a list of items, or one item a line, as protobuf JSON; - is stdin",
    },
  },
  async run(context) {
    const { args, terminal } = context;
    const items = args.has("file") ? await readItems(context) : [itemOf(args)];
    if (items.length > BATCH_MAX)
      throw new CommandFailed(`${items.length} items are more than the ${BATCH_MAX} of one call`);
    const service = (await context.connect()).service(OutcomeService);
    const response = await service.reportFeedback({ feedback: items });
    const { acceptedCount, duplicateCount, rejected } = response;
    answer(context, ReportFeedbackResponseSchema, response, () => {
      terminal.out(
        `accepted ${acceptedCount}, duplicate ${duplicateCount}, rejected ${rejected.length}`,
      );
      if (rejected.length === 0) return;
      terminal.out("");
      printTable(
        terminal,
        [{ title: "ITEM", align: "right" }, { title: "REASON" }, { title: "MESSAGE" }],
        rejected.map(({ index, reason, message }) => [String(index + 1), reason, message]),
        "",
      );
    });
    return rejected.length > 0 ? EXIT_CODE.failed : EXIT_CODE.ok;
  },
};

function itemOf(args: Arguments): Feedback {
  const named = (Object.keys(TARGETS) as TargetOption[]).filter((option) => args.has(option));
  const [option] = named;
  if (option === undefined || named.length > 1 || !args.has("score")) {
    throw new UsageError(
      "feedback takes one of --outcome ID, --decision TOKEN and --ref TEXT, and --score METRIC=N; or --file FILE",
    );
  }
  const bounds = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };
  return create(FeedbackSchema, {
    target: { case: TARGETS[option], value: args.text(option) ?? "" },
    scores: Object.fromEntries(
      args
        .pairs("score")
        .map(({ key, value }) => [key, parseNumber(value, `--score ${key}`, bounds)]),
    ),
    source: args.text("source") ?? "",
  });
}

async function readItems({ args, io }: CommandContext): Promise<Feedback[]> {
  const other = Object.keys(feedback.options).find((name) => name !== "file" && args.has(name));
  if (other !== undefined) throw new UsageError(`feedback takes --file without --${other}`);
  const path = args.text("file") ?? "";
  const text = await readText(path, FILE_BYTES_MAX, io);
  const whole = jsonOf(text);
  const items =
    whole === undefined
      ? text.split("\n").flatMap((line, index) => itemOfLine(line, `${path}:${index + 1}`))
      : itemsOf(whole);
  return items.map((item, index) => {
    try {
      return fromJson(FeedbackSchema, item);
    } catch (error) {
      throw new CommandFailed(`${path}: item ${index + 1}: ${messageOf(error)}`);
    }
  });
}

/** The items of a request, of a list, or one item. */
function itemsOf(json: JsonValue): readonly JsonValue[] {
  if (Array.isArray(json)) return json;
  const listed = typeof json === "object" && json !== null ? json["feedback"] : undefined;
  return Array.isArray(listed) ? listed : [json];
}

function itemOfLine(line: string, place: string): JsonValue[] {
  if (line.trim() === "") return [];
  const json = jsonOf(line);
  if (json === undefined) throw new CommandFailed(`${place} is no JSON`);
  return [json];
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
