import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Arguments } from "./arguments.ts";
import type { CliIo } from "./io.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** One option of a command, for the parser, the help and the completion. */
export interface OptionSpec {
  /** A flag stands alone, a text takes a value. */
  readonly type: "flag" | "text";
  /** What the value is called in the help, for example "SECONDS". */
  readonly value?: string;
  readonly short?: string;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
  /** The values it takes, where they are few. */
  readonly choices?: readonly string[];
  readonly help: string;
}

/** Arguments without a name, in their order; the first `required` of them must be there. */
export interface PositionalSpec {
  readonly names: readonly string[];
  readonly required: number;
  /** Whether all of them may be given again and again. */
  readonly repeats?: true;
}

/** One command: what it is called, what it takes, and what it does. */
export interface Command {
  /** Name as typed, for example "drift detect". */
  readonly name: string;
  /** What it is for, in one line. */
  readonly summary: string;
  /** The arguments as the help shows them, without the name. */
  readonly usage: string;
  readonly example: string;
  readonly positionals: PositionalSpec;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Time that a call may take where `--timeout` is not given, in seconds. */
  readonly timeoutSeconds?: number;
  /** Answers the exit code. */
  run(context: CommandContext): Promise<number>;
}

/** A command before its module is loaded, so that start-up and the list of commands cost nothing. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Undefined for what the program's entry answers before commands are looked at. */
  readonly load?: () => Promise<Command>;
}

/** A daemon that calls can be made to. */
export interface Daemon {
  /** Where it is, as the person wrote it. */
  readonly address: string;
  /** A client whose calls carry the time limit, the token and the person's wish to stop. */
  service<T extends DescService>(service: T): Client<T>;
}

/** What a running command has. */
export interface CommandContext {
  readonly args: Arguments;
  readonly io: CliIo;
  readonly terminal: Terminal;
  readonly output: OutputFormat;
  /** Every command there is. */
  readonly commands: readonly CommandEntry[];
  /** Opens the daemon of `--address`; nothing is sent before the first call. */
  connect(): Promise<Daemon>;
}

/** `table` is for people, `json` is the daemon's answer as protobuf JSON. */
export type OutputFormat = "table" | "json";
