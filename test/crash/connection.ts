import { Agent, request as httpRequest } from "node:http";

/** What a call over a connection came to: an answer, or none because the connection broke. */
export type Reply =
  | { readonly status: number; readonly body: Record<string, unknown> }
  | { readonly status: "broken" };

/** A keep-alive connection for Connect JSON calls, a second one for calls made meanwhile. A call whose connection breaks may or may not have been carried out. */
export interface Connection {
  post(method: string, body: object): Promise<Reply>;
  close(): void;
}

export function connect(url: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  return {
    post: (method, body) =>
      new Promise((settle) => {
        const bytes = Buffer.from(JSON.stringify(body));
        const request = httpRequest(`${url}/attuned.v1.${method}`, {
          agent,
          method: "POST",
          headers: { "content-type": "application/json", "content-length": bytes.length },
        });
        request.on("error", () => settle({ status: "broken" }));
        request.on("response", (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", () => settle({ status: "broken" }));
          response.on("close", () => settle({ status: "broken" }));
          response.on("end", () => {
            if (!response.complete) return settle({ status: "broken" });
            const text = Buffer.concat(chunks).toString("utf8");
            settle({ status: response.statusCode ?? 0, body: JSON.parse(text) });
          });
        });
        request.end(bytes);
      }),
    close: () => agent.destroy(),
  };
}

/** The body of a call that must be answered. */
export async function ask<T>(connection: Connection, method: string, body: object): Promise<T> {
  const reply = await connection.post(method, body);
  if (reply.status !== 200) throw new Error(`${method}: ${JSON.stringify(reply)}`);
  return reply.body as T;
}
