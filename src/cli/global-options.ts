import type { OptionSpec } from "./command.ts";
import { DEFAULT_ADDRESS } from "./daemon/address.ts";

/** Options that every command takes. */
export const GLOBAL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  address: {
    type: "text",
    value: "ADDRESS",
    help: `the daemon: http://HOST:PORT or unix:/PATH (ATTUNED_ADDRESS; default ${DEFAULT_ADDRESS})`,
  },
  output: {
    type: "text",
    short: "o",
    value: "FORMAT",
    choices: ["table", "json"],
    help: "table for people (default), json for programs",
  },
  timeout: { type: "text", value: "SECONDS", help: "how long a call may take (default 10)" },
  token: {
    type: "text",
    value: "TOKEN",
    help: "sent as bearer token (better: ATTUNED_TOKEN, which other users cannot see)",
  },
  help: { type: "flag", short: "h", help: "show the help of the command" },
};
