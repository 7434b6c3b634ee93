import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { Code, ConnectError, createConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { assert } from "../../domain/kernel/assert.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Platform } from "../../platform/platform.ts";
import { createId } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { FailureReporter } from "../errors.ts";
import { connectErrorFrom, connectErrorFromFault } from "../errors.ts";
import type { Admission } from "./admission.ts";
import {
  CALL_TIMEOUT_MS_MAX,
  JSON_OPTIONS,
  LISTENER_BOUNDS,
  REQUEST_BYTES_MAX,
  RESPONSE_BYTES_MAX,
} from "./bounds.ts";
import type { CallObserver } from "./call-report.ts";
import type { Door, TokenGrant } from "./caller.ts";
import { doorKey } from "./caller.ts";
import type { LaneAnswer } from "./carrier.ts";
import { createFaultInterceptor } from "./fault-interceptor.ts";
import type { GateOptions } from "./gate.ts";
import { createGate } from "./gate.ts";
import { withPlainGrpcMessage } from "./grpc-message.ts";
import type { HotCall } from "./hot-call.ts";
import { Lane } from "./lane.ts";
import type { ReadRequest } from "./lane-call.ts";
import type { NodeHandler, NodeRequest, NodeResponse, StreamHandler } from "./node-http.ts";
import { authorityOf, pathOf } from "./node-http.ts";
import { createRefusal, refuse } from "./refusal.ts";
import { discardRest, requestBody } from "./request-body.ts";
import { leastRole } from "./roles.ts";
import { answerWhole } from "./whole-call.ts";

export interface ConnectHandlerOptions {
  /** Registers the services. */
  readonly routes: (router: ConnectRouter) => void;
  /** Calls of these services that the fast lane answers where they are plain. */
  readonly hotCalls?: readonly HotCall[];
  readonly platform: Platform;
  /** Tokens that raise the role of a caller. */
  readonly grants?: readonly TokenGrant[];
  /** Takes every finished call. */
  readonly observe?: CallObserver;
  /** Run inside the conversion of faults, outermost first. */
  readonly interceptors?: readonly Interceptor[];
  /** Says when calls may pass; health and reflection always may. */
  readonly admission: Admission;
  /** How long the body of a call that does not stream may take over HTTP/2, in milliseconds. */
  readonly requestMs?: number;
  /** Largest message read, in bytes. */
  readonly requestBytesMax?: number;
}

/** Who calls from inside the process on behalf of whom. */
export interface InnerCall {
  /** Authorization header of the request that this call serves; undefined where it has none. */
  readonly authorization: string | undefined;
  readonly signal: AbortSignal;
}

/** The services over gRPC, gRPC-Web and Connect. */
export interface ConnectHandler {
  /** The request handler of one way in. */
  through(door: Door): NodeHandler;
  /** The fast lane of one way in: takes the plain hot calls over HTTP/2, and leaves every other to `through`. */
  streams(door: Door): StreamHandler;
  /**
   * A unary call from inside the process that passes everything a call from outside passes: admission, roles, metrics. Errors:
   * ConnectError with its details, as a client gets it.
   */
  call<I extends DescMessage, O extends DescMessage>(
    door: Door,
    method: DescMethodUnary<I, O>,
    message: MessageInitShape<I>,
    from: InnerCall,
  ): Promise<MessageShape<O>>;
}

/**
 * Serves the routes over gRPC, gRPC-Web and Connect, HTTP/1.1 and HTTP/2 alike. Every error answered carries
 * google.rpc.ErrorInfo. Asserts that the table of roles has a row for every method registered, and that every
 * hot call is registered.
 */
export function createConnectHandler(options: ConnectHandlerOptions): ConnectHandler {
  const { platform, observe = () => {}, hotCalls = [] } = options;
  const { requestMs = LISTENER_BOUNDS.requestMs, requestBytesMax = REQUEST_BYTES_MAX } = options;
  const { timers } = platform;
  const report = createFailureReporter(platform);
  const gate = gateOf(options, report);
  const handlers = createHandlers(options, gate, requestBytesMax);
  for (const { method } of hotCalls) {
    const path = `/${method.parent.typeName}/${method.name}`;
    assert(handlers.has(path), `the hot call ${path} is registered`);
  }
  const lane = new Lane({
    calls: hotCalls,
    ...{ gate, timers, requestMs, requestBytesMax },
    answerByConnect(request) {
      const handler = handlers.get(request.path);
      assert(handler !== undefined, "a hot call is registered");
      return answerRead(handler, request);
    },
  });
  return {
    streams: (door) => lane.streams(door),
    through: (door) => (request, response) => {
      if (lane.takes(door, request, response)) return;
      const handler = handlers.get(pathOf(request));
      if (handler === undefined) {
        observe({ ...UNKNOWN_CALL, door: door.name });
        refuse(request, response, unknownMethodError(request), 404);
        return;
      }
      answer(handler, { door, request, response, timers, requestMs }).catch((failure: unknown) => {
        // The answer could not be written: the caller went away, or the connection broke.
        platform.log.debug("answer not delivered", { method: handler.method.name, failure });
        if (!response.headersSent) refuse(request, response, connectErrorFrom(failure, report));
        else response.destroy();
      });
    },
    async call(door, method, message, from) {
      const path = `/${method.parent.typeName}/${method.name}`;
      const handler = handlers.get(path);
      assert(handler !== undefined, `${path} is registered`);
      const header = new Headers({ "content-type": "application/proto" });
      if (from.authorization !== undefined) header.set("authorization", from.authorization);
      const { status, body } = await answerWhole(handler, {
        ...{ door, path, header, signal: from.signal },
        httpVersion: "1.1",
        body: toBinary(method.input, create(method.input, message)),
      });
      if (status === 200) return fromBinary(method.output, body);
      throw errorFromJsonBytes(body, undefined, new ConnectError("the call failed", Code.Unknown));
    },
  };
}

function gateOf(
  { admission, platform, grants = [], observe = () => {} }: ConnectHandlerOptions,
  report: FailureReporter,
): GateOptions {
  return {
    grants,
    closed: admission.closed,
    whenDraining: (end) => admission.whenDraining(end),
    monotonicMs: () => platform.clock.monotonicMs(),
    observe: (call) => {
      observe(call);
      platform.log.debug("call", { ...call });
    },
    report,
  };
}

/** Connect's handlers by the path of their method. */
function createHandlers(
  options: ConnectHandlerOptions,
  gate: GateOptions,
  requestBytesMax: number,
): ReadonlyMap<string, UniversalHandler> {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip],
    // Callers are mostly on the same machine, where compressing costs more than it saves, unless the message is large.
    compressMinBytes: 32 * 1024,
    jsonOptions: JSON_OPTIONS,
    readMaxBytes: requestBytesMax,
    writeMaxBytes: RESPONSE_BYTES_MAX,
    maxTimeoutMs: CALL_TIMEOUT_MS_MAX,
    interceptors: [createFaultInterceptor(gate.report), ...(options.interceptors ?? [])],
    requestGate: createGate(gate),
  });
  options.routes(router);
  const handlers = new Map<string, UniversalHandler>();
  for (const handler of router.handlers) {
    const { service, method } = handler;
    const row = leastRole(service.typeName, method.name);
    assert(row !== undefined, `the table of roles lacks ${service.typeName}/${method.name}`);
    handlers.set(handler.requestPath, handler);
  }
  return handlers;
}

/** How Connect answers what the lane hands on. */
async function answerRead(
  handler: UniversalHandler,
  { door, path, carrier, body }: ReadRequest,
): Promise<LaneAnswer> {
  const header = new Headers();
  for (const [name, value] of Object.entries(carrier.headers)) {
    if (!name.startsWith(":") && value !== undefined) header.set(name, String(value));
  }
  const { httpVersion } = carrier;
  const { signal } = new AbortController();
  const bytes = new Uint8Array(body);
  const answered = await answerWhole(handler, {
    ...{ door, path, httpVersion, header, signal },
    body: bytes,
  });
  const { status, trailer } = answered;
  return {
    status,
    headers: Object.fromEntries(answered.header),
    body: answered.body.length === 0 ? undefined : answered.body,
    ...(trailer === undefined ? {} : { trailers: Object.fromEntries(trailer) }),
  };
}

interface Exchange {
  readonly door: Door;
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  readonly timers: Timers;
  readonly requestMs: number;
}

async function answer(handler: UniversalHandler, exchange: Exchange): Promise<void> {
  const { door, request, response, timers, requestMs } = exchange;
  discardRest(request, response);
  // On a Unix socket a caller may leave the name out or send anything; nothing looks at it there.
  const authority = authorityOf(request);
  if (authority === undefined || !URL.canParse(`http://${authority}`))
    request.headers["stream" in request ? ":authority" : "host"] = "localhost";
  const values = createContextValues().set(doorKey, door);
  const universal = universalRequestFromNodeRequest(request, response, undefined, values);
  const { methodKind } = handler.method;
  const whole = methodKind === "unary" || methodKind === "server_streaming";
  const body = requestBody(request, { timers, withinMs: whole ? requestMs : undefined });
  const answered = await handler({ ...universal, body });
  await universalResponseToNodeResponse(explained(answered, handler, request), response);
}

/** Corrects the message of gRPC errors, and gives the answers that Connect leaves without a body (405, 415, 505) one that says what to do. */
function explained(
  answered: UniversalServerResponse,
  handler: UniversalHandler,
  request: NodeRequest,
): UniversalServerResponse {
  const { body, trailer } = answered;
  if (body !== undefined && trailer !== undefined) {
    return { ...answered, body: withPlainGrpcMessage(body, trailer) };
  }
  if (answered.status === 200 || body !== undefined) return answered;
  const fault = new Fault("REQUEST_MALFORMED", mismatch(answered.status, handler, request));
  const error = connectErrorFromFault(fault);
  const refusal = createRefusal(undefined, error, answered.status);
  const header = new Headers(answered.header);
  for (const [name, value] of Object.entries(refusal.headers)) header.set(name, value);
  return { status: answered.status, header, body: once(refusal.body) };
}

function mismatch(status: number, handler: UniversalHandler, request: NodeRequest): string {
  const { name } = handler.method;
  switch (status) {
    case 405:
      return `${name} takes ${handler.allowedMethods.join(" or ")}, not ${request.method}`;
    case 415: {
      const contentType = JSON.stringify(request.headers["content-type"] ?? "");
      return `${name} does not take the content type ${contentType}; send application/json, application/proto or gRPC`;
    }
    default:
      return `${name} streams in both directions, which takes HTTP/2`;
  }
}

async function* once<T>(bytes: T): AsyncGenerator<T> {
  yield bytes;
}

const UNKNOWN_CALL = {
  service: "unknown",
  method: "unknown",
  code: "UNIMPLEMENTED",
  seconds: 0,
  protocol: "unknown",
  caller: "",
} as const;

function unknownMethodError(request: NodeRequest): ConnectError {
  const path = pathOf(request).slice(0, 200);
  return connectErrorFromFault(
    new Fault(
      "METHOD_UNKNOWN",
      `this daemon has no method ${JSON.stringify(path)}; paths read /attuned.v1.ConfigService/ResolveConfig`,
      { metadata: { path } },
    ),
  );
}

function createFailureReporter(platform: Platform): FailureReporter {
  return (failure) => {
    const requestId = createId(platform.random, "req");
    platform.log.error("call failed", { requestId, failure });
    return requestId;
  };
}
