import { setTimeout as sleep } from "node:timers/promises";
import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ConfigService,
  type WatchConfigsResponse,
  WatchConfigsResponseSchema,
  WatchEvent,
  type WatchState,
} from "../../gen/attuned/v1/config_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { LimitsSchema, SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";
import type { Command, CommandContext } from "../command.ts";
import { systemCodeOf } from "../daemon/errors.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { ATTRIBUTE_OPTION, attributesOf, phaseOf } from "../selectors.ts";
import { formatEnum, localIso, setFields } from "../terminal/format.ts";
import { safeJson } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { displayWidth, printable, truncate } from "../terminal/text.ts";

const HEARTBEAT_SECONDS = 10;
/** Without a message for so long the connection is taken for dead, in milliseconds: three heartbeats. */
const SILENCE_MS = 3 * HEARTBEAT_SECONDS * 1000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;
/** A column as wide as the longest names of the registry. */
const MODEL_WIDTH = 24;

export const watch: Command = {
  name: "watch",
  summary: "Print settings as they change, until interrupted",
  usage: "[MODEL PHASE]… [--attribute KEY=VALUE …] [--count N]",
  example: "attuned watch gpt-4 planning gpt-4 execution --attribute environment=production",
  positionals: { names: ["MODEL", "PHASE"], required: 0, repeats: true },
  options: {
    ...ATTRIBUTE_OPTION,
    count: { type: "text", value: "N", help: "end after N messages; the current state is one" },
  },
  async run(context) {
    const { args } = context;
    const count = args.number("count", { min: 1, max: 1e9, integer: true }) ?? Infinity;
    const { positionals } = args;
    if (positionals.length % 2 === 1) {
      throw new UsageError(`watch takes pairs of MODEL and PHASE; ${positionals.at(-1)} has none`);
    }
    const attributes = attributesOf(args);
    if (positionals.length === 0 && Object.keys(attributes).length > 0) {
      throw new UsageError("--attribute needs MODEL and PHASE to go with");
    }
    const keys = positionals.flatMap((model, index) =>
      index % 2 === 0 ? [{ model, phase: phaseOf(positionals[index + 1] ?? ""), attributes }] : [],
    );
    const service = (await context.connect()).service(ConfigService);
    const print = context.output === "json" ? jsonPrinter(context) : tablePrinter(context.terminal);
    await follow(context, {
      count,
      print,
      open: (place, signal) =>
        service.watchConfigs(
          { keys, ...place, heartbeatSeconds: HEARTBEAT_SECONDS },
          { signal, timeoutMs: 0 },
        ),
    });
    return EXIT_CODE.ok;
  },
};

/** How far the watch is, to resume from. */
interface Place {
  readonly storeId: string;
  readonly revision: bigint;
}

interface Following {
  readonly count: number;
  print(message: WatchConfigsResponse): void;
  open(place: Place, signal: AbortSignal): AsyncIterable<WatchConfigsResponse>;
}

/** Reads on over broken connections and restarts of the daemon. The first connection must succeed. */
async function follow(context: CommandContext, following: Following): Promise<void> {
  const { io, terminal } = context;
  let place: Place = { storeId: "", revision: 0n };
  let left = following.count;
  let wasConnected = false;
  let waitMs = RETRY_MS_MIN;
  while (!io.signal.aborted) {
    try {
      for await (const message of listen(following, place, io.signal)) {
        if (waitMs > RETRY_MS_MIN) terminal.note("attuned: connected again");
        wasConnected = true;
        waitMs = RETRY_MS_MIN;
        if (message.revision > 0n) place = message;
        if (message.event === WatchEvent.HEARTBEAT) continue;
        following.print(message);
        left -= 1;
        if (left <= 0) return;
      }
    } catch (error) {
      if (io.signal.aborted) return;
      if (isForgotten(error)) {
        place = { storeId: "", revision: 0n };
        continue;
      }
      if (!wasConnected || !isPassing(error)) throw error;
    }
    if (waitMs === RETRY_MS_MIN) terminal.note("attuned: the watch broke off; trying again");
    await sleep(waitMs, undefined, { signal: io.signal }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
  }
}

/** The messages of one connection; fails with UNAVAILABLE once it is silent for too long. */
async function* listen(
  { open }: Following,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<WatchConfigsResponse> {
  const silence = new AbortController();
  const tooLong = () =>
    silence.abort(new ConnectError("the daemon says nothing any more", Code.Unavailable));
  let timer = setTimeout(tooLong, SILENCE_MS);
  try {
    for await (const message of open(place, AbortSignal.any([signal, silence.signal]))) {
      clearTimeout(timer);
      timer = setTimeout(tooLong, SILENCE_MS);
      yield message;
    }
  } finally {
    clearTimeout(timer);
  }
}

function isForgotten(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.OutOfRange;
}

/** Whether a failure may pass by itself: the connection broke, or the daemon goes down, comes up or is full. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  const passing = [
    Code.Unavailable,
    Code.Canceled,
    Code.Aborted,
    Code.DeadlineExceeded,
    Code.ResourceExhausted,
  ];
  return passing.includes(error.code) || systemCodeOf(error) !== undefined;
}

function jsonPrinter({ terminal }: CommandContext) {
  return (message: WatchConfigsResponse) =>
    terminal.out(safeJson(toJson(WatchConfigsResponseSchema, message), 0));
}

/** One line per key: what it is where it was not known, then only what became another. */
function tablePrinter(terminal: Terminal) {
  const known = new Map<string, ReadonlyMap<string, string>>();
  let hasTitle = false;
  const line = (cells: readonly string[], paint: (text: string) => string = (text) => text) => {
    const [time = "", model = "", phase = "", revision = "", what = ""] = cells;
    const widths = [20, MODEL_WIDTH, 14];
    const head = [time, model, phase].map((text, index) => padded(text, widths[index] ?? 0));
    const text = [...head, revision.padStart(8), what].join("  ").trimEnd();
    const ellipsis = terminal.unicode ? "…" : "..";
    terminal.out(paint(truncate(text, terminal.width, ellipsis)));
  };
  return (message: WatchConfigsResponse) => {
    if (!hasTitle) line(["TIME", "MODEL", "PHASE", "REVISION", "SETTINGS"], terminal.style.bold);
    hasTitle = true;
    const time = localIso(Date.now());
    for (const state of message.states) {
      const id = JSON.stringify([state.key?.model, state.key?.phase, state.key?.attributes]);
      const fields = fieldsOf(state);
      const what = fields ? difference(known.get(id), fields, terminal) : "removed";
      if (fields) known.set(id, fields);
      else known.delete(id);
      if (what === "") continue;
      const revision = state.resolution?.revision ?? message.revision;
      const { model = "", phase = 0 } = state.key ?? {};
      line([
        time,
        printable(model),
        formatEnum(PhaseSchema, phase),
        revision.toString(),
        printable(what),
      ]);
    }
  };
}

function fieldsOf({ resolution }: WatchState): ReadonlyMap<string, string> | undefined {
  if (!resolution) return undefined;
  return new Map([
    ...(resolution.enabled === false ? [["enabled", "false"] as const] : []),
    ...setFields(SettingsSchema, resolution.settings),
    ...setFields(LimitsSchema, resolution.limits)
      .filter(([name]) => name !== "context_window_text")
      .map(([name, text]) => [`limits.${name}`, text] as const),
  ]);
}

function difference(
  before: ReadonlyMap<string, string> | undefined,
  after: ReadonlyMap<string, string>,
  terminal: Terminal,
): string {
  if (!before) return [...after].map(([name, text]) => `${name}=${text}`).join(" ");
  const arrow = terminal.unicode ? "→" : "->";
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} ${before.get(name) ?? "-"} ${arrow} ${after.get(name) ?? "-"}`)
    .join(", ");
}

function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}
