import { Code, ConnectError } from "@connectrpc/connect";
import { assert } from "../../domain/kernel/assert.ts";
import type { Timers } from "../../platform/timers.ts";
import { completeConnectError, connectErrorFrom, statusName } from "../errors.ts";
import type { Caller, Door } from "./caller.ts";
import type { Carrier, LaneAnswer } from "./carrier.ts";
import type { GateOptions } from "./gate.ts";
import type { CarryOut, Frame, FrameSource, HotCall } from "./hot-call.ts";
import type { LaneForm } from "./lane-form.ts";
import {
  bodyBytesMax,
  declaredBytes,
  errorAnswer,
  GRPC_HEADERS,
  messageOf,
  successAnswer,
} from "./lane-form.ts";
import { LaneStream } from "./lane-stream.ts";

/** What the calls of a lane share. */
export interface LaneCallDeps {
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

/** A request that the lane took. */
export interface Taken {
  readonly door: Door;
  readonly path: string;
  readonly carrier: Carrier;
  readonly call: HotCall;
  readonly form: LaneForm;
  readonly caller: Caller;
}

/** One call on the lane, from its headers to its answer. */
export class LaneCall {
  readonly #deps: LaneCallDeps;
  readonly #taken: Taken;
  readonly #startedMs: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Reading the body, waiting for the answer, answered or gone. */
  #stage: "reading" | "waiting" | "over" = "reading";
  #cancelTimer = () => {};
  #stream: LaneStream | undefined;
  #forgetDrain = () => {};

  constructor(deps: LaneCallDeps, taken: Taken) {
    this.#deps = deps;
    this.#taken = taken;
    this.#startedMs = deps.gate.monotonicMs();
  }

  begin(): void {
    const { carrier } = this.#taken;
    const { timers, requestMs } = this.#deps;
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
    if (bytes <= bodyBytesMax(form, this.#deps.requestBytesMax)) return;
    carrier.source.off("data", this.#onData);
    carrier.source.off("end", this.#onEnd);
    carrier.source.pause();
    this.#handOn(this.#body(), (answer) => carrier.sendEarly(answer));
  };

  readonly #onEnd = (): void => {
    const { carrier, form, call } = this.#taken;
    if (this.#stage !== "reading" || !carrier.isWhole) return;
    const body = this.#body();
    // Connect fails in the same way and says why.
    const failed = () => this.#handOn(body, (answer) => carrier.send(answer));
    const message = messageOf(form, body);
    // What waits may stay for days, and only needs what is made of the body.
    this.#chunks = [];
    this.#cancelTimer();
    this.#stage = "waiting";
    if (message === undefined) {
      failed();
      return;
    }
    try {
      const read = call.read(message, form.format);
      if (read instanceof Promise) read.then((carryOut) => this.#carryOut(carryOut), failed);
      else this.#carryOut(read);
    } catch {
      failed();
    }
  };

  #carryOut(carryOut: CarryOut): void {
    if (this.#stage === "over") return;
    const { timeoutMs } = this.#taken.form;
    const leftMs =
      timeoutMs === undefined
        ? undefined
        : this.#startedMs + timeoutMs - this.#deps.gate.monotonicMs();
    if (leftMs !== undefined && leftMs <= 0) {
      this.#fail(deadlineError());
      return;
    }
    try {
      const answer = carryOut();
      if (Buffer.isBuffer(answer)) {
        this.#succeed(answer);
        return;
      }
      if (leftMs !== undefined) {
        const { timers } = this.#deps;
        this.#cancelTimer = timers.after(leftMs, () => this.#fail(deadlineError()));
      }
      if ("take" in answer) this.#send(answer);
      else {
        answer.then(
          (late) => this.#succeed(late),
          (failure: unknown) => this.#fail(failure),
        );
      }
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #send(source: FrameSource): void {
    const { stream } = this.#taken.carrier;
    assert(stream !== undefined, "what streams is taken over HTTP/2 only");
    const fail = (failure: unknown) => this.#fail(failure);
    this.#stream = new LaneStream(stream, source, GRPC_HEADERS, fail);
    this.#forgetDrain = this.#deps.gate.whenDraining(fail);
    this.#stream.pump();
  }

  #succeed(frame: Frame): void {
    if (this.#stage === "over") return;
    this.#finish("OK");
    this.#taken.carrier.send(successAnswer(this.#taken.form, frame));
  }

  #fail(failure: unknown): void {
    if (this.#stage === "over") return;
    const error = connectErrorFrom(failure, this.#deps.gate.report);
    completeConnectError(error);
    this.#finish(statusName(error.code));
    const answer = errorAnswer(this.#taken.form, error);
    if (this.#stream) this.#stream.end(answer);
    else this.#taken.carrier.send(answer);
  }

  /** Lets Connect answer: nothing was carried out, and its gate counts the call. */
  #handOn(body: Buffer, send: (answer: LaneAnswer) => void): void {
    if (this.#stage === "over") return;
    const { door, path, carrier } = this.#taken;
    this.#stage = "over";
    this.#cancelTimer();
    this.#deps.answerByConnect({ door, path, carrier, body }).then(send, () => {
      carrier.cancel();
    });
  }

  #finish(code: string): void {
    const { door, call, form, caller } = this.#taken;
    const { gate } = this.#deps;
    this.#stage = "over";
    this.#cancelTimer();
    this.#forgetDrain();
    this.#stream?.close();
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
