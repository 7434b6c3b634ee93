import type {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Log } from "../platform/log.ts";
import type { HealthState } from "./health.ts";

/** What an instrumentation library renders for a scrape. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/** One thing that readiness looks at. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** In words, for a person. */
  readonly detail: string;
}

export interface ManagementOptions {
  readonly health: HealthState;
  readonly metrics: () => Promise<MetricsPage>;
  /** Further checks: the daemon is ready when it serves and all of them are ok. */
  readonly checks?: () => readonly ReadinessCheck[];
  /** Takes calls of RPCs, which here is the health service. */
  readonly rpc: (request: ManagementRequest, response: ManagementResponse) => void;
  readonly log: Log;
}

export type ManagementRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
export type ManagementResponse = Parameters<typeof universalResponseToNodeResponse>[1];

const PATHS = ["/metrics", "/healthz", "/readyz"];

/**
 * What operators and their machines ask: `/metrics`, `/healthz` (the event loop turns), `/readyz` (503 while starting or
 * draining; `?verbose` lists the checks), and the health service of gRPC. Nothing here changes anything.
 */
export function createManagementHandler(
  options: ManagementOptions,
): (request: ManagementRequest, response: ManagementResponse) => void {
  let rendering: Promise<MetricsPage> | undefined;
  /** Scrapes that overlap share one rendering: a scrape may cost milliseconds of the event loop. */
  const renderOnce = () => {
    rendering ??= options.metrics().finally(() => {
      rendering = undefined;
    });
    return rendering;
  };
  return (request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    if (
      path.startsWith("/grpc.") ||
      request.headers["content-type"]?.startsWith("application/grpc")
    ) {
      options.rpc(request, response);
      return;
    }
    const page = (status: number, contentType: string, body: string) =>
      send(request, response, { status, contentType, body });
    if (!PATHS.includes(path)) {
      page(404, TEXT, `not found; this port serves ${PATHS.join(", ")} and grpc.health.v1\n`);
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      page(405, TEXT, `${path} takes GET\n`);
      return;
    }
    switch (path) {
      case "/metrics":
        renderOnce().then(
          ({ contentType, body }) => page(200, contentType, body),
          (failure: unknown) => {
            options.log.error("metrics not rendered", { failure });
            page(500, TEXT, "the metrics could not be rendered; the log has the details\n");
          },
        );
        return;
      case "/healthz":
        page(200, JSON_TYPE, '{"status":"alive"}\n');
        return;
      default: {
        const ready = readiness(options);
        const verbose = new URLSearchParams(query).has("verbose");
        const shown = verbose ? ready : { status: ready.status, reason: ready.reason };
        page(ready.status === "ready" ? 200 : 503, JSON_TYPE, `${JSON.stringify(shown)}\n`);
      }
    }
  };
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

interface Readiness {
  readonly status: "ready" | "not ready";
  /** Why not; absent where ready. */
  readonly reason?: string | undefined;
  readonly checks: readonly ReadinessCheck[];
}

const PHASE_DETAIL = {
  starting: "the daemon is starting",
  serving: "the daemon serves",
  draining: "the daemon is going down",
} as const;

function readiness(options: ManagementOptions): Readiness {
  const phase = options.health.phase();
  const serving = { name: "serving", ok: phase === "serving", detail: PHASE_DETAIL[phase] };
  const checks = [serving, ...(options.checks?.() ?? [])];
  const failed = checks.filter((check) => !check.ok);
  if (failed.length === 0) return { status: "ready", checks };
  const reason = failed.map((check) => check.detail).join("; ");
  return { status: "not ready", reason, checks };
}

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

function send(request: ManagementRequest, response: ManagementResponse, page: Page): void {
  const body = Buffer.from(page.body);
  response.writeHead(page.status, {
    "content-type": page.contentType,
    "content-length": body.byteLength,
    "cache-control": "no-store",
  });
  if (request.method === "HEAD") response.end();
  else response.end(body);
}
