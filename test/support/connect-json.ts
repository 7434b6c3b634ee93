/** An answer of a Connect JSON call: the status of HTTP and the body, which is the error where the status is not 200. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Posts a Connect JSON call. Methods are written `ConfigService/ResolveConfig`. */
export async function post(url: string, method: string, request: object): Promise<JsonAnswer> {
  const response = await fetch(`${url}/attuned.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body };
}

/** The body of a call that must succeed; `T` is what the test reads of it. */
export async function call<T = Record<string, unknown>>(
  url: string,
  method: string,
  request: object = {},
): Promise<T> {
  const { status, body } = await post(url, method, request);
  if (status !== 200) throw new Error(`${method} answered ${status}: ${JSON.stringify(body)}`);
  return body as T;
}

/** The reason of an error's google.rpc.ErrorInfo, or undefined where it has none. */
export function reasonOf({ body }: JsonAnswer): string | undefined {
  const details = (body["details"] ?? []) as { type: string; debug?: { reason?: string } }[];
  return details.find(({ type }) => type === "google.rpc.ErrorInfo")?.debug?.reason;
}
