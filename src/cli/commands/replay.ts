import { OutcomeService } from "../../gen/attuned/v1/outcome_service_pb.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { BookmarkFile } from "../replay/bookmark.ts";
import { csvReader } from "../replay/csv.ts";
import { csvRecords } from "../replay/csv-records.ts";
import { langfuseReader, litellmReader } from "../replay/foreign-logs.ts";
import { jsonRecords } from "../replay/json-records.ts";
import { readLines } from "../replay/lines.ts";
import { readOutcome } from "../replay/outcome-line.ts";
import { type ReplayOptions, ReplayRun } from "../replay/run.ts";
import { openSource } from "../replay/source.ts";
import { printTally } from "../replay/tally.ts";
import { phaseOf } from "../selectors.ts";
import { formatDuration } from "../terminal/format.ts";
import { barGlyphs, showProgress } from "../terminal/progress.ts";

const BATCH_DEFAULT = 500;
/** The API's largest batch. */
const BATCH_MAX = 1000;
const CONCURRENCY_DEFAULT = 2;
const CONCURRENCY_MAX = 32;
const RETRY_FOR_DEFAULT_SECONDS = 30;
const RETRY_FOR_MAX_SECONDS = 86_400;

/** Between two notes of how far it came, in milliseconds. */
const REMEMBER_EVERY_MS = 2_000;
const FORMATS = ["ndjson", "csv", "litellm", "langfuse"];

function formatOf(args: Arguments, path: string): string {
  return args.text("format") ?? (/\.csv(\.gz)?$/.test(path) ? "csv" : "ndjson");
}

/** How a file is read. */
type Reading = Required<Pick<ReplayOptions, "readLine" | "split" | "unit">>;

function readingOf(args: Arguments, path: string): Reading {
  const format = formatOf(args, path);
  const phase = args.text("phase") ?? "execution";
  // Checked here, so that a wrong word is one error and not one a line.
  const wirePhase = `PHASE_${phase.toUpperCase()}`;
  phaseOf(phase);
  const columns = args.pairs("map");
  if (format !== "csv" && columns.length > 0) throw new UsageError("--map goes with --format csv");
  switch (format) {
    case "ndjson":
      if (args.has("phase")) throw new UsageError("--phase goes with csv, litellm and langfuse");
      return { readLine: readOutcome, split: readLines, unit: "line" };
    case "csv":
      return {
        readLine: csvReader({
          columns: new Map(columns.map(({ key, value }) => [key, value])),
          phase,
        }),
        split: (chunks) => csvRecords(readLines(chunks)),
        unit: "line",
      };
    case "litellm":
      return { readLine: litellmReader(wirePhase), split: jsonRecords, unit: "record" };
    case "langfuse":
      return { readLine: langfuseReader(wirePhase), split: jsonRecords, unit: "record" };
    default:
      throw new UsageError(`--format takes ${FORMATS.join(", ")}`);
  }
}

export const replay: Command = {
  name: "replay",
  summary: "Report a large file of outcomes, with progress and retries",
  usage: "FILE [--format FORMAT] [--phase PHASE] [--map FIELD=COLUMN …] [--from-start]",
  example: "attuned replay outcomes.ndjson.gz",
  positionals: { names: ["FILE"], required: 1 },
  options: {
    format: {
      type: "text",
      value: "FORMAT",
      choices: FORMATS,
      help: "ndjson: an outcome a line, as protobuf JSON; csv; or a log of litellm or langfuse, as JSON objects, arrays or pages (default: by the file's name)",
    },
    phase: {
      type: "text",
      value: "PHASE",
      help: "the phase of calls in csv and other programs' logs (default execution)",
    },
    map: {
      type: "text",
      value: "FIELD=COLUMN",
      multiple: true,
      help: "the column of a CSV file that fills a field, such as latencyMs=duration or scores.quality=rating",
    },
    "from-start": {
      type: "flag",
      help: "begin at the start of the file although an earlier run came further",
    },
    batch: { type: "text", value: "N", help: "outcomes per call, 1 to 1000 (default 500)" },
    concurrency: { type: "text", value: "N", help: "calls under way at once (default 2)" },
    "retry-for": {
      type: "text",
      value: "SECONDS",
      help: "how long to wait for a daemon that is away or busy (default 30)",
    },
  },
  async run(context) {
    const { args, io, terminal } = context;
    const batchSize =
      args.number("batch", { min: 1, max: BATCH_MAX, integer: true }) ?? BATCH_DEFAULT;
    const concurrency =
      args.number("concurrency", { min: 1, max: CONCURRENCY_MAX, integer: true }) ??
      CONCURRENCY_DEFAULT;
    const retryForSeconds =
      args.number("retry-for", { min: 0, max: RETRY_FOR_MAX_SECONDS }) ?? RETRY_FOR_DEFAULT_SECONDS;
    const [path = ""] = args.positionals;
    const reading = readingOf(args, path);
    const { unit } = reading;
    const source = await openSource(path, io);
    const bookmark = path === "-" ? undefined : await BookmarkFile.of(path, unit);
    const skipThrough = args.has("from-start") ? 0 : ((await bookmark?.read()) ?? 0);
    if (skipThrough > 0)
      terminal.note(`attuned: goes on after ${unit} ${skipThrough}; --from-start begins anew`);
    const service = (await context.connect()).service(OutcomeService);
    const run = new ReplayRun({
      source,
      path,
      batchSize,
      concurrency,
      retryForMs: retryForSeconds * 1000,
      report: (request) => service.reportOutcomes(request),
      ...reading,
      skipThrough,
    });
    const remembering = setInterval(() => {
      bookmark?.write(run.answeredThrough).catch(() => undefined);
    }, REMEMBER_EVERY_MS);
    const stop = showProgress(() => run.progress(), {
      sink: io.stderr,
      redraw: terminal.canRedraw,
      columns: terminal.drawingWidth,
      glyphs: barGlyphs(terminal.unicode),
    });
    const failure = await run.send(io.signal);
    stop();
    clearInterval(remembering);
    if (failure === undefined) await bookmark?.remove();
    else await bookmark?.write(run.answeredThrough);
    printTally(run.tally, context, unit);
    if (failure !== undefined) {
      const again = bookmark ? "it goes on where it stopped" : "what is stored counts as duplicate";
      terminal.note(`attuned: not finished; run it again, ${again}`);
      throw failure.error;
    }
    const { items, elapsedMs } = run.progress();
    const rate = Math.round((items * 1000) / Math.max(elapsedMs, 1));
    terminal.note(`attuned: ${items} ${unit}s in ${formatDuration(elapsedMs / 1000)}, ${rate}/s`);
    return run.tally.rejected > 0 ? EXIT_CODE.failed : EXIT_CODE.ok;
  },
};
