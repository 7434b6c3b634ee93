import { Agent, request as httpRequest } from "node:http";

/**
 * What a call over a connection came to: an answer, that there is nothing of that name, or none because the connection broke or the
 * daemon was on its way down. Errors with any other answer: nothing that the campaign asks may be refused.
 */
export type Reply =
  | { readonly status: "answered" | "not found"; readonly body: Record<string, unknown> }
  | { readonly status: "broken" };

/** A keep-alive connection for Connect JSON calls, a second one for calls made meanwhile. A call whose connection breaks may or may not have been carried out. */
export interface Connection {
  post(method: string, body: object): Promise<Reply>;
  /** A call that streams messages to the daemon and is answered once. */
  stream(method: string, messages: readonly object[]): Promise<Reply>;
  close(): void;
}

const STATUSES: ReadonlyMap<number, Reply["status"]> = new Map([
  [200, "answered"],
  [404, "not found"],
  [503, "broken"],
]);

export function connect(url: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const send = (method: string, contentType: string, bytes: Buffer): Promise<RawReply> =>
    new Promise((settle) => {
      const request = httpRequest(`${url}/attuned.v1.${method}`, {
        agent,
        method: "POST",
        headers: { "content-type": contentType, "content-length": bytes.length },
      });
      request.on("error", () => settle({ status: "broken" }));
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", () => settle({ status: "broken" }));
        response.on("close", () => settle({ status: "broken" }));
        response.on("end", () => {
          if (!response.complete) return settle({ status: "broken" });
          settle({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) });
        });
      });
      request.end(bytes);
    });
  return {
    async post(method, body) {
      const reply = await send(method, "application/json", Buffer.from(JSON.stringify(body)));
      if (reply.status === "broken") return { status: "broken" };
      return judged(method, reply.status, reply.bytes.toString("utf8"));
    },
    async stream(method, messages) {
      const bytes = Buffer.concat(messages.map(enveloped));
      const reply = await send(method, "application/connect+json", bytes);
      if (reply.status !== 200) return { status: "broken" };
      // A message and the end; an end that tells an error, as one that goes down does, is no acknowledgement.
      const [message, end] = opened(reply.bytes);
      return end && !("error" in end)
        ? { status: "answered", body: message ?? {} }
        : { status: "broken" };
    },
    close: () => agent.destroy(),
  };
}

type RawReply = { readonly status: number; readonly bytes: Buffer } | { readonly status: "broken" };

function judged(method: string, code: number, text: string): Reply {
  const status = STATUSES.get(code);
  if (status === "broken") return { status };
  if (status) return { status, body: JSON.parse(text) };
  throw new Error(`${method} was refused: ${text}`);
}

function enveloped(message: object): Buffer {
  const bytes = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The messages of a stream's answer. */
function opened(bytes: Buffer): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(JSON.parse(bytes.toString("utf8", at + 5, end)) as Record<string, unknown>);
    at = end;
  }
  return messages;
}

/** The body of a call that must be answered. */
export async function ask<T>(connection: Connection, method: string, body: object): Promise<T> {
  const reply = await connection.post(method, body);
  if (reply.status !== "answered") throw new Error(`${method}: ${JSON.stringify(reply)}`);
  return reply.body as T;
}
