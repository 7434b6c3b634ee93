import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/attuned/v1/error_reason_pb.ts";
import { FAULT_STATUS } from "./fault-reason.ts";

test("the reasons are exactly those that the contract documents", () => {
  const documented = Object.keys(ErrorReason).filter(
    (name) => !/^\d+$/.test(name) && name !== "UNSPECIFIED",
  );
  expect(Object.keys(FAULT_STATUS).toSorted()).toEqual(documented.toSorted());
});
