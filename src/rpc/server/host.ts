import { isIP } from "node:net";
import { Fault } from "../../domain/kernel/fault.ts";
import { connectErrorFromFault } from "../errors.ts";
import type { NodeHandler, StreamHandler } from "./node-http.ts";
import { authorityOf } from "./node-http.ts";
import { refuse } from "./refusal.ts";

/**
 * Which names a caller may know the daemon by.
 *
 * A page of a hostile site can point its own name at 127.0.0.1 and then talk to every local port as if it were that site (DNS
 * rebinding). Its requests still carry the site's name, so a name that nobody gave this daemon is refused. An IP address
 * cannot be rebound. A browser names the page it acts for in Origin: that must be the daemon itself or one of its names.
 */
export interface HostRule {
  /** Whether the value of Host or :authority names this daemon. */
  readonly allowsHost: (authority: string | undefined) => boolean;
  /** Whether a page of this origin may call a daemon that the request knows by `authority`. */
  readonly allowsOrigin: (origin: string, authority: string | undefined) => boolean;
}

export interface HostRuleOptions {
  /** Names beside IP addresses and localhost: `attuned.agents.svc`, `*.example.com`, or `*` for every name. */
  readonly allowedHosts: readonly string[];
  /** Name of this machine. */
  readonly hostName: string;
}

export function createHostRule(options: HostRuleOptions): HostRule {
  const allowed = options.allowedHosts.map((host) => hostOf(host) ?? host.toLowerCase());
  const everyName = allowed.includes("*");
  const suffixes = allowed.filter((host) => host.startsWith("*.")).map((host) => host.slice(1));
  const names = new Set([...allowed, "localhost", options.hostName.toLowerCase()]);
  const known = (host: string) =>
    everyName || names.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
  return {
    allowsHost(authority) {
      const host = hostOf(authority);
      return host === undefined ? everyName : isIP(host) !== 0 || known(host);
    },
    allowsOrigin(origin, authority) {
      const scheme = /^https?:\/\/([^/]*)$/.exec(origin);
      const host = hostOf(scheme?.[1]);
      if (host === undefined) return everyName;
      return host === hostOf(authority) || isLoopback(host) || known(host);
    },
  };
}

/** Lets requests through to `handler` whose Host and Origin the rule allows, and answers the others HOST_NOT_ALLOWED. */
export function guardHost(
  rule: HostRule,
  handler: NodeHandler,
  refused: (host: string) => void = () => {},
): NodeHandler {
  return (request, response) => {
    const authority = authorityOf(request);
    const { origin } = request.headers;
    if (allows(rule, authority, origin)) {
      handler(request, response);
      return;
    }
    const hostRefused = !rule.allowsHost(authority);
    const name = (hostRefused ? authority : origin) ?? "";
    refused(name);
    const fault = new Fault(
      "HOST_NOT_ALLOWED",
      `this daemon does not answer ${hostRefused ? "to the name" : "pages of"} ${JSON.stringify(name)}; ` +
        "use its IP address or localhost, or add the name to --allowed-hosts",
      { metadata: { [hostRefused ? "host" : "origin"]: name } },
    );
    refuse(request, response, connectErrorFromFault(fault), 403);
  };
}

/** Lets streams through to `handler` that the rule allows, and leaves the others to whoever refuses them. */
export function guardStreams(rule: HostRule, handler: StreamHandler): StreamHandler {
  return (stream, headers) =>
    allows(rule, headers[":authority"], headers.origin) && handler(stream, headers);
}

function allows(
  rule: HostRule,
  authority: string | undefined,
  origin: string | undefined,
): boolean {
  return (
    rule.allowsHost(authority) && (origin === undefined || rule.allowsOrigin(origin, authority))
  );
}

/** The host of `host`, `host:port`, `[v6]` or `[v6]:port` in lower case without a final dot; undefined for anything else. */
export function hostOf(authority: string | undefined): string | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/?#@[\]]+))(?::\d{0,5})?$/.exec(authority ?? "");
  const host = parts?.[1] ?? parts?.[2];
  return host?.toLowerCase().replace(/\.$/, "");
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
