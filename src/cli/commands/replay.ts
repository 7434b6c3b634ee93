import { OutcomeService } from "../../gen/attuned/v1/outcome_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { ReplayRun } from "../replay/run.ts";
import { openSource } from "../replay/source.ts";
import { printTally } from "../replay/tally.ts";
import { formatDuration } from "../terminal/format.ts";
import { barGlyphs, showProgress } from "../terminal/progress.ts";

const BATCH_DEFAULT = 500;
/** The API's largest batch. */
const BATCH_MAX = 1000;
const CONCURRENCY_DEFAULT = 2;
const CONCURRENCY_MAX = 32;
const RETRY_FOR_DEFAULT_SECONDS = 30;
const RETRY_FOR_MAX_SECONDS = 86_400;

export const replay: Command = {
  name: "replay",
  summary: "Report a large file of outcomes, with progress and retries",
  usage: "FILE [--batch N] [--concurrency N] [--retry-for SECONDS]",
  example: "attuned replay outcomes.ndjson.gz",
  positionals: { names: ["FILE"], required: 1 },
  options: {
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
    const source = await openSource(path, io);
    const service = (await context.connect()).service(OutcomeService);
    const run = new ReplayRun({
      source,
      path,
      batchSize,
      concurrency,
      retryForMs: retryForSeconds * 1000,
      report: (request) => service.reportOutcomes(request),
    });
    const stop = showProgress(() => run.progress(), {
      sink: io.stderr,
      redraw: terminal.canRedraw,
      columns: terminal.drawingWidth,
      glyphs: barGlyphs(terminal.unicode),
    });
    const failure = await run.send(io.signal);
    stop();
    printTally(run.tally, context);
    if (failure !== undefined) {
      terminal.note("attuned: not finished; run it again, what is stored counts as duplicate");
      throw failure.error;
    }
    const { items, elapsedMs } = run.progress();
    const rate = Math.round((items * 1000) / Math.max(elapsedMs, 1));
    terminal.note(`attuned: ${items} lines in ${formatDuration(elapsedMs / 1000)}, ${rate}/s`);
    return run.tally.rejected > 0 ? EXIT_CODE.failed : EXIT_CODE.ok;
  },
};
