import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Door, TokenGrant } from "./caller.ts";
import { identifyCaller } from "./caller.ts";

const door: Door = { name: "agents", role: "report", identity: "system" };
const grant = (token: string, name: string, role: TokenGrant["role"]): TokenGrant => ({
  tokenSha256: createHash("sha256").update(token).digest("hex"),
  name,
  role,
});
const grants = [grant("s3cret", "ci", "operate"), grant("low", "viewer", "read")];

describe("a caller", () => {
  it("without credentials is who the door says", () => {
    expect(identifyCaller(door, null, grants)).toEqual({
      name: "system",
      role: "report",
      door: "agents",
    });
  });

  it("with a token has its name and its role", () => {
    expect(identifyCaller(door, "Bearer s3cret", grants)).toMatchObject({
      name: "ci",
      role: "operate",
    });
    expect(identifyCaller(door, "bearer  s3cret ", grants)).toMatchObject({ name: "ci" });
  });

  it("never has less than the door gives", () => {
    expect(identifyCaller(door, "Bearer low", grants)).toMatchObject({
      name: "viewer",
      role: "report",
    });
  });

  it.each(["Bearer wrong", "Bearer ", "Basic czNjcmV0", "s3cret", "", "Bearer s3cret x"])(
    "with the header %j is refused",
    (header) => {
      expect(() => identifyCaller(door, header, grants)).toThrow(Fault);
      expect(() => identifyCaller(door, header, [])).toThrow(Fault);
    },
  );
});
