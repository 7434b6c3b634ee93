import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  ConfigService,
  type WatchConfigsRequestSchema,
  type WatchConfigsResponse,
} from "../../src/gen/attuned/v1/config_service_pb.ts";

/** A watch that a test reads step by step. */
export interface OpenWatch extends AsyncDisposable {
  next(): Promise<WatchConfigsResponse>;
  /** Reads until a message passes. */
  until(accept: (message: WatchConfigsResponse) => boolean): Promise<WatchConfigsResponse>;
}

export interface WatchClient extends Disposable {
  readonly service: Client<typeof ConfigService>;
  watch(request: MessageInitShape<typeof WatchConfigsRequestSchema>): OpenWatch;
}

/** A gRPC client on a connection of its own. */
export function createWatchClient(url: string): WatchClient {
  const sessionManager = new Http2SessionManager(url);
  const transport = createGrpcTransport({ baseUrl: url, sessionManager });
  const service = createClient(ConfigService, transport);
  return {
    service,
    watch(request) {
      const ended = new AbortController();
      const messages = service
        .watchConfigs(request, { signal: ended.signal })
        [Symbol.asyncIterator]();
      const next = async () => {
        const { done, value } = await messages.next();
        if (done) throw new Error("the watch ended");
        return value;
      };
      return {
        next,
        async until(accept) {
          for (;;) {
            const message = await next();
            if (accept(message)) return message;
          }
        },
        async [Symbol.asyncDispose]() {
          ended.abort();
          await messages.next().catch(() => undefined);
        },
      };
    },
    [Symbol.dispose]: () => sessionManager.abort(),
  };
}
