import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Level } from "level";
import { describe, expect, onTestFinished, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { keys } from "../../src/store/keys.ts";
import { call } from "../support/connect-json.ts";
import {
  type Exit,
  residentBytes,
  root,
  runAttuned,
  serveFlags,
  startDaemon,
} from "../support/daemon.ts";
import { metricsText } from "../support/metrics-page.ts";
import { requireTool } from "../support/tools.ts";

const RESIDENT_BYTES_MAX = 100e6;
const BOOT_MS_MAX = 2000;

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "attuned-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a daemon that cannot start. */
function refused(dataDir: string, args: readonly string[] = []): Promise<Exit> {
  // With a role named nothing is logged before the reason of the refusal.
  return runAttuned(["serve", ...serveFlags(dataDir, ["--agents-role", "admin", ...args])]);
}

describe("the ready line", () => {
  test("names both ports, the revision and how long the start took", async () => {
    await using daemon = await startDaemon();
    expect(daemon.readyLine).toMatch(
      /^attuned ready agents=http:\/\/127\.0\.0\.1:\d+ management=http:\/\/127\.0\.0\.1:\d+ revision=0 boot_ms=\d+$/,
    );
    const status = await call(daemon.agentsUrl, "AdminService/GetStatus");
    expect(status).toMatchObject({ version: manifest.version });
    expect((await fetch(`${daemon.managementUrl}/readyz`)).status).toBe(200);
    await call(daemon.agentsUrl, "ModelService/PutModelConfig", {
      config: { modelName: "gpt-4", enabled: true },
    });
    const { stdout } = await daemon.stop();
    expect(stdout).toBe(`${daemon.readyLine}\n`);
    await using again = await startDaemon({ dataDir: daemon.dataDir });
    expect(again.readyLine).toContain(" revision=1 ");
  });

  test.each(["text", "json"])("is the same with %s logs, which go to stderr", async (format) => {
    await using daemon = await startDaemon({ args: ["--log-format", format] });
    const { stdout, stderr } = await daemon.stop();
    expect(stdout).toBe(`${daemon.readyLine}\n`);
    expect(stderr).toContain("draining");
    const isJson = stderr
      .trim()
      .split("\n")
      .every((line) => line.startsWith("{"));
    expect(isJson).toBe(format === "json");
  });
});

describe("a fresh daemon", () => {
  test("is ready soon and stays small", async () => {
    // What the first start compiles is kept, so that this is the second start on any machine.
    await (await startDaemon())[Symbol.asyncDispose]();
    await using daemon = await startDaemon();
    await sleep(3000);
    const resident = residentBytes(daemon.pid);
    console.log(`boot_ms=${daemon.bootMs}, idle ${(resident / 1e6).toFixed(1)} MB resident`);
    expect(daemon.bootMs).toBeLessThan(BOOT_MS_MAX);
    expect(resident).toBeLessThan(RESIDENT_BYTES_MAX);
  });

  test("has a metrics page that promtool accepts, also after traffic", async (context) => {
    const promtool = requireTool(context, "promtool");
    await using daemon = await startDaemon();
    const check = async () =>
      execFileSync(promtool, ["check", "metrics"], {
        input: await metricsText(daemon.managementUrl),
        encoding: "utf8",
        stdio: "pipe",
      });
    expect(await check()).toBe("");
    const scope = { model: "gpt-4", phase: "PHASE_PLANNING" };
    const resolved = await call(daemon.agentsUrl, "ConfigService/ResolveConfig", scope);
    await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", {
      outcomes: [
        {
          outcomeId: "o-1",
          decisionToken: resolved["decisionToken"],
          status: "OUTCOME_STATUS_OK",
          latencyMs: 12,
          inputTokens: 3,
          scores: { quality: 80 },
        },
        { outcomeId: "o-2", decisionToken: "forged", status: "OUTCOME_STATUS_OK" },
      ],
    });
    await call(daemon.agentsUrl, "ModelService/PutModelConfig", {
      config: { modelName: 'a model with "quotes"', enabled: true },
    });
    await call(daemon.agentsUrl, "OptimizerService/RunLoop");
    expect(await check()).toBe("");
  });
});

describe("a start that cannot be", () => {
  test("ends with 10 where the port is in use", async () => {
    const server = createServer();
    await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const exit = await refused(scratch(), ["--listen", `127.0.0.1:${port}`]);
    expect(exit.code).toBe(10);
    expect(exit.stdout).toBe("");
    expect(exit.stderr).toMatch(new RegExp(`^attuned: [^\\n]*${port}[^\\n]*\\n$`));
  });

  test("ends with 11 where the data directory cannot be read", async () => {
    const folder = scratch();
    writeFileSync(join(folder, "store"), "a file in the way");
    const exit = await refused(folder);
    expect(exit.code).toBe(11);
    expect(exit.stderr).toMatch(/^attuned: [^\n]*store[^\n]*\n$/);
    const onFile = await refused(join(folder, "store"));
    expect(onFile.code).toBe(11);
    expect(onFile.stderr).toMatch(/^attuned: [^\n]*store[^\n]*\n$/);
  });

  test("ends with 12 where another daemon holds the directory", async () => {
    await using daemon = await startDaemon();
    const exit = await refused(daemon.dataDir);
    expect(exit.code).toBe(12);
    expect(exit.stderr).toMatch(/^attuned: another process holds the store [^\n]*\n$/);
    expect((await fetch(`${daemon.managementUrl}/readyz`)).status).toBe(200);
  });

  test("ends with 13 where a newer version wrote the store, and leaves it alone", async () => {
    const dataDir = scratch();
    const earlier = await startDaemon({ dataDir });
    await earlier.stop();
    const schema = await writeSchema(dataDir, 99);
    const exit = await refused(dataDir);
    expect(exit.code).toBe(13);
    expect(exit.stderr).toMatch(/^attuned: [^\n]*99[^\n]*\n$/);
    await writeSchema(dataDir, schema);
    await using again = await startDaemon({ dataDir });
    expect(again.readyLine).toContain("revision=0");
  });

  test.each([
    ["an unknown flag", ["--lissten", "127.0.0.1:1"], "--lissten"],
    ["a bad value", ["--listen", "nowhere"], "--listen"],
    ["a stray word", ["extra"], "extra"],
  ])("ends with 2 for %s", async (_, args, named) => {
    const exit = await refused(scratch(), args);
    expect(exit.code).toBe(2);
    expect(exit.stdout).toBe("");
    expect(exit.stderr).toMatch(/^attuned: [^\n]*\n$/);
    expect(exit.stderr).toContain(named);
  });
});

describe("options", () => {
  test("a variable that Kubernetes sets for a service of the same name does no harm", async () => {
    const env = {
      ATTUNED_PORT: "tcp://10.0.0.1:8713",
      ATTUNED_PORT_8713_TCP_ADDR: "10.0.0.1",
      ATTUNED_SERVICE_HOST: "10.0.0.1",
      ATTUNED_SERVICE_PORT: "8713",
    };
    await using daemon = await startDaemon({ env });
    expect((await fetch(`${daemon.managementUrl}/readyz`)).status).toBe(200);
    expect((await daemon.stop()).code).toBe(0);
  });

  test("attuned config print shows where each value comes from", async () => {
    const file = join(scratch(), "attuned.yaml");
    writeFileSync(file, "loop-interval: 30\nlisten: 127.0.0.1:1111\nlog-level: warn\n");
    const exit = await runAttuned(
      ["config", "print", "--config", file, "--data-dir", "/somewhere"],
      { env: { ATTUNED_LISTEN: "127.0.0.1:2222", ATTUNED_DATA_DIR: "/elsewhere" } },
    );
    expect(exit).toMatchObject({ code: 0, stderr: "" });
    const rows = exit.stdout.split("\n").map((line) => line.trim().split(/\s{2,}/));
    expect(rows).toContainEqual(["data-dir", "/somewhere", "flag"]);
    expect(rows).toContainEqual(["listen", "127.0.0.1:2222", "environment"]);
    expect(rows).toContainEqual(["loop-interval", "30", "file"]);
    expect(rows).toContainEqual(["management", "127.0.0.1:8714", "default"]);
  });
});

describe("the Node that runs it", () => {
  test("an older Node hands over to the one that came with the package", async (context) => {
    const old = olderNode();
    if (old === undefined) {
      context.skip("no Node older than 24 is on PATH");
      return;
    }
    const version = await runAttuned(["--version"], { node: old });
    expect(version.stdout).toMatch(/^attuned \d+\.\d+\.\d+ \(node v2[4-9]\./);
    await using daemon = await startDaemon({
      command: [old, join(root, "bin/attuned.js"), "serve"],
    });
    expect(await call(daemon.agentsUrl, "AdminService/GetStatus")).toHaveProperty("version");
    expect((await daemon.stop()).code).toBe(0);
  });
});

/** The first Node on PATH that cannot run the program itself. */
function olderNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":");
  return folders
    .map((folder) => join(folder, "node"))
    .find((path) => {
      try {
        const version = execFileSync(path, ["--version"], { encoding: "utf8", stdio: "pipe" });
        return Number(/^v(\d+)/.exec(version)?.[1]) < 24;
      } catch {
        // Not every folder on PATH has a node that runs.
        return false;
      }
    });
}

/** Sets the schema version of a stopped store; answers what it was. */
async function writeSchema(dataDir: string, version: number): Promise<number> {
  const db = new Level<string, number>(join(dataDir, "store"), { valueEncoding: "json" });
  const before = await db.get(keys.meta("schema"));
  await db.put(keys.meta("schema"), version);
  await db.close();
  if (before === undefined) throw new Error("the store has no schema version");
  return before;
}
