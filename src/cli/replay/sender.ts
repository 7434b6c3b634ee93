import { Code, ConnectError } from "@connectrpc/connect";
import type {
  ReportOutcomesRequest,
  ReportOutcomesResponse,
} from "../../gen/attuned/v1/outcome_service_pb.ts";
import type { CallFailure } from "../daemon/errors.ts";
import { readCallFailure, systemCodeOf } from "../daemon/errors.ts";
import type { OutcomeLine, RejectedLine } from "./outcome-line.ts";

/** What became of a batch. */
export interface BatchResult {
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: readonly RejectedLine[];
}

/** How batches are sent. */
export interface SenderOptions {
  readonly report: (
    request: Pick<ReportOutcomesRequest, "outcomes">,
  ) => Promise<ReportOutcomesResponse>;
  /** How long a batch is tried after its first failure, in milliseconds. */
  readonly retryForMs: number;
  /** Told before each wait. */
  readonly onRetry: (waitMs: number, error: unknown) => void;
  /** A random number of 0..1 per wait, so that many senders do not come back at once. */
  readonly random: () => number;
  /** Milliseconds since any start. */
  readonly nowMs: () => number;
  /** Waits; rejects when the person gives up. */
  readonly sleep: (waitMs: number) => Promise<unknown>;
}

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;
/** The daemon read less than the batch holds: half of it may fit. */
const TOO_LARGE = new Set(["REQUEST_TOO_LARGE", "BATCH_TOO_LARGE"]);
/** Failures that may pass. A broken or late answer is safe to repeat, because outcomes count once by their id. */
const RETRYABLE = new Set<Code>([Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded]);

/**
 * Sends a batch until the daemon answers for every item. Waits and tries again while the failure may pass, halves a batch that is too
 * large for the daemon, and throws the last error of a call when the time for retries is over or trying again cannot help.
 */
export async function sendBatch(
  batch: readonly OutcomeLine[],
  options: SenderOptions,
): Promise<BatchResult> {
  let firstFailureMs: number | undefined;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await options.report({ outcomes: batch.map((item) => item.outcome) });
      return resultOf(batch, response);
    } catch (error) {
      const failure = readCallFailure(error, { address: "", timeoutSeconds: 0 });
      if (failure !== undefined && TOO_LARGE.has(failure.reason)) {
        return sendHalves(batch, failure, options);
      }
      if (!mayPass(error)) throw error;
      firstFailureMs ??= options.nowMs();
      const leftMs = firstFailureMs + options.retryForMs - options.nowMs();
      const askedMs = failure?.retryAfterMs ?? 0;
      if (leftMs <= 0 || askedMs > leftMs) throw error;
      const waitMs = Math.min(leftMs, Math.max(askedMs, backoffMs(attempt, options.random())));
      options.onRetry(waitMs, error);
      await options.sleep(waitMs).catch(() => {
        throw error;
      });
    }
  }
}

/** Doubles from attempt to attempt up to a bound, between half and the whole of it by chance. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 20));
  return whole * (0.5 + random / 2);
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  return RETRYABLE.has(error.code) || systemCodeOf(error) !== undefined;
}

async function sendHalves(
  batch: readonly OutcomeLine[],
  { reason, message }: CallFailure,
  options: SenderOptions,
): Promise<BatchResult> {
  const [only] = batch;
  if (only === undefined) return { accepted: 0, duplicate: 0, rejected: [] };
  if (batch.length === 1) {
    return { accepted: 0, duplicate: 0, rejected: [{ line: only.line, reason, message }] };
  }
  const middle = Math.ceil(batch.length / 2);
  const first = await sendBatch(batch.slice(0, middle), options);
  const second = await sendBatch(batch.slice(middle), options);
  return {
    accepted: first.accepted + second.accepted,
    duplicate: first.duplicate + second.duplicate,
    rejected: [...first.rejected, ...second.rejected],
  };
}

function resultOf(batch: readonly OutcomeLine[], response: ReportOutcomesResponse): BatchResult {
  return {
    accepted: response.acceptedCount,
    duplicate: response.duplicateCount,
    rejected: response.rejected.map(({ index, reason, message }) => ({
      line: batch[index]?.line ?? 0,
      reason,
      message,
    })),
  };
}
