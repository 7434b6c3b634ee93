import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import { JSON_OPTIONS, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX } from "./bounds.ts";

/** How messages are written. */
export type WireFormat = "proto" | "json";

/** A message behind the five bytes that gRPC puts before one, so that either protocol sends it without a copy. */
export type Frame = Buffer;

/** Bytes that gRPC puts before a message: one of flags, four of length. */
export const FRAME_PREFIX_BYTES = 5;

/** What a call that streams sends, made when it is asked for: who does not read keeps nothing waiting in memory. */
export interface FrameSource {
  /** The next frame; undefined where there is none now. Errs as services do; then the stream ends. */
  take(): Frame | undefined;
  /** Calls back once when there may be something to take. */
  onReady(callback: () => void): void;
  /** Ends it, whoever waits. */
  close(): void;
}

/** Carries a request out. Errs as services do. */
export type CarryOut = () => Frame | Promise<Frame> | FrameSource;

/** A call that the fast lane answers: unary, or one that streams its answers. */
export interface HotCall {
  readonly method: DescMethod;
  /** Reads a request and answers what carries it out. Errors: any; then the request is malformed. */
  read(message: Uint8Array, format: WireFormat): CarryOut | Promise<CarryOut>;
}

/** How a hot call writes its answers. */
export interface Encoding<O extends DescMessage> {
  readonly format: WireFormat;
  frame(answer: MessageInitShape<O>): Frame;
}

/**
 * Makes a hot call of what carries it out, and of what reads its binary requests where they are so large that it takes its time. Messages are read and written as Connect reads and writes them. A frame that is returned is
 * never changed, so it may be kept and sent again.
 */
export function hotCall<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  carryOut: (request: MessageShape<I>, encoding: Encoding<O>) => Frame | Promise<Frame>,
  readBinary?: (message: Uint8Array) => Promise<MessageShape<I>>,
): HotCall {
  return { method, read: readerOf(method, carryOut, readBinary) };
}

/** Makes a hot call of what opens a stream. */
export function hotStream<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  open: (request: MessageShape<I>, encoding: Encoding<O>) => FrameSource,
): HotCall {
  return { method, read: readerOf(method, open) };
}

function readerOf<I extends DescMessage, O extends DescMessage, A>(
  method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
  carryOut: (request: MessageShape<I>, encoding: Encoding<O>) => A,
  readBinary?: (message: Uint8Array) => Promise<MessageShape<I>>,
): (message: Uint8Array, format: WireFormat) => (() => A) | Promise<() => A> {
  const serialization = createMethodSerializationLookup<I, O>(method, undefined, JSON_OPTIONS, {
    readMaxBytes: REQUEST_BYTES_MAX,
    writeMaxBytes: RESPONSE_BYTES_MAX,
  });
  const formatted = (format: WireFormat) => {
    const isBinary = format === "proto";
    const input = serialization.getI(isBinary);
    const output = serialization.getO(isBinary);
    const encoding: Encoding<O> = {
      format,
      frame: (answer) => framed(output.serialize(create(method.output, answer))),
    };
    return (message: Uint8Array) => {
      const carryOutOf = (request: MessageShape<I>) => () => carryOut(request, encoding);
      return isBinary && readBinary
        ? readBinary(message).then(carryOutOf)
        : carryOutOf(input.parse(message));
    };
  };
  const reads = { proto: formatted("proto"), json: formatted("json") };
  return (message, format) => reads[format](message);
}

function framed(message: Uint8Array): Frame {
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_PREFIX_BYTES);
  return frame;
}
