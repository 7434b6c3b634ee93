import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Fault } from "../domain/kernel/fault.ts";
import type { FaultReason } from "../domain/kernel/fault-reason.ts";
import { FAULT_STATUS } from "../domain/kernel/fault-reason.ts";
import {
  completeConnectError,
  connectErrorFrom,
  connectErrorFromFault,
  ERROR_MESSAGE_LENGTH_MAX,
  hasErrorInfo,
  INTERNAL_MESSAGE,
  statusName,
  VIOLATION_COUNT_MAX,
} from "./errors.ts";

/** The first detail of an error that is going out, which is always ErrorInfo. */
function infoOf(error: ConnectError): unknown {
  const [detail] = error.details;
  return detail !== undefined && "desc" in detail ? detail.value : undefined;
}

const report = () => "req-1";

describe("a fault", () => {
  it("of every reason keeps its status and its reason", () => {
    for (const [reason, status] of Object.entries(FAULT_STATUS)) {
      const error = connectErrorFromFault(new Fault(reason as FaultReason, "told"));
      expect(statusName(error.code)).toBe(status);
      expect(infoOf(error)).toMatchObject({ reason, domain: "attuned" });
    }
  });

  it("of ours hides its message", () => {
    const error = connectErrorFrom(new Fault("INTERNAL", "secret"), report);
    expect(error.rawMessage).toBe(INTERNAL_MESSAGE);
    expect(infoOf(error)).toMatchObject({ metadata: { requestId: "req-1" } });
  });

  it("with a cause is reported, since its message leaves that out", () => {
    const reported: unknown[] = [];
    const fault = new Fault("STORE_UNAVAILABLE", "try again", { cause: new Error("EIO") });
    connectErrorFrom(fault, (failure) => `${reported.push(failure)}`);
    expect(reported).toEqual([fault]);
  });

  it("lists no more violations than headers hold, and says how many it left out", () => {
    const violations = Array.from({ length: VIOLATION_COUNT_MAX + 7 }, (_, i) => ({
      field: `outcomes[${i}]`,
      message: "is wrong",
    }));
    const error = connectErrorFromFault(new Fault("CONFIG_INVALID", "wrong", { violations }));
    expect(infoOf(error)).toMatchObject({ metadata: { violationsOmitted: "7" } });
  });

  it("has a message that is short and valid Unicode", () => {
    const text = `\ud800${"x".repeat(ERROR_MESSAGE_LENGTH_MAX)}`;
    const { rawMessage } = connectErrorFromFault(new Fault("MODEL_NAME_INVALID", text));
    expect(rawMessage.isWellFormed()).toBe(true);
    expect(rawMessage.length).toBe(ERROR_MESSAGE_LENGTH_MAX + 1);
  });
});

describe("an error that Connect raised", () => {
  it.each([
    [Code.InvalidArgument, "cannot decode", "INVALID_ARGUMENT", "REQUEST_MALFORMED"],
    [Code.Internal, "parse binary: premature EOF", "INVALID_ARGUMENT", "REQUEST_MALFORMED"],
    [Code.DataLoss, "protocol error", "INVALID_ARGUMENT", "REQUEST_MALFORMED"],
    [Code.ResourceExhausted, "too large", "RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE"],
    [Code.Unimplemented, 'unknown compression "x"', "UNIMPLEMENTED", "REQUEST_MALFORMED"],
    [Code.Unimplemented, "a.B.C is not implemented", "UNIMPLEMENTED", "METHOD_UNKNOWN"],
    [Code.DeadlineExceeded, "timed out", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
    [Code.Canceled, "gone", "CANCELLED", "CANCELLED"],
    [Code.Internal, "serialize binary: x", "INTERNAL", "INTERNAL"],
  ])("with the code %s and %j is %s, %s", (code, message, status, reason) => {
    const error = new ConnectError(message, code);
    completeConnectError(error);
    expect(statusName(error.code)).toBe(status);
    expect(infoOf(error)).toMatchObject({ reason });
  });

  it("is left alone once it has a reason", () => {
    const error = connectErrorFromFault(new Fault("QUEUE_FULL", "full"));
    completeConnectError(error);
    expect(error.details).toHaveLength(1);
    expect(hasErrorInfo(error)).toBe(true);
  });
});
