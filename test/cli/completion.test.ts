import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { cli } from "./run.ts";

const hasBash = spawnSync("bash", ["--version"]).status === 0;

/** What bash offers for the last of the words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout: script } = await cli("completion bash");
  const { stdout, stderr } = spawnSync(
    "bash",
    [
      "-c",
      `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _attuned; printf "%s\n" "\${COMPREPLY[@]}"`,
      "bash",
      "attuned",
      ...words,
    ],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

describe.skipIf(!hasBash)("completion in bash", () => {
  test("offers commands", async () => {
    expect(await offered("re")).toEqual([
      "resolve",
      "resolve-name",
      "report",
      "replay",
      "recommendations",
    ]);
  });

  test("offers the commands of a group", async () => {
    expect(await offered("recommendations", "")).toEqual(["list", "get", "dismiss"]);
  });

  test("offers phases and options", async () => {
    expect(await offered("resolve", "gpt-4", "pl")).toEqual(["planning"]);
    expect(await offered("drift", "detect", "gpt-4", "execution", "--th")).toEqual(["--threshold"]);
    expect(await offered("analyze", "max")).toEqual(["max_tokens", "max_retries"]);
  });
});

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("for %s knows every command", async (shell) => {
    const { code, stdout } = await cli(`completion ${shell}`);
    expect(code).toBe(0);
    for (const { name } of COMMANDS) {
      for (const word of name.split(" ")) expect(stdout).toContain(word);
    }
    expect(stdout).toMatch(/--explain|-l explain/);
  });

  test.each(["bash", "zsh", "fish"])(
    "for %s is a script of that shell, where it is there",
    async (shell) => {
      const { stdout } = await cli(`completion ${shell}`);
      const checked = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
      if (checked.error === undefined) expect(checked).toMatchObject({ status: 0, stderr: "" });
      else expect(stdout).toContain(shell);
    },
  );
});
