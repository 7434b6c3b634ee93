import { UsageError } from "../failure.ts";

/** Where the daemon listens unless it is told otherwise. */
export const DEFAULT_ADDRESS = "http://127.0.0.1:8713";

/** Where to connect: an HTTP origin, or a Unix socket. */
export type Target =
  | { readonly kind: "http"; readonly baseUrl: string }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Reads an address: `http://host:port`, `https://…`, `host:port` or `unix:/path`. UsageError on anything else.
 */
export function parseAddress(address: string): Target {
  if (address.startsWith("unix:")) {
    const path = address.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    if (path !== "") return { kind: "unix", path };
  } else {
    const text = address.includes("://") ? address : `http://${address}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== "") {
      return { kind: "http", baseUrl: url.origin + url.pathname.replace(/\/$/, "") };
    }
  }
  throw new UsageError(
    `--address takes http://HOST:PORT or unix:/PATH, not "${address}" (default ${DEFAULT_ADDRESS})`,
  );
}
