import { parseArgs } from "node:util";
import type { Arguments, ParsedValues } from "./arguments.ts";
import { argumentsOf } from "./arguments.ts";
import type { Command, CommandContext, CommandEntry, OptionSpec, OutputFormat } from "./command.ts";
import { COMMANDS, GROUP_DEFAULT } from "./command-table.ts";
import { DEFAULT_ADDRESS } from "./daemon/address.ts";
import { EXIT_CODE } from "./exit-code.ts";
import { CommandFailed, UsageError } from "./failure.ts";
import { GLOBAL_OPTIONS } from "./global-options.ts";
import { printCommandHelp, printOverview } from "./help.ts";
import type { CliIo } from "./io.ts";
import { didYouMean } from "./suggest.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { terminalOf } from "./terminal/terminal.ts";

const DEFAULT_TIMEOUT_SECONDS = 10;
/** A day: longer waits are a mistake in the unit. */
const TIMEOUT_SECONDS_MAX = 86_400;

/**
 * Runs one command line and answers its exit code (see EXIT_CODE). Everything it prints goes through `io`; nothing of the process
 * is touched. Throws only for a bug of ours.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const terminal = terminalOf(io);
  let helpTopic = "help";
  const place = { address: DEFAULT_ADDRESS, timeoutSeconds: DEFAULT_TIMEOUT_SECONDS };
  try {
    const found = await findCommand(argv, terminal);
    if (found === undefined) return EXIT_CODE.ok;
    const { command, rest } = found;
    helpTopic = `help ${command.name}`;
    const args = readArguments(command, rest);
    if (args.flag("help")) {
      printCommandHelp(command, terminal);
      return EXIT_CODE.ok;
    }
    checkPositionals(command, args.positionals);
    place.address =
      nonEmpty(args.text("address")) ?? nonEmpty(io.env["ATTUNED_ADDRESS"]) ?? place.address;
    place.timeoutSeconds =
      args.number("timeout", { min: 0.001, max: TIMEOUT_SECONDS_MAX }) ??
      command.timeoutSeconds ??
      place.timeoutSeconds;
    return await command.run(contextOf(args, io, terminal, place));
  } catch (error) {
    return reportError(error, terminal, place, helpTopic);
  }
}

interface FoundCommand {
  readonly command: Command;
  /** What follows its name. */
  readonly rest: readonly string[];
}

interface Place {
  readonly address: string;
  readonly timeoutSeconds: number;
}

/** Finds the command; undefined where only help was asked for and is printed. */
async function findCommand(
  argv: readonly string[],
  terminal: Terminal,
): Promise<FoundCommand | undefined> {
  const { words, rest } = commandWords(argv);
  if (words.length === 0) {
    readArguments(undefined, rest);
    printOverview(terminal);
    return undefined;
  }
  if (words[0] === "help") {
    const topic = rest.filter((word) => !word.startsWith("-"));
    await printHelp(topic, terminal);
    return undefined;
  }
  return { command: await loadCommand(words, argv), rest };
}

/** Splits off the words that name the command: one, or two where the first one names a group. */
function commandWords(argv: readonly string[]): {
  readonly words: readonly string[];
  readonly rest: readonly string[];
} {
  const { tokens } = parseArgs({
    args: [...argv],
    options: parserOptions(GLOBAL_OPTIONS),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find((token) => token.kind === "positional");
  if (first === undefined) return { words: [], rest: argv };
  const follower = argv[first.index + 1];
  const isGroup = GROUP_DEFAULT[first.value] !== undefined;
  const length = isGroup && follower !== undefined && !follower.startsWith("-") ? 2 : 1;
  return {
    words: argv.slice(first.index, first.index + length),
    rest: [...argv.slice(0, first.index), ...argv.slice(first.index + length)],
  };
}

async function printHelp(words: readonly string[], terminal: Terminal): Promise<void> {
  if (words.length === 0) return printOverview(terminal);
  const entry = findEntry(words) ?? rejectUnknown(words, []);
  if (entry.load !== undefined) return printCommandHelp(await entry.load(), terminal);
  terminal.out(`${entry.summary}. See: attuned ${entry.name} --help`);
}

async function loadCommand(words: readonly string[], argv: readonly string[]): Promise<Command> {
  const { load, name } = findEntry(words) ?? rejectUnknown(words, argv);
  if (load === undefined) throw new UsageError(`${name} takes its options after its name`);
  return load();
}

function findEntry(words: readonly string[]): CommandEntry | undefined {
  const typed = words.join(" ");
  const name = GROUP_DEFAULT[typed] ?? typed;
  return COMMANDS.find((candidate) => candidate.name === name);
}

/** An unknown option before the word is the likelier mistake: its value was taken for the command. */
function rejectUnknown(words: readonly string[], argv: readonly string[]): never {
  readArguments(undefined, argv.slice(0, argv.indexOf(words[0] ?? "")));
  const typed = words.join(" ");
  const known = [...COMMANDS.map(({ name }) => name), ...Object.keys(GROUP_DEFAULT), "help"];
  throw new UsageError(`unknown command "${typed}"${didYouMean(typed, known)}`);
}

function readArguments(command: Command | undefined, rest: readonly string[]): Arguments {
  const specs = { ...command?.options, ...GLOBAL_OPTIONS };
  try {
    const parsed = parseArgs({
      args: [...rest],
      options: parserOptions(specs),
      strict: true,
      allowPositionals: true,
    });
    const args = argumentsOf(parsed.positionals, parsed.values as ParsedValues);
    checkChoices(args, specs);
    return args;
  } catch (error) {
    throw parserError(error, specs);
  }
}

function parserOptions(specs: Readonly<Record<string, OptionSpec>>) {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      {
        type: spec.type === "flag" ? ("boolean" as const) : ("string" as const),
        multiple: spec.multiple === true,
        ...(spec.short === undefined ? {} : { short: spec.short }),
      },
    ]),
  );
}

function parserError(error: unknown, specs: Readonly<Record<string, OptionSpec>>): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (!String(error.code).startsWith("ERR_PARSE_ARGS_")) return error;
  const unknown = /Unknown option '(-{1,2}[^']*)'/.exec(error.message)?.[1];
  const option = /'(?:-\w, )?(-{1,2}[\w-]+)/.exec(error.message)?.[1] ?? "an option";
  if (unknown === undefined) {
    const takesNone = error.message.includes("does not take an argument");
    return new UsageError(
      takesNone
        ? `${option} takes no value`
        : `${option} needs a value; write ${option}=VALUE where the value starts with a dash`,
    );
  }
  const known = Object.keys(specs);
  const name = unknown.replace(/^-+/, "");
  const suggestion = name.length < 2 ? "" : didYouMean(name, known).replace('"', '"--');
  return new UsageError(`unknown option "${unknown}"${suggestion}`);
}

function checkChoices(args: Arguments, specs: Readonly<Record<string, OptionSpec>>): void {
  for (const [name, { choices }] of Object.entries(specs)) {
    for (const value of choices === undefined ? [] : args.list(name)) {
      if (choices?.includes(value)) continue;
      const suggestion = didYouMean(value, choices ?? []);
      throw new UsageError(
        `--${name} takes one of ${choices?.join(", ")}, not "${value}"${suggestion}`,
      );
    }
  }
}

function checkPositionals(command: Command, given: readonly string[]): void {
  const { names, required, repeats } = command.positionals;
  const missing = names.slice(given.length, required);
  if (missing.length > 0) {
    throw new UsageError(
      `${command.name} needs ${missing.join(" and ")}: attuned ${command.name} ${command.usage}`,
    );
  }
  const extra = repeats ? undefined : given[names.length];
  if (extra !== undefined) throw new UsageError(`${command.name} takes no argument "${extra}"`);
}

function contextOf(args: Arguments, io: CliIo, terminal: Terminal, place: Place): CommandContext {
  const output: OutputFormat = args.text("output") === "json" ? "json" : "table";
  return {
    args,
    io,
    terminal,
    output,
    commands: COMMANDS,
    connect: async () => {
      const { openDaemon } = await import("./daemon/client.ts");
      return openDaemon({
        address: place.address,
        timeoutMs: place.timeoutSeconds * 1000,
        token: nonEmpty(args.text("token")) ?? nonEmpty(io.env["ATTUNED_TOKEN"]),
        signal: io.signal,
        ...(io.transport === undefined ? {} : { transport: io.transport }),
      });
    },
  };
}

async function reportError(
  error: unknown,
  terminal: Terminal,
  place: Place,
  helpTopic: string,
): Promise<number> {
  if (error instanceof UsageError) {
    const stop = /[.?]$/.test(error.message) ? "" : ".";
    terminal.note(`attuned: ${error.message}${stop} See: attuned ${helpTopic}`);
    return EXIT_CODE.usage;
  }
  if (error instanceof CommandFailed) {
    terminal.note(`attuned: ${error.message}`);
    return error.exitCode;
  }
  const { readCallFailure } = await import("./daemon/errors.ts");
  const failure = readCallFailure(error, place);
  if (failure === undefined) throw error;
  terminal.note(`attuned: ${failure.message} (${failure.reason})`);
  for (const violation of failure.violations) terminal.note(`  ${violation}`);
  return failure.exitCode;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
