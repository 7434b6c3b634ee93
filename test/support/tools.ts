import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { describe, type TestContext, test } from "vitest";

/** Where the tools come from, for the person who reads why a test was skipped. */
const TOOL_PACKAGES = {
  prometheus: "Debian: apt-get install prometheus",
  promtool: "Debian: apt-get install prometheus",
  curl: "Debian: apt-get install curl",
} as const;

export type Tool = keyof typeof TOOL_PACKAGES;

/** Real outcomes for tests and trials lie beside the project and never in it. */
const SHARED_DATA = resolve(import.meta.dirname, "../../../shared/data");
const isCi = process.env["CI"] === "true";

/** Path of an executable on PATH, or undefined. */
export function findTool(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Path of a tool. Where it is missing the test is skipped with the reason, and in CI, which installs the tools, it fails. */
export function requireTool(context: TestContext, name: Tool): string {
  const path = findTool(name);
  return path ?? unavailable(context, `${name} is not on PATH (${TOOL_PACKAGES[name]})`);
}

/** Path of a file of the shared data. Where the folder is missing the test is skipped with the reason. */
export function sharedData(name: string): string {
  return join(SHARED_DATA, name);
}

/**
 * A suite that needs tools or files of the shared data. Where something is missing, one test stands for the suite and says what:
 * skipped, or failed where CI should have installed it. Data cannot be installed, so that its absence never fails.
 */
export function describeWith(
  needs: { readonly tools?: readonly Tool[]; readonly data?: readonly string[] },
  name: string,
  body: () => void,
): void {
  const tool = needs.tools?.find((each) => findTool(each) === undefined);
  const file = needs.data?.find((each) => !existsSync(sharedData(each)));
  if (tool === undefined && file === undefined) {
    describe(name, body);
    return;
  }
  test(name, (context) => {
    if (tool !== undefined) requireTool(context, tool);
    else context.skip(`needs ../shared/data/${file}, which is not on this machine`);
  });
}

function unavailable(context: TestContext, reason: string): never {
  if (isCi) throw new Error(reason);
  context.skip(reason);
  throw new Error(reason);
}
