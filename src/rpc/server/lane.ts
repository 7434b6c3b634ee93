import { Code, ConnectError } from "@connectrpc/connect";
import type { Timers } from "../../platform/timers.ts";
import { completeConnectError, connectErrorFrom, statusName } from "../errors.ts";
import type { Caller, Door } from "./caller.ts";
import { identifyCaller } from "./caller.ts";
import type { Carrier, LaneAnswer } from "./carrier.ts";
import { http1Carrier, http2Carrier } from "./carrier.ts";
import type { GateOptions } from "./gate.ts";
import { checkPassage } from "./gate.ts";
import type { Frame, HotCall } from "./hot-call.ts";
import type { LaneForm } from "./lane-form.ts";
import {
  bodyBytesMax,
  declaredBytes,
  errorAnswer,
  messageOf,
  plainForm,
  successAnswer,
} from "./lane-form.ts";
import type { NodeRequest, NodeResponse, StreamHandler } from "./node-http.ts";

export interface LaneOptions {
  readonly calls: readonly HotCall[];
  readonly gate: GateOptions;
  readonly timers: Timers;
  /** How long a body may take over HTTP/2, in milliseconds. */
  readonly requestMs: number;
  /** Largest message read, in bytes. */
  readonly requestBytesMax: number;
  /** Answers a request whose body was read as Connect answers it. */
  readonly answerByConnect: (request: ReadRequest) => Promise<LaneAnswer>;
}

/** A request whose body was read, whole or up to where it is too long. */
export interface ReadRequest {
  readonly door: Door;
  readonly path: string;
  readonly carrier: Carrier;
  readonly body: Buffer;
}

/**
 * The fast lane: answers the hot calls in their plain form on the stream itself, for an eighth of what Connect costs. It says nothing
 * that Connect would not say:
 *
 * - What is not plain in the headers, and what the gate refuses, it does not take: Connect answers, and counts it.
 * - What is not plain in the body, such as a message that cannot be read, it hands on with the bytes: Connect answers, and counts it.
 * - The rest passes the functions of the gate and of the services that Connect's calls pass, and is counted by the same observer.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #calls: ReadonlyMap<string, HotCall>;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#calls = new Map(
      options.calls.map((call) => [`/${call.method.parent.typeName}/${call.method.name}`, call]),
    );
  }

  /** The lane of one way in, for HTTP/2. */
  streams(door: Door): StreamHandler {
    return (stream, headers) =>
      headers[":method"] === "POST" &&
      this.#take(door, headers[":path"] ?? "", () => http2Carrier(stream, headers));
  }

  /** Takes a request over HTTP/1.1, or answers false and leaves it as it found it. */
  takes(door: Door, request: NodeRequest, response: NodeResponse): boolean {
    return (
      !("stream" in request) &&
      request.method === "POST" &&
      this.#take(door, request.url ?? "", () => http1Carrier(request, response))
    );
  }

  #take(door: Door, path: string, carrierOf: () => Carrier): boolean {
    const call = this.#calls.get(path);
    if (call === undefined) return false;
    const carrier = carrierOf();
    const { headers, httpVersion } = carrier;
    const form = plainForm(headers);
    if (form === undefined || (form.protocol === "grpc" && httpVersion === "1.1")) return false;
    if (Number(headers["content-length"] ?? 0) > bodyBytesMax(form, this.#options.requestBytesMax))
      return false;
    const caller = this.#admitted(door, headers.authorization, call);
    if (caller === undefined) return false;
    new LaneCall(this.#options, { door, path, carrier, call, form, caller }).begin();
    return true;
  }

  #admitted(
    door: Door,
    authorization: string | undefined,
    { method }: HotCall,
  ): Caller | undefined {
    const { gate } = this.#options;
    try {
      const caller = identifyCaller(door, authorization ?? null, gate.grants);
      checkPassage(caller, { service: method.parent.typeName, method: method.name }, gate);
      return caller;
    } catch {
      return undefined;
    }
  }
}

interface Taken {
  readonly door: Door;
  readonly path: string;
  readonly carrier: Carrier;
  readonly call: HotCall;
  readonly form: LaneForm;
  readonly caller: Caller;
}

/** One call on the lane, from its headers to its answer. */
class LaneCall {
  readonly #options: LaneOptions;
  readonly #taken: Taken;
  readonly #startedMs: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** Reading the body, waiting for the answer, answered or gone. */
  #stage: "reading" | "waiting" | "over" = "reading";
  #cancelTimer = () => {};

  constructor(options: LaneOptions, taken: Taken) {
    this.#options = options;
    this.#taken = taken;
    this.#startedMs = options.gate.monotonicMs();
  }

  begin(): void {
    const { carrier } = this.#taken;
    const { timers, requestMs } = this.#options;
    // HTTP/1.1 has its own clock for bodies.
    if (carrier.httpVersion === "2.0")
      this.#cancelTimer = timers.after(requestMs, () => carrier.cancel());
    // A reset is an error of the stream too; its close is what counts.
    carrier.source.on("error", () => {});
    carrier.source.on("data", this.#onData);
    carrier.source.on("end", this.#onEnd);
    carrier.onClose(() => {
      if (this.#stage !== "over") this.#finish("CANCELLED");
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const { form, carrier } = this.#taken;
    const start = this.#chunks[0] ?? chunk;
    const bytes = Math.max(this.#size, declaredBytes(form, start));
    if (bytes <= bodyBytesMax(form, this.#options.requestBytesMax)) return;
    carrier.source.off("data", this.#onData);
    carrier.source.off("end", this.#onEnd);
    carrier.source.pause();
    this.#handOn((answer) => carrier.sendEarly(answer));
  };

  readonly #onEnd = (): void => {
    const { carrier, form, call } = this.#taken;
    if (this.#stage !== "reading" || !carrier.isWhole) return;
    const message = messageOf(form, this.#body());
    let carryOut: (() => Frame | Promise<Frame>) | undefined;
    try {
      carryOut = message && call.read(message, form.format);
    } catch {
      // Connect fails in the same way and says why.
    }
    if (carryOut === undefined) {
      this.#handOn((answer) => carrier.send(answer));
      return;
    }
    this.#stage = "waiting";
    this.#cancelTimer();
    this.#carryOut(carryOut);
  };

  #carryOut(carryOut: () => Frame | Promise<Frame>): void {
    const { timeoutMs } = this.#taken.form;
    const leftMs =
      timeoutMs === undefined
        ? undefined
        : this.#startedMs + timeoutMs - this.#options.gate.monotonicMs();
    if (leftMs !== undefined && leftMs <= 0) {
      this.#fail(deadlineError());
      return;
    }
    try {
      const frame = carryOut();
      if (Buffer.isBuffer(frame)) {
        this.#succeed(frame);
        return;
      }
      if (leftMs !== undefined) {
        const { timers } = this.#options;
        this.#cancelTimer = timers.after(leftMs, () => this.#fail(deadlineError()));
      }
      frame.then(
        (late) => this.#succeed(late),
        (failure: unknown) => this.#fail(failure),
      );
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #succeed(frame: Frame): void {
    if (this.#stage === "over") return;
    this.#finish("OK");
    this.#taken.carrier.send(successAnswer(this.#taken.form, frame));
  }

  #fail(failure: unknown): void {
    if (this.#stage === "over") return;
    const error = connectErrorFrom(failure, this.#options.gate.report);
    completeConnectError(error);
    this.#finish(statusName(error.code));
    this.#taken.carrier.send(errorAnswer(this.#taken.form, error));
  }

  /** Lets Connect answer: nothing was carried out, and its gate counts the call. */
  #handOn(send: (answer: LaneAnswer) => void): void {
    const { door, path, carrier } = this.#taken;
    this.#stage = "over";
    this.#cancelTimer();
    this.#options.answerByConnect({ door, path, carrier, body: this.#body() }).then(send, () => {
      carrier.cancel();
    });
  }

  #finish(code: string): void {
    const { door, call, form, caller } = this.#taken;
    const { gate } = this.#options;
    this.#stage = "over";
    this.#cancelTimer();
    gate.observe({
      service: call.method.parent.typeName,
      method: call.method.name,
      code,
      seconds: (gate.monotonicMs() - this.#startedMs) / 1000,
      protocol: form.protocol,
      door: door.name,
      caller: caller.name,
    });
  }

  #body(): Buffer {
    const [only] = this.#chunks;
    return this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
  }
}

/** What Connect says when a deadline passes. */
function deadlineError(): ConnectError {
  return new ConnectError("the operation timed out", Code.DeadlineExceeded);
}
