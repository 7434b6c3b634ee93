import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { OutcomeSchema } from "../../gen/attuned/v1/outcome_pb.ts";
import { ReportOutcomesResponseSchema } from "../../gen/attuned/v1/outcome_service_pb.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { SenderOptions } from "./sender.ts";
import { backoffMs, sendBatch } from "./sender.ts";

const batch = [11, 12, 13, 14, 15].map((line) => ({
  line,
  outcome: create(OutcomeSchema, { outcomeId: `o-${line}` }),
  bytes: 10,
}));

type Report = SenderOptions["report"];

/** A sender on a clock that only its own waits move. */
function sender(report: Report, retryForMs = 30_000) {
  let nowMs = 0;
  const waits: number[] = [];
  const options: SenderOptions = {
    report,
    retryForMs,
    onRetry: (waitMs) => waits.push(waitMs),
    random: () => 1,
    nowMs: () => nowMs,
    sleep: async (waitMs) => {
      nowMs += waitMs;
    },
  };
  return { options, waits, elapsedMs: () => nowMs };
}

function failing(times: number, error: unknown): Report {
  let left = times;
  return async ({ outcomes }) => {
    left -= 1;
    if (left >= 0) throw error;
    return create(ReportOutcomesResponseSchema, { acceptedCount: outcomes.length });
  };
}

function refused(code: Code, reason: string, retrySeconds?: bigint): ConnectError {
  const error = new ConnectError(reason, code);
  error.details.push({ desc: ErrorInfoSchema, value: { domain: "attuned", reason } });
  if (retrySeconds !== undefined) {
    error.details.push({ desc: RetryInfoSchema, value: { retryDelay: { seconds: retrySeconds } } });
  }
  return error;
}

describe("sendBatch", () => {
  test("answers the counts and the rejected items by their lines", async () => {
    const { options } = sender(async () =>
      create(ReportOutcomesResponseSchema, {
        acceptedCount: 3,
        duplicateCount: 1,
        rejected: [{ index: 2, reason: "TOKEN_INVALID", message: "forged" }],
      }),
    );
    expect(await sendBatch(batch, options)).toEqual({
      accepted: 3,
      duplicate: 1,
      rejected: [{ line: 13, reason: "TOKEN_INVALID", message: "forged" }],
    });
  });

  test("waits longer and longer while the daemon is away", async () => {
    const gone = new ConnectError("gone", Code.Aborted);
    gone.cause = Object.assign(new Error("x"), { code: "ECONNRESET" });
    const { options, waits } = sender(failing(7, gone));
    expect(await sendBatch(batch, options)).toMatchObject({ accepted: 5 });
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000]);
  });

  test("waits as long as the daemon asks", async () => {
    const { options, waits } = sender(
      failing(1, refused(Code.ResourceExhausted, "QUEUE_FULL", 7n)),
    );
    await sendBatch(batch, options);
    expect(waits).toEqual([7000]);
  });

  test("gives up with the last error when its time is over", async () => {
    const error = refused(Code.Unavailable, "DRAINING");
    const { options, elapsedMs } = sender(failing(1000, error), 2_000);
    await expect(sendBatch(batch, options)).rejects.toBe(error);
    expect(elapsedMs()).toBe(2_000);
  });

  test("gives up at once when the daemon asks for more time than there is", async () => {
    const error = refused(Code.ResourceExhausted, "QUEUE_FULL", 60n);
    const { options, waits } = sender(failing(1, error));
    await expect(sendBatch(batch, options)).rejects.toBe(error);
    expect(waits).toEqual([]);
  });

  test.each([
    ["a refusal", refused(Code.PermissionDenied, "ROLE_REQUIRED")],
    ["a bug", new TypeError("bug")],
  ])("does not repeat %s", async (_, error) => {
    const { options, waits } = sender(failing(1, error));
    await expect(sendBatch(batch, options)).rejects.toBe(error);
    expect(waits).toEqual([]);
  });

  test("stops waiting when the person gives up", async () => {
    const error = refused(Code.Unavailable, "STARTING");
    const { options } = sender(failing(1, error));
    const aborted = { ...options, sleep: () => Promise.reject(new Error("aborted")) };
    await expect(sendBatch(batch, aborted)).rejects.toBe(error);
  });

  test("halves a batch that is too large, down to the item that is", async () => {
    const sizes: number[] = [];
    const { options } = sender(async ({ outcomes }) => {
      sizes.push(outcomes.length);
      const holdsLarge = outcomes.some(({ outcomeId }) => outcomeId === "o-14");
      if (holdsLarge) throw refused(Code.ResourceExhausted, "REQUEST_TOO_LARGE");
      return create(ReportOutcomesResponseSchema, { acceptedCount: outcomes.length });
    });
    expect(await sendBatch(batch, options)).toEqual({
      accepted: 4,
      duplicate: 0,
      rejected: [{ line: 14, reason: "REQUEST_TOO_LARGE", message: "REQUEST_TOO_LARGE" }],
    });
    expect(sizes).toEqual([5, 3, 2, 1, 1]);
  });
});

describe("backoffMs", () => {
  test("stays between half and the whole of a doubling that ends at five seconds", () => {
    expect(backoffMs(0, 0)).toBe(50);
    expect(backoffMs(0, 1)).toBe(100);
    expect(backoffMs(3, 0.5)).toBe(600);
    expect(backoffMs(10_000, 1)).toBe(5000);
  });
});
