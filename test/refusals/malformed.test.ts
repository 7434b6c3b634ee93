import { afterAll, describe, expect, test } from "vitest";
import { startDaemon } from "../support/daemon.ts";
import { callRaw } from "./call.ts";
import { malformedBodies } from "./malformed.ts";
import { nameOf, servedMethods, unlistedServices } from "./served-methods.ts";

const daemon = await startDaemon();
const methods = await servedMethods(daemon.agentsUrl);
afterAll(() => daemon[Symbol.asyncDispose]());

test("every service of attuned is tried", async () => {
  expect(await unlistedServices()).toEqual([]);
  expect(methods.length).toBeGreaterThan(0);
});

describe("a body that is no message of its type is refused with what is wrong", () => {
  test.each(methods.map((method) => [nameOf(method), method] as const))("%s", async (_, method) => {
    for (const { what, body } of malformedBodies(method.input)) {
      const { code, reason, domain } = await callRaw(daemon.agentsUrl, method, body);
      expect({ what, code, reason, domain }).toEqual({
        what,
        code: "INVALID_ARGUMENT",
        reason: "REQUEST_MALFORMED",
        domain: "attuned",
      });
    }
  });
});

describe("a body of 10 MB is refused before it is parsed", () => {
  const large = new Uint8Array(10_000_000).fill(0x20);
  test.each(methods.map((method) => [nameOf(method), method] as const))("%s", async (_, method) => {
    const verdict = await callRaw(daemon.agentsUrl, method, large);
    expect(verdict).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "REQUEST_TOO_LARGE",
      domain: "attuned",
    });
  });
});

test("the daemon serves on, and logged no failure of its own", async () => {
  for (const method of methods)
    expect((await callRaw(daemon.agentsUrl, method, "{}")).code).not.toBe("UNAVAILABLE");
  expect(daemon.stderr()).not.toContain("call failed");
});
