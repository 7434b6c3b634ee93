import { afterAll, describe, expect, test } from "vitest";
import { leastRole, ROLES, roleAllows } from "../../src/rpc/server/roles.ts";
import { startDaemon } from "../support/daemon.ts";
import { callRaw } from "./call.ts";
import { nameOf, servedMethods } from "./served-methods.ts";

const operated = await startDaemon();
const methods = await servedMethods(operated.agentsUrl);
await operated[Symbol.asyncDispose]();

describe.each(ROLES)("a caller with the role %s", async (role) => {
  const daemon = await startDaemon({ args: ["--agents-role", role] });
  afterAll(() => daemon[Symbol.asyncDispose]());

  test.each(methods.map((method) => [nameOf(method), method] as const))("%s", async (_, method) => {
    const required = leastRole(method.parent.typeName, method.name) ?? "admin";
    const verdict = await callRaw(daemon.agentsUrl, method, "{}");
    if (roleAllows(role, required)) {
      expect(verdict.code).not.toBe("PERMISSION_DENIED");
      return;
    }
    expect(verdict).toMatchObject({
      code: "PERMISSION_DENIED",
      reason: "ROLE_REQUIRED",
      domain: "attuned",
      metadata: { required, actual: role },
    });
  });
});
