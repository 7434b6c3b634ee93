import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const BIN = join(import.meta.dirname, "../../bin/attuned.js");
const STUDY = "../shared/data/replay/temperature-gpt-3.5-turbo.ndjson.gz";
const folder = mkdtempSync(join(tmpdir(), "attuned-cli-daemon-"));
let daemon: ChildProcess | undefined;
let address = "";

async function startDaemon(): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      BIN,
      "serve",
      ...["--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"],
      ...["--data-dir", join(folder, "data"), "--loop-interval", "3600"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  daemon = child;
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /^attuned ready agents=(\S+)/.exec(line);
    if (ready?.[1] === undefined) continue;
    address = ready[1];
    return;
  }
  throw new Error(`the daemon ended before it was ready: ${log}`);
}

async function stopDaemon(): Promise<void> {
  if (daemon === undefined || daemon.exitCode !== null) return;
  const ended = once(daemon, "exit");
  daemon.kill("SIGTERM");
  await ended;
}

/** Runs the program as a person does, in a process of its own. */
async function attuned(line: string) {
  const child = spawn(process.execPath, [BIN, ...line.split(" ")], {
    env: { ...process.env, ATTUNED_ADDRESS: address, LANG: "en_US.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (written.stdout += chunk));
  child.stderr.on("data", (chunk) => (written.stderr += chunk));
  const [code] = await once(child, "close");
  return { code, ...written };
}

async function json(line: string) {
  const result = await attuned(`${line} -o json`);
  expect(result).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout);
}

beforeAll(startDaemon);
afterAll(async () => {
  await stopDaemon();
  rmSync(folder, { recursive: true });
});

describe("the program against a real daemon", () => {
  test("answers the seed example exactly", async () => {
    const { code, stdout, stderr } = await attuned("params gpt-4 planning");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9}\n',
    });
    // What a program reads is the dict alone; that the model is retired is for the person.
    expect(stderr).toMatch(/MODEL_RETIRED/);
  });

  test("suggests the model that was meant", async () => {
    const { code, stderr } = await attuned("resolve gpt-44 planning --require-known");
    expect(code).toBe(4);
    expect(stderr).toMatch(/gpt-4\b.*\(MODEL_NOT_FOUND\)\n$/);
  });

  test("shows every broken rule of a write", async () => {
    const line = "put gpt-4 --set planning.temperature=3 --set planning.top_p=2";
    const { code, stderr } = await attuned(line);
    expect(code).toBe(4);
    expect(stderr).toContain("(CONFIG_INVALID)");
    expect(stderr).toMatch(/\n {2}\S*temperature: /);
    expect(stderr).toMatch(/\n {2}\S*topP: /);
  });

  test("ends quietly when its reader goes away", async () => {
    const child = spawn(process.execPath, [BIN, "models"], {
      env: { ...process.env, ATTUNED_ADDRESS: address },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += chunk));
    const [code] = await once(child, "close");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.skipIf(!existsSync(STUDY))(
    "replays a study, reproduces its means, finds the drift and its end",
    async () => {
      expect(await attuned(`replay ${STUDY}`)).toMatchObject({
        code: 0,
        stdout: "accepted 17300, duplicate 0, rejected 0\n",
      });
      await stopDaemon();
      await startDaemon();
      expect((await attuned(`replay ${STUDY}`)).stdout).toBe(
        "accepted 0, duplicate 17300, rejected 0\n",
      );

      const analysis = await json("analyze temperature");
      const means = analysis.groups.slice(-7).map(({ mean }: { mean: number }) => mean.toFixed(1));
      expect(means).toEqual(["55.4", "56.8", "53.0", "51.4", "45.3", "31.0", "5.5"]);
      const { stdout, stderr } = await attuned("analyze temperature");
      expect(stderr).toContain("analysing gpt-3.5-turbo execution");
      expect(stdout).toMatch(/^ +1\.6 +100 +5\.5 .* worse$/m);
      expect(stdout).toMatch(/evidence: observational: not randomised/);

      await attuned("put gpt-3.5-turbo --set execution.temperature=1.5 --reason trial");
      await attuned("loop run");
      const drifts = await json("drift list --state open");
      expect(drifts.drifts).toMatchObject([{ parameter: "temperature", served: 1.5 }]);
      const proposed = await json("recommendations list --state proposed");
      expect(proposed.recommendations).toMatchObject([{ currentValue: 1.5 }]);

      await attuned("put gpt-3.5-turbo --unset execution.temperature --reason back");
      await attuned("loop run");
      expect(await json("drift list --state open")).toEqual({});
      expect(await json("recommendations list --state proposed")).toEqual({});
      const history = await json("history gpt-3.5-turbo");
      expect(history.changes).toMatchObject([
        { oldValue: 1.5, newValue: 0.7, reason: "back" },
        { oldValue: 0.7, newValue: 1.5, reason: "trial" },
      ]);
    },
    60_000,
  );
});
