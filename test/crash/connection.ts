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
  close(): void;
}

const STATUSES: ReadonlyMap<number, Reply["status"]> = new Map([
  [200, "answered"],
  [404, "not found"],
  [503, "broken"],
]);

export function connect(url: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  return {
    post: (method, body) =>
      new Promise((settle, reject) => {
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
            const status = STATUSES.get(response.statusCode ?? 0);
            if (status === "broken") settle({ status });
            else if (status) settle({ status, body: JSON.parse(text) });
            else reject(new Error(`${method} was refused: ${text}`));
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
  if (reply.status !== "answered") throw new Error(`${method}: ${JSON.stringify(reply)}`);
  return reply.body as T;
}
