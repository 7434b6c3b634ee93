import type { DescService } from "@bufbuild/protobuf";
import type { Client, Transport } from "@connectrpc/connect";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { Daemon } from "../command.ts";
import { parseAddress } from "./address.ts";

/** How a daemon is reached. */
export interface DaemonOptions {
  readonly address: string;
  readonly timeoutMs: number;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Used instead of a connection to the address. */
  readonly transport?: Transport;
}

/** A daemon whose every call carries the time limit, the token and the signal. Connects on the first call. */
export function openDaemon(options: DaemonOptions): Daemon {
  const transport = bounded(options.transport ?? transportTo(options.address), options);
  const clients = new Map<string, unknown>();
  return {
    address: options.address,
    service<T extends DescService>(service: T): Client<T> {
      const known = clients.get(service.typeName) ?? createClient(service, transport);
      clients.set(service.typeName, known);
      return known as Client<T>;
    },
  };
}

/** HTTP/1.1: every call of the CLI is a single request, and idle connections do not keep the process alive. */
function transportTo(address: string): Transport {
  const target = parseAddress(address);
  return target.kind === "http"
    ? createConnectTransport({ httpVersion: "1.1", baseUrl: target.baseUrl })
    : createConnectTransport({
        httpVersion: "1.1",
        baseUrl: "http://localhost",
        nodeOptions: { socketPath: target.path },
      });
}

function bounded(inner: Transport, options: DaemonOptions): Transport {
  const withToken = (header: ConstructorParameters<typeof Headers>[0]): Headers => {
    const headers = new Headers(header);
    if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
    return headers;
  };
  return {
    unary: (method, signal, timeoutMs, header, input, values) =>
      inner.unary(
        method,
        signal ?? options.signal,
        timeoutMs ?? options.timeoutMs,
        withToken(header),
        input,
        values,
      ),
    stream: (method, signal, timeoutMs, header, input, values) =>
      inner.stream(
        method,
        signal ?? options.signal,
        timeoutMs ?? options.timeoutMs,
        withToken(header),
        input,
        values,
      ),
  };
}
