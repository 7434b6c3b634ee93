import { createContextValues } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { Door } from "./caller.ts";
import { doorKey } from "./caller.ts";
import { plainGrpcMessage } from "./grpc-message.ts";

/** A unary call whose body is all there. */
export interface WholeCall {
  readonly door: Door;
  /** Path of the method. */
  readonly path: string;
  readonly httpVersion: "1.1" | "2.0";
  readonly header: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

/** The whole answer to a call. */
export interface WholeAnswer {
  readonly status: number;
  readonly header: Headers;
  readonly body: Buffer<ArrayBuffer>;
  /** Only gRPC has one. */
  readonly trailer: Headers | undefined;
}

/** Answers a call from memory to memory through Connect's handler of its method, with the gate and all that it passes. */
export async function answerWhole(
  handler: UniversalHandler,
  { door, path, body, ...rest }: WholeCall,
): Promise<WholeAnswer> {
  const { status, header, trailer, ...answered } = await handler({
    ...rest,
    method: "POST",
    url: `http://localhost${path}`,
    body: once(body),
    contextValues: createContextValues().set(doorKey, door),
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of answered.body ?? []) chunks.push(chunk);
  if (trailer !== undefined) plainGrpcMessage(trailer);
  return { status, header: new Headers(header), body: Buffer.concat(chunks), trailer };
}

async function* once<T>(bytes: T): AsyncGenerator<T> {
  yield bytes;
}
