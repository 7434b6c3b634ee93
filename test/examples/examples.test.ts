import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Daemon, root, startDaemon } from "../support/daemon.ts";

const run = promisify(execFile);
const folder = join(root, "examples");
const files = readdirSync(folder)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .toSorted();

/** A line that each example must print, with the checklist row that it answers. */
const EXPECTED: Readonly<Record<string, readonly [row: string, line: string]>> = {
  "01": ["A099", "context 128K, 15 iterations, 5 parallel calls"],
  "02": [
    "A100",
    "error_recovery: temperature 0.5, max tokens 1500 (Error handling, retry strategies)",
  ],
  "03": ["A101", "the model calls tools"],
  "04": ["A102", '{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9}'],
  "05": ["A103", "planning: 0.2, execution: 0.7"],
  "06": ["A104", "models/gpt-4/versions/v1.0.0"],
  "07": ["A105", "temperature 0.7: quality 82 over 20 calls"],
  "08": ["A106", "conservative"],
  "09": ["A107", "GPT Models: gpt-3.5-turbo, gpt-4, gpt-4-turbo"],
  "10": ["A108", "default model: gpt-4"],
  "11": [
    "A109",
    '{"llmSkill":{"model":"gpt-4","temperature":0.7},"reactConfig":{"maxReasoningSteps":15},"parallelExecutor":{"maxParallelCalls":5}}',
  ],
  "12": ["A110", "together)."],
};

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startDaemon({ env: { VIBEAGENT_MODEL_DEFAULT: "gpt-4" } });
});
afterAll(async () => {
  await daemon.kill();
});

test.for(files)("%s runs against the daemon and prints what it says", async (file) => {
  const [row, line] = EXPECTED[file.slice(0, 2)] ?? [];
  expect(row, `an expectation for ${file}`).toBeDefined();
  const { stdout, stderr } = await run(process.execPath, [join(folder, file)], {
    env: { ...process.env, ATTUNED_ADDRESS: daemon.agentsUrl },
    timeout: 30_000,
  });
  expect(stderr).toBe("");
  expect(stdout).toContain(line);
});
