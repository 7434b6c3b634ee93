export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: a constant message plus fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** Takes one line, with its newline. */
  readonly write: (line: string) => void;
  readonly nowMs: () => number;
}

export function createLog(options: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(options.level);
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(level) < least) return;
      const time = new Date(options.nowMs()).toISOString();
      options.write(
        options.format === "json"
          ? `${JSON.stringify({ time, level, msg: message, ...plainFields(fields) })}\n`
          : `${time} ${level.padEnd(5)} ${message}${textFields(fields)}\n`,
      );
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Swallows everything: for tests and tools that have nobody to tell. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

function plainFields(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
}

function textFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([key, value]) => {
      const shown = plain(value);
      return ` ${key}=${typeof shown === "string" && !/[\s"]/.test(shown) ? shown : JSON.stringify(shown)}`;
    })
    .join("");
}

function plain(value: unknown): unknown {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? "" : ` (cause: ${String(value.cause)})`;
    return `${value.stack ?? value.message}${cause}`;
  }
  return typeof value === "bigint" ? value.toString() : value;
}
