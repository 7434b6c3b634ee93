import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openTestServices } from "../../src/rpc/rpc-fixtures.ts";
import { cli } from "./run.ts";

const services = await openTestServices();
const world = { daemon: services.routes };
const folder = mkdtempSync(join(tmpdir(), "attuned-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("params of a reasoning model", () => {
  test("says each difference with a reason that a person understands", async () => {
    const { stdout, stderr } = await cli(
      "params gpt-6-astra planning --api openai.responses",
      world,
    );
    expect(JSON.parse(stdout)).toEqual({ model: "gpt-6-astra", max_output_tokens: 3000 });
    const [first, titles, ...rows] = stderr.split("\n");
    expect(first).toBe("for openai.responses");
    expect(titles).toMatch(/^PARAMETER +CHANGE +ASKED +SENT +WHY +REASON$/);
    expect(rows[0]).toMatch(/^temperature +omitted +0.3 +- +\w+.* UNSUPPORTED_BY_MODEL$/);
    expect(rows[1]).toMatch(/^max_tokens +renamed +3000 +max_output_tokens +.* RENAMED$/);
  });

  test("names the headers that the request needs", async () => {
    const { stderr } = await cli("params claude-3-opus planning --mode adjust", world);
    expect(stderr).toContain("for anthropic.messages 2023-06-01\n");
    expect(stderr).toContain("header anthropic-version: 2023-06-01\n");
    expect(stderr).toContain("(MODEL_RETIRED)");
  });
});

describe("models", () => {
  test("X36: lists what is current, with windows and prices", async () => {
    const { stdout } = await cli("models --lifecycle current --family claude", world);
    expect(stdout).toMatch(/^MODEL +FAMILY +WINDOW +ANSWER +\$IN\/M +\$OUT\/M/);
    expect(stdout).toMatch(/^claude-opus-5-5 +claude +1000000 +128000 +4 +20 +no /m);
    expect(stdout).not.toContain("claude-3-opus");
  });

  test("X01: shows the provider's facts beside the config", async () => {
    const { stdout, stderr } = await cli("models gpt-4", world);
    expect(stdout).toMatch(/^context_window +128000$/m);
    expect(stdout).toMatch(/^provider window +8192 tokens$/m);
    expect(stdout).toMatch(/^price +\$30 in, \$60 out, of a million tokens$/m);
    expect(stdout).toMatch(/^price from +pi-ai:openai, \d{4}-\d\d-\d\d$/m);
    expect(stderr).toContain("(MODEL_RETIRED)");
  });

  test("A123: shows the special instructions", async () => {
    expect((await cli("models llama-2", world)).stdout).toContain(
      "Instructions: Requires the explicit ReAct pattern",
    );
  });
});

test("resolve-name explains what each rule did", async () => {
  const { code, stdout } = await cli("resolve-name azure/gpt-35-turbo", world);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^understood as +alias$/m);
  expect(stdout).toMatch(/^config +gpt-3.5-turbo$/m);
  expect(stdout).toMatch(/^rule \d+: /m);
  const unknown = await cli("resolve-name gpt-44", world);
  expect(unknown.stdout).toMatch(/^config +none: the defaults$/m);
  expect(unknown.stdout).toMatch(/^did you mean +.*gpt-4/m);
});

test("catalog says what the facts are and how old", async () => {
  const { stdout } = await cli("catalog", world);
  expect(stdout).toMatch(/^day +2026-\d\d-\d\d, \d+ days ago$/m);
  expect(stdout).toMatch(/^models +\d{3,}, \d{3,} with a price$/m);
  expect(stdout).toMatch(/^@earendil-works\/pi-ai +[\d.]+ +MIT/m);
});

describe("validate", () => {
  test("A120, A121, A122, A123: takes one YAML entry of a model", async () => {
    const path = file(
      "my-model.yaml",
      `model_name: my-model
model_family: custom
capabilities: [MODEL_CAPABILITY_TOOL_CALLING, MODEL_CAPABILITY_JSON_MODE]
limits: {context_window: 32768, max_iterations: 10, max_parallel_calls: 1}
phases:
  planning: {temperature: 0.2, max_tokens: 2000}
special_instructions: Answer in JSON.
optimization_tips: [Keep prompts short.]
`,
    );
    expect(await cli(["validate", path], world)).toEqual({
      code: 0,
      stdout: `${path}: my-model is valid; nothing was written\n`,
      stderr: "",
    });
    const bounded = await cli(["validate", path, "--max-temperature", "0.1"], world);
    expect(bounded.code).toBe(1);
    expect(bounded.stdout).toContain("config.phases[planning].settings.temperature");
    const allowed = await cli(["validate", path, "--allow", "gpt-4"], world);
    expect(allowed.stdout).toContain("must be one of gpt-4");
  });

  test("A117: lists everything that is wrong", async () => {
    const path = file("bad.yaml", "model_name: x\nphases: {planning: {temperature: 3, top_p: -1}}");
    const { code, stdout } = await cli(["validate", path], world);
    expect(code).toBe(1);
    expect(stdout).toContain("2 violations");
    expect(stdout).toMatch(/^config.phases\[planning\].settings.topP +must be at least 0/m);
  });
});

describe("prompt", () => {
  test("A093: prints the template alone on stdout", async () => {
    const { stdout, stderr } = await cli("prompt show llama-2 system", world);
    expect(stdout).toMatch(/^You are \{\{role\}\}/);
    expect(stderr).toMatch(/^system of llama-2, builtin, variables role, task, tools; etag \S+\n$/);
  });

  test("stores a file, fills it, and takes it away again", async () => {
    const path = file("system.txt", "Hello {{who}}.\nBye.\n");
    const put = await cli(["prompt", "put", "gpt-4", "system", path, "--reason", "trial"], world);
    expect(put.stdout).toMatch(
      /^revision 1: system of gpt-4, stored at revision 1, variables who\n$/,
    );
    const filled = ["prompt", "render", "gpt-4", "system", "--var", "who=you", "--var", "x=1"];
    expect(await cli(filled, world)).toEqual({
      code: 0,
      stdout: "Hello you.\nBye.\n",
      stderr: "attuned: warning: not used: x\n",
    });
    const removed = await cli("prompt put gpt-4 system --remove", world);
    expect(removed.stdout).toContain("revision 2: system of gpt-4, builtin");
    expect((await cli("prompt put gpt-4 system --remove", world)).stdout).toContain(
      "nothing changed",
    );
  });

  test("wants a file or its removal", async () => {
    expect((await cli("prompt put gpt-4 system", world)).code).toBe(2);
    expect((await cli("prompt put gpt-4 system x --remove", world)).code).toBe(2);
    const empty = await cli(["prompt", "put", "gpt-4", "system", file("empty.txt", "")], world);
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining("--remove")]);
  });
});
