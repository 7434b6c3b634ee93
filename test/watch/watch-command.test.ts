import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli } from "../../src/cli/cli.ts";
import { createConfigMap } from "../support/config-map.ts";
import { call } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

interface RunningCommand {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly code: Promise<number>;
  interrupt(): void;
}

/** Runs a command line in this process until it ends or is interrupted. */
function start(line: string, columns = 0): RunningCommand {
  const written = { stdout: "", stderr: "" };
  const givenUp = new AbortController();
  const code = runCli(line.split(" "), {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    stdin: (async function* () {})(),
    env: { LANG: "en_US.UTF-8" },
    isTty: false,
    columns,
    signal: givenUp.signal,
  });
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    code,
    interrupt: () => givenUp.abort(),
  };
}

function put(url: string, temperature: number) {
  const phases = [{ phase: "PHASE_PLANNING", settings: { temperature } }];
  return call(url, "ModelService/PutModelConfig", { config: { modelName: "gpt-4", phases } });
}

it("attuned watch prints the settings, then a line for each change, over a restart of the daemon", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "attuned-test-"));
  const first = await startDaemon({ dataDir });
  const { port } = new URL(first.agentsUrl);
  const command = start(`watch gpt-4 planning mistral execution --address ${first.agentsUrl}`);
  await eventually(command.stdout, (text) => text.includes("mistral"));
  await put(first.agentsUrl, 0.11);
  await eventually(command.stdout, (text) => text.includes("temperature 0.3 → 0.11"));
  await first.stop();
  await eventually(command.stderr, (text) => text.includes("broke off"));
  const again = ["--listen", `127.0.0.1:${port}`, "--management", "127.0.0.1:0"];
  const second = await startDaemon({ dataDir, args: again });
  await eventually(command.stderr, (text) => text.includes("connected again"));
  await put(second.agentsUrl, 0.22);
  await eventually(command.stdout, (text) => text.includes("temperature 0.11 → 0.22"));
  command.interrupt();
  expect(await command.code).toBe(0);
  const lines = command.stdout().trimEnd().split("\n");
  expect(lines[0]).toMatch(/^TIME +MODEL +PHASE +REVISION +SETTINGS$/);
  expect(lines).toHaveLength(5);
  expect(lines[2]).toMatch(/Z +mistral +execution +0 +temperature=0.7 max_tokens=2000 /);
  expect(lines[4]).toMatch(/Z +gpt-4 +planning +2 +temperature 0.11 → 0.22$/);
  await second.stop();
  rmSync(dataDir, { recursive: true });
});

it("attuned watch -o json prints one message per line and ends after --count of them", async () => {
  await using daemon = await startDaemon();
  const command = start(`watch -o json --count 2 --address ${daemon.agentsUrl}`);
  await eventually(command.stdout, (text) => text.includes("\n"));
  await put(daemon.agentsUrl, 0.5);
  expect(await command.code).toBe(0);
  const messages = command
    .stdout()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(messages.map(({ event }) => event)).toEqual([
    "WATCH_EVENT_CURRENT",
    "WATCH_EVENT_CHANGED",
  ]);
  expect(messages[0].states).toHaveLength(66);
  expect(messages[1]).toMatchObject({ revision: "1", states: [{ key: { model: "gpt-4" } }] });
});

it("attuned watch says what is wrong at once", async () => {
  await using daemon = await startDaemon();
  const odd = start(`watch gpt-4 --address ${daemon.agentsUrl}`);
  expect(await odd.code).toBe(2);
  expect(odd.stderr()).toContain("pairs of MODEL and PHASE");
  const phase = start(`watch gpt-4 plan --address ${daemon.agentsUrl}`);
  expect(await phase.code).toBe(2);
  const nobody = start("watch gpt-4 planning --address http://127.0.0.1:1");
  expect(await nobody.code).toBe(3);
});

it("attuned status shows the operator files, what was refused and where file and store disagree", async () => {
  const text = (temperature: number) => `phases: {planning: {temperature: ${temperature}}}\n`;
  using map = createConfigMap({ "gpt-4.yaml": text(0.2) });
  await using daemon = await startDaemon({ args: ["--config-dir", map.directory] });
  await put(daemon.agentsUrl, 0.9);
  map.swap({ "gpt-4.yaml": text(9) });
  const shown = async () => {
    const command = start(`status --address ${daemon.agentsUrl}`);
    await command.code;
    return command.stdout();
  };
  const output = await eventually(shown, (out) => out.includes("refused: "));
  expect(output).toContain(`1 with 1 models in ${map.directory}`);
  expect(output).toContain("refused: gpt-4.yaml:1:34: phases.planning.temperature must be");
  expect(output).toMatch(/gpt-4 +planning +temperature +0.2 +0.9 +gpt-4.yaml/);
});
