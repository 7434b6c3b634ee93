import { homedir } from "node:os";
import { HEAD_LABEL } from "../domain/config/registry.ts";
import { labelViolation } from "../domain/config/version.ts";
import { JOURNAL_BYTES_DEFAULT, JOURNAL_BYTES_MIN } from "../domain/kernel/limits.ts";
import { LOG_LEVELS } from "../platform/log.ts";
import { ROLES } from "../rpc/server/roles.ts";

/** One knob: its flag, its variable, what it means and how its text is read. */
export interface OptionSpec {
  /** Flag without dashes; the key in the options file. */
  readonly flag: string;
  readonly variable: string;
  readonly summary: string;
  /** What its value looks like, for help. */
  readonly valueName: string;
  /** Text of the default; undefined where there is none or it depends on the place. */
  readonly fallback?: string;
  /** What is wrong with a text, in words; undefined where nothing is. */
  readonly violation: (text: string) => string | undefined;
}

export const MEBIBYTE = 1024 * 1024;

const anything = () => undefined;

/** Every option of `attuned serve`, in the order of help. */
export const OPTION_TABLE = {
  listen: option(
    "listen",
    "HOST:PORT",
    "where agents call; port 0 takes a free one",
    endpointViolation,
    "127.0.0.1:8713",
  ),
  management: option(
    "management",
    "HOST:PORT",
    "where /metrics, /healthz and /readyz are",
    endpointViolation,
    "127.0.0.1:8714",
  ),
  socket: option("socket", "PATH", "Unix socket for agents", anything),
  agentsRole: option(
    "agents-role",
    ROLES.join("|"),
    "what agents may do without a token; admin on loopback outside Kubernetes, else report",
    oneOf(ROLES),
  ),
  allowedHosts: option(
    "allowed-hosts",
    "NAME,NAME",
    "names beside IP addresses and localhost that callers may know the daemon by",
    anything,
    "",
  ),
  tokens: option(
    "tokens",
    "FILE",
    "YAML list of {name, role, sha256}: callers with more rights",
    anything,
  ),
  tokenKeys: option(
    "token-keys",
    "FILE",
    "keys that decision tokens are sealed with; made in the data directory where absent",
    anything,
  ),
  dataDir: option("data-dir", "PATH", "directory of the store", anything, "./data"),
  configDir: option(
    "config-dir",
    "PATH",
    "directory of operator files, watched; config/model_configs where that is there",
    anything,
  ),
  label: option(
    "label",
    "NAME",
    "label whose saved versions are served; head is the newest write",
    (text) => (text === HEAD_LABEL ? undefined : labelViolation(text)),
    HEAD_LABEL,
  ),
  config: option("config", "FILE", "YAML file of these options", anything),
  loopInterval: option(
    "loop-interval",
    "SECONDS",
    "between two passes of the loop, 0.1 to 86400",
    secondsViolation,
    "10",
  ),
  journalSize: option(
    "journal-size",
    "MIB",
    "disk that raw outcomes of the last day may take, 16 to 1048576",
    mebibytesViolation,
    String(JOURNAL_BYTES_DEFAULT / MEBIBYTE),
  ),
  logFormat: option(
    "log-format",
    "text|json",
    "text on a terminal, else json",
    oneOf(["text", "json"]),
  ),
  logLevel: option(
    "log-level",
    LOG_LEVELS.join("|"),
    "least level that is logged",
    oneOf(LOG_LEVELS),
    "info",
  ),
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof OPTION_TABLE;
export const OPTION_NAMES = Object.keys(OPTION_TABLE) as OptionName[];

/** Splits HOST:PORT; an IPv6 address stands in brackets. Undefined where the text is neither. */
export function parseEndpoint(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** A path with a leading ~ for the home directory. */
export function expandPath(path: string): string {
  return path.startsWith("~/") ? `${homedir()}${path.slice(1)}` : path;
}

function option(
  flag: string,
  valueName: string,
  summary: string,
  violation: OptionSpec["violation"],
  fallback?: string,
): OptionSpec {
  const variable = `ATTUNED_${flag.replaceAll("-", "_").toUpperCase()}`;
  return {
    flag,
    variable,
    summary,
    valueName,
    violation,
    ...(fallback === undefined ? {} : { fallback }),
  };
}

function endpointViolation(text: string): string | undefined {
  return parseEndpoint(text) ? undefined : "must be HOST:PORT, for example 127.0.0.1:8713";
}

function secondsViolation(text: string): string | undefined {
  const seconds = Number(text);
  return seconds >= 0.1 && seconds <= 86_400
    ? undefined
    : "must be a number of seconds from 0.1 to 86400";
}

function mebibytesViolation(text: string): string | undefined {
  const mebibytes = Number(text);
  const min = JOURNAL_BYTES_MIN / MEBIBYTE;
  return Number.isInteger(mebibytes) && mebibytes >= min && mebibytes <= MEBIBYTE
    ? undefined
    : `must be a whole number of mebibytes from ${min} to ${MEBIBYTE}`;
}

function oneOf(choices: readonly string[]): OptionSpec["violation"] {
  return (text) => (choices.includes(text) ? undefined : `must be one of ${choices.join(", ")}`);
}
