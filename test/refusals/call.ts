import type { DescMethod } from "@bufbuild/protobuf";

/** How a call was refused; `code` is "OK" where it was not. */
export interface Verdict {
  readonly code: string;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

interface WireError {
  readonly code: string;
  readonly message?: string;
  readonly details?: { readonly type: string; readonly debug?: Record<string, unknown> }[];
}

/** Path of a method, as all three protocols have it. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Posts a body as it is, in Connect's JSON, to a unary or a server-streaming method. A stream is read up to its first message. */
export async function callRaw(
  url: string,
  method: DescMethod,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  const isUnary = method.methodKind === "unary";
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const abort = new AbortController();
  const response = await fetch(`${url}${pathOf(method)}`, {
    method: "POST",
    headers: {
      "content-type": isUnary ? "application/json" : "application/connect+json",
      ...headers,
    },
    body: isUnary ? bytes : enveloped(bytes),
    signal: abort.signal,
  });
  if (isUnary || response.status !== 200) {
    const answer = (await response.json()) as Record<string, unknown>;
    return response.status === 200 ? accepted(answer) : verdictOf(answer as unknown as WireError);
  }
  const { flags, message } = await firstEnvelope(response);
  abort.abort();
  if ((flags & 2) === 0) return accepted(message);
  const { error } = message as { error?: WireError };
  return error ? verdictOf(error) : accepted({});
}

function accepted(body: Record<string, unknown>): Verdict {
  return { code: "OK", message: "", reason: "", domain: "", metadata: {}, body };
}

function verdictOf(error: WireError): Verdict {
  const info = error.details?.find(({ type }) => type === "google.rpc.ErrorInfo")?.debug ?? {};
  return {
    code: error.code.toUpperCase(),
    message: error.message ?? "",
    reason: String(info["reason"] ?? ""),
    domain: String(info["domain"] ?? ""),
    metadata: (info["metadata"] ?? {}) as Record<string, string>,
    body: {},
  };
}

function enveloped(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

async function firstEnvelope(response: Response) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < 5) continue;
    const length = bytes.readUInt32BE(1);
    if (bytes.length < 5 + length) continue;
    const text = bytes.subarray(5, 5 + length).toString("utf8");
    return { flags: bytes[0] ?? 0, message: JSON.parse(text) as Record<string, unknown> };
  }
  throw new Error("the stream ended without a message");
}
