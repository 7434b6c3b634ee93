import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import type {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { Fault } from "../domain/kernel/fault.ts";
import { FAULT_STATUS } from "../domain/kernel/fault-reason.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import type { Log } from "../platform/log.ts";
import { type Endpoint, SEED_ENDPOINTS, type ServiceCall } from "./seed-endpoints.ts";
import { checkNames, type Input } from "./seed-input.ts";

export type RouteRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
export type RouteResponse = Parameters<typeof universalResponseToNodeResponse>[1];

/** Who asks: what a call to a service needs of the request. */
export interface Asker {
  readonly authorization: string | undefined;
  readonly signal: AbortSignal;
}

export interface SeedRoutesOptions {
  /** A way to the services that checks roles and admission for whoever asks. */
  readonly callAs: (asker: Asker) => ServiceCall;
  readonly log: Log;
}

/** Bytes of a body: far above any config. */
const BODY_BYTES_MAX = 256 * 1024;

/** Whether a path belongs to the routes of the seed. */
export function isSeedRoute(path: string): boolean {
  return path === "/config" || path.startsWith("/config/");
}

/**
 * The HTTP/JSON routes of the seed: JSON in and out, snake_case, errors as `{"error": {code, reason, message, violations}}` with the
 * status of HTTP that fits.
 */
export function createSeedRoutes(
  options: SeedRoutesOptions,
): (request: RouteRequest, response: RouteResponse) => void {
  return (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    answer(request, options, gone.signal).then(
      (json) => send(response, { status: 200, json }),
      (failure: unknown) => {
        if (gone.signal.aborted) return;
        // Whatever services throw was converted on the way; the rest is ours.
        if (!(failure instanceof RouteError)) options.log.error("route failed", { failure });
        send(response, failure instanceof RouteError ? failure.answer : OUR_FAULT);
      },
    );
  };
}

interface Answer {
  readonly status: number;
  readonly json: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

class RouteError extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super("refused");
    this.answer = answer;
  }
}

const OUR_FAULT: Answer = {
  status: 500,
  json: errorJson({
    code: "INTERNAL",
    reason: "INTERNAL",
    message: "the daemon failed to answer; its log has the details",
    violations: [],
  }),
};

async function answer(
  request: RouteRequest,
  options: SeedRoutesOptions,
  signal: AbortSignal,
): Promise<JsonObject> {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const endpoint = SEED_ENDPOINTS[path];
  if (endpoint === undefined) {
    request.resume();
    const known = Object.keys(SEED_ENDPOINTS).join(", ");
    throw refusal(404, "UNIMPLEMENTED", "METHOD_UNKNOWN", `no such route; there are ${known}`);
  }
  const isRead = request.method === "HEAD" && endpoint.method === "GET";
  if (request.method !== endpoint.method && !isRead) {
    request.resume();
    throw refusal(
      405,
      "UNIMPLEMENTED",
      "METHOD_UNKNOWN",
      `${path} takes ${endpoint.method}, not ${request.method}`,
      { allow: endpoint.method === "GET" ? "GET, HEAD" : "POST" },
    );
  }
  const { authorization } = request.headers;
  const call = options.callAs({ authorization, signal });
  try {
    const input = await inputOf(endpoint, request, query);
    checkNames(input, endpoint.names);
    return await endpoint.answer(input, call);
  } catch (failure) {
    throw routeError(failure);
  }
}

async function inputOf(endpoint: Endpoint, request: RouteRequest, query: string): Promise<Input> {
  if (endpoint.method === "GET") {
    request.resume();
    return Object.fromEntries(new URLSearchParams(query));
  }
  const contentType = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(contentType)) {
    request.resume();
    throw refusal(415, "INVALID_ARGUMENT", "REQUEST_MALFORMED", "send application/json");
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.byteLength;
    if (size <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  if (size > BODY_BYTES_MAX) {
    const message = `the body has ${size} bytes; at most ${BODY_BYTES_MAX} are read`;
    throw refusal(413, "RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE", message);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  let json: JsonValue;
  try {
    json = JSON.parse(text === "" ? "{}" : text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault("REQUEST_MALFORMED", `the body is not JSON: ${why}`);
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  throw new Fault("REQUEST_MALFORMED", "the body must be a JSON object");
}

/** What a service or the reading of the request threw, as an answer. What is neither stays as it is. */
function routeError(failure: unknown): unknown {
  if (failure instanceof Fault) {
    const { reason, message, detail } = failure;
    const code = FAULT_STATUS[reason];
    const violations = detail.violations ?? [];
    return new RouteError({ status: 400, json: errorJson({ code, reason, message, violations }) });
  }
  if (!(failure instanceof ConnectError)) return failure;
  const info = failure.findDetails(ErrorInfoSchema)[0];
  const violations = [
    ...failure
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) =>
        fieldViolations.map(({ field, description }) => ({ field, message: description })),
      ),
    ...failure.findDetails(PreconditionFailureSchema).flatMap((detail) =>
      detail.violations.map(({ subject, description }) => ({
        field: subject,
        message: description,
      })),
    ),
  ];
  const retry = failure.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const code = Code[failure.code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  const json = errorJson({
    code: code === "CANCELED" ? "CANCELLED" : code,
    reason: info?.reason ?? code,
    message: failure.rawMessage,
    violations,
    ...(info && Object.keys(info.metadata).length > 0 ? { metadata: info.metadata } : {}),
  });
  return new RouteError({
    status: codeToHttpStatus(failure.code),
    json,
    ...(retry ? { headers: { "retry-after": String(Math.max(1, Number(retry.seconds))) } } : {}),
  });
}

function refusal(
  status: number,
  code: string,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RouteError {
  return new RouteError({
    status,
    headers,
    json: errorJson({ code, reason, message, violations: [] }),
  });
}

function errorJson(error: {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly violations: readonly { readonly field: string; readonly message: string }[];
  readonly metadata?: Readonly<Record<string, string>>;
}): JsonObject {
  const { violations, metadata, ...head } = error;
  return {
    error: {
      ...head,
      violations: violations.map(({ field, message }) => ({ field, message })),
      ...(metadata ? { metadata: { ...metadata } } : {}),
    },
  };
}

function send(response: RouteResponse, { status, json, headers = {} }: Answer): void {
  const body = Buffer.from(JSON.stringify(json));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.byteLength,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(body);
}
