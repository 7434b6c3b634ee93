/**
 * The same values, until `signal` aborts: then a reader that waits, or comes later, gets the signal's reason as an error and
 * the source is told to return. The source need not know of the signal. Holds one listener, however many values pass.
 */
export function endOnAbort<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => createIterator(source[Symbol.asyncIterator](), signal) };
}

function createIterator<T>(source: AsyncIterator<T>, signal: AbortSignal): AsyncIterator<T> {
  let failWaiting: ((reason: unknown) => void) | undefined;
  const onAbort = () => {
    failWaiting?.(signal.reason);
    leave();
  };
  // The source may be waiting for something that never comes, so nobody waits for its return; how it ends changes nothing.
  const leave = () => void source.return?.().catch(() => {});
  const stop = () => signal.removeEventListener("abort", onAbort);
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    next() {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        failWaiting = reject;
        source.next().then((result) => {
          if (result.done) stop();
          resolve(result);
        }, reject);
      });
    },
    return(value?: unknown) {
      stop();
      leave();
      return Promise.resolve({ done: true, value });
    },
  };
}
