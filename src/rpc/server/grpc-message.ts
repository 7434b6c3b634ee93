const GRPC_MESSAGE = "grpc-message";

/**
 * Rewrites the grpc-message of a header block as the gRPC specification has it, with nothing escaped but `%` and what is not
 * printable ASCII. Connect escapes punctuation too, which some clients (grpc-js) show as `%3B`.
 */
export function plainGrpcMessage(headers: Headers): void {
  const escaped = headers.get(GRPC_MESSAGE);
  if (escaped === null) return;
  const message = decodeURIComponent(escaped).toWellFormed();
  headers.set(GRPC_MESSAGE, message.replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent));
}

/** The same bytes; once they are out, `trailer` is complete and its grpc-message is rewritten. */
export function withPlainGrpcMessage<T>(
  body: AsyncIterable<T>,
  trailer: Headers,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const chunks = body[Symbol.asyncIterator]();
      return {
        async next() {
          const chunk = await chunks.next();
          if (chunk.done === true) plainGrpcMessage(trailer);
          return chunk;
        },
        throw: (error) => chunks.throw?.(error) ?? Promise.reject(error),
        return: (value) => chunks.return?.(value) ?? Promise.resolve({ done: true, value }),
      };
    },
  };
}
