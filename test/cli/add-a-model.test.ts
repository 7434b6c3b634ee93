import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTestServices } from "../../src/rpc/rpc-fixtures.ts";
import { root } from "../support/daemon.ts";
import { cli } from "./run.ts";

const guide = readFileSync(join(root, "docs/add-a-model.md"), "utf8");

test("A120, A121, A122, A123, A124, A125: the guide's entry is valid, is served, and can be tried", async () => {
  const entry = /```yaml\n([\s\S]+?)```/.exec(guide)?.[1] ?? "";
  const { routes } = await openTestServices();
  const world = { daemon: routes, stdin: entry };
  expect(await cli("validate -", world)).toEqual({
    code: 0,
    stdout: "-: my-new-model is valid; nothing was written\n",
    stderr: "",
  });
  expect((await cli("put - --reason first", world)).code).toBe(0);
  const { stdout } = await cli("models my-new-model", world);
  expect(stdout).toContain("Instructions: Answer in JSON; one ticket per request.");
  expect(stdout).toContain("Tip: Quality falls above a temperature of 0.8.");
  expect((await cli("params my-new-model planning", world)).stdout).toBe(
    '{"model":"my-new-model","temperature":0.2,"max_tokens":2000,"top_p":0.9}\n',
  );
});

test("the guide's commands are commands with such options", async () => {
  const { routes } = await openTestServices();
  const lines = [...guide.matchAll(/^attuned (.+?)(?: +#.*)?$/gm)].map(([, line = ""]) => line);
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);
    const { code, stderr } = await cli(
      words.map((word) => word ?? ""),
      { daemon: routes },
    );
    // The guide's files are not there, so that commands may fail, but not for what was typed.
    expect([line, code === 2, stderr]).toEqual([line, false, stderr]);
  }
});
