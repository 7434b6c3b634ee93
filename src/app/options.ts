import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { type EnvironmentLayer, parseEnvironment } from "../domain/config/environment.ts";
import type { LogLevel } from "../platform/log.ts";
import type { Role } from "../rpc/server/roles.ts";
import {
  expandPath,
  MEBIBYTE,
  OPTION_NAMES,
  OPTION_TABLE,
  type OptionName,
  parseEndpoint,
} from "./option-table.ts";
import { OptionsError } from "./options-error.ts";

export type OptionOrigin = "flag" | "environment" | "file" | "default";

/** The text of an option and where it comes from; no text where the default depends on the place. */
export interface OptionValue {
  readonly text: string | undefined;
  readonly origin: OptionOrigin;
}

export type OptionValues = Readonly<Record<OptionName, OptionValue>>;

/** The options of `attuned serve`, parsed and checked once. */
export interface Options {
  readonly listen: { readonly host: string; readonly port: number };
  readonly management: { readonly host: string; readonly port: number };
  readonly socket: string | undefined;
  readonly agentsRole: Role;
  /** Whether the role is admin because nobody said otherwise: worth a warning. */
  readonly isAgentsRoleAssumed: boolean;
  readonly allowedHosts: readonly string[];
  readonly tokensFile: string | undefined;
  readonly tokenKeysFile: string | undefined;
  readonly dataDir: string;
  /** Directory of operator files; undefined where none are read. */
  readonly configDir: string | undefined;
  /** The label that is served. */
  readonly label: string;
  readonly loopIntervalMs: number;
  /** Bytes of the outcome journal that are kept on disk. */
  readonly journalBytesMax: number;
  /** What `…_MODEL_…` variables set, for every model. */
  readonly environment: EnvironmentLayer;
  readonly logFormat: "text" | "json";
  readonly logLevel: LogLevel;
}

/** Where operator files are looked for unless an option says so; the seed keeps them there. */
const CONFIG_DIR_DEFAULT = "config/model_configs";

export interface OptionSources {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the options file. */
  readonly readFile: (path: string) => string;
}

/** Gathers every option's text: flags before environment before file before default. Errors: OptionsError. */
export async function gatherOptions(sources: OptionSources): Promise<OptionValues> {
  const flags = parseFlags(sources.argv);
  const configPath = flags.config ?? nonEmpty(sources.env[OPTION_TABLE.config.variable]);
  const file = configPath === undefined ? {} : await readOptions(configPath, sources.readFile);
  const values = OPTION_NAMES.map((name): [OptionName, OptionValue] => {
    const spec = OPTION_TABLE[name];
    const value = pick(
      flags[name],
      nonEmpty(sources.env[spec.variable]),
      file[spec.flag],
      "fallback" in spec ? spec.fallback : undefined,
    );
    const violation = value.text === undefined ? undefined : spec.violation(value.text);
    if (violation) {
      const where = {
        flag: `--${spec.flag}`,
        environment: spec.variable,
        file: `${spec.flag} in ${configPath}`,
        default: spec.flag,
      };
      throw new OptionsError(
        `${where[value.origin]} ${violation}, is ${JSON.stringify(value.text)}`,
      );
    }
    return [name, value];
  });
  return Object.fromEntries(values) as OptionValues;
}

/** Turns texts into values; terminal and environment decide what depends on the place. */
export function parseOptions(
  values: OptionValues,
  place: {
    readonly isTerminal: boolean;
    readonly env: Readonly<Record<string, string | undefined>>;
    /** Whether there is something at a path. */
    readonly exists: (path: string) => boolean;
  },
): Options {
  const text = (name: OptionName): string => values[name].text ?? "";
  const optionalPath = (name: OptionName) =>
    text(name) === "" ? undefined : expandPath(text(name));
  const listen = parseEndpoint(text("listen"));
  const management = parseEndpoint(text("management"));
  if (!listen || !management) throw new OptionsError("--listen and --management must be HOST:PORT");
  const assumed: Role =
    isLoopback(listen.host) && place.env["KUBERNETES_SERVICE_HOST"] === undefined
      ? "admin"
      : "report";
  return {
    listen,
    management,
    socket: optionalPath("socket"),
    agentsRole: (values.agentsRole.text as Role | undefined) ?? assumed,
    isAgentsRoleAssumed: values.agentsRole.text === undefined && assumed === "admin",
    allowedHosts: text("allowedHosts")
      .split(",")
      .map((host) => host.trim())
      .filter((host) => host !== ""),
    tokensFile: optionalPath("tokens"),
    tokenKeysFile: optionalPath("tokenKeys"),
    dataDir: expandPath(text("dataDir")),
    configDir:
      optionalPath("configDir") ??
      (place.exists(CONFIG_DIR_DEFAULT) ? CONFIG_DIR_DEFAULT : undefined),
    label: text("label"),
    loopIntervalMs: Number(text("loopInterval")) * 1000,
    journalBytesMax: Number(text("journalSize")) * MEBIBYTE,
    environment: parseEnvironment(place.env),
    logFormat:
      (values.logFormat.text as "text" | "json" | undefined) ??
      (place.isTerminal ? "text" : "json"),
    logLevel: text("logLevel") as LogLevel,
  };
}

/** The options as `attuned config print` shows them, one per line, with where each comes from. */
export function printOptions(values: OptionValues): string {
  const rows = OPTION_NAMES.map((name) => {
    const { text, origin } = values[name];
    return [OPTION_TABLE[name].flag, text ?? "(decided at start)", origin] as const;
  });
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  return rows
    .map(
      ([flag, text, origin]) => `${flag.padEnd(width(0))}  ${text.padEnd(width(1))}  ${origin}\n`,
    )
    .join("");
}

async function readOptions(
  path: string,
  readFile: (path: string) => string,
): Promise<Readonly<Record<string, string>>> {
  // Only with a file: the YAML parser takes megabytes of a daemon that needs none.
  const { parseOptionsFile } = await import("./options-file.ts");
  return parseOptionsFile(path, readFile);
}

function parseFlags(argv: readonly string[]): Partial<Record<OptionName, string>> {
  const options = Object.fromEntries(
    OPTION_NAMES.map((name) => [OPTION_TABLE[name].flag, { type: "string" as const }]),
  );
  let parsed: { values: Record<string, unknown> };
  try {
    parsed = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
  } catch (error) {
    const message = error instanceof Error ? error.message.split(". ")[0] : String(error);
    throw new OptionsError(`${message}; see attuned serve --help`);
  }
  return Object.fromEntries(
    OPTION_NAMES.map((name) => [
      name,
      parsed.values[OPTION_TABLE[name].flag] as string | undefined,
    ]),
  );
}

function pick(flag?: string, environment?: string, file?: string, fallback?: string): OptionValue {
  if (flag !== undefined) return { text: flag, origin: "flag" };
  if (environment !== undefined) return { text: environment, origin: "environment" };
  if (file !== undefined) return { text: file, origin: "file" };
  return { text: fallback, origin: "default" };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
