import type { Interceptor } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import type { FailureReporter } from "../errors.ts";
import { connectErrorFrom } from "../errors.ts";
import { endOnAbort } from "./end-on-abort.ts";

/**
 * Turns what services throw into answers, ends streams when their call ends, and answers DEADLINE_EXCEEDED on time also where
 * a service does not look at its signal.
 */
export function createFaultInterceptor(report: FailureReporter): Interceptor {
  return (next) => async (request) => {
    const { signal } = request;
    try {
      if (request.stream) {
        const message = endOnAbort(request.message, signal);
        const response = await next({ ...request, message });
        return response.stream
          ? { ...response, message: answered(endOnAbort(response.message, signal), signal, report) }
          : response;
      }
      const response = await (hasDeadline(request.header)
        ? beforeDeadline(() => next(request), signal)
        : next(request));
      return response.stream
        ? { ...response, message: answered(endOnAbort(response.message, signal), signal, report) }
        : response;
    } catch (failure) {
      throw answerTo(failure, signal, report);
    }
  };
}

function answerTo(failure: unknown, signal: AbortSignal, report: FailureReporter): ConnectError {
  if (signal.aborted && isAbort(failure)) {
    if (signal.reason instanceof ConnectError) return signal.reason;
    return new ConnectError("the caller gave the call up", Code.Canceled);
  }
  return connectErrorFrom(failure, report);
}

/** What fetch, timers and streams of Node throw when their signal ends them. */
function isAbort(failure: unknown): boolean {
  return failure instanceof Error && failure.name === "AbortError";
}

async function* answered<T>(
  messages: AsyncIterable<T>,
  signal: AbortSignal,
  report: FailureReporter,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (failure) {
    throw answerTo(failure, signal, report);
  }
}

function hasDeadline(header: Headers): boolean {
  return header.has("grpc-timeout") || header.has("connect-timeout-ms");
}

/**
 * Settles like the answer, or fails with the deadline's error when that comes first; what is too late already is not begun. Other
 * aborts do not cut the call short.
 */
function beforeDeadline<T>(answer: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const isTooLate = () => {
      const { reason } = signal;
      const isDeadline = reason instanceof ConnectError && reason.code === Code.DeadlineExceeded;
      if (isDeadline) reject(reason);
      return isDeadline;
    };
    if (isTooLate()) return;
    signal.addEventListener("abort", isTooLate, { once: true });
    answer()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", isTooLate));
  });
}
