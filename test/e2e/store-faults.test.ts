import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { type Daemon, runAttuned, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";

const PHASE = "PHASE_EXECUTION";
const scratch = mkdtempSync(join(tmpdir(), "attuned-faults-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Counted {
  readonly acceptedCount?: number;
  readonly duplicateCount?: number;
}

function batch(name: string, size = 200) {
  return Array.from({ length: size }, (_, i) => ({
    outcomeId: `${name}-${i}`,
    model: "gpt-4",
    phase: PHASE,
    settings: { temperature: 0.7 },
    status: "OUTCOME_STATUS_OK",
    latencyMs: 100,
    // Fills the disk sooner.
    labels: { filler: "x".repeat(250) },
  }));
}

async function sampleSize(daemon: Daemon): Promise<number> {
  const { metrics = [] } = await call<{ metrics?: { sampleSize: string }[] }>(
    daemon.agentsUrl,
    "OutcomeService/GetMetrics",
    { model: "gpt-4", phase: PHASE },
  );
  return Number(metrics[0]?.sampleSize ?? 0);
}

/** Reports batches until the daemon refuses one; answers how many outcomes were acknowledged, and the names that were not. */
async function reportUntilRefused(daemon: Daemon, name: string, batches: number) {
  let acknowledged = 0;
  for (let i = 0; i < batches; i++) {
    const outcomes = batch(`${name}-${i}`);
    const answer = await post(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });
    if (answer.status !== 200) return { acknowledged, refused: answer, unanswered: outcomes };
    acknowledged += Number((answer.body as Counted).acceptedCount ?? 0);
  }
  return { acknowledged, refused: undefined, unanswered: [] };
}

async function expectLookups(daemon: Daemon): Promise<void> {
  const { enabled } = await call<{ enabled: boolean }>(
    daemon.agentsUrl,
    "ConfigService/ResolveConfig",
    { model: "gpt-4", phase: PHASE },
  );
  expect(enabled).toBe(true);
}

/** A small file system in memory, or undefined where this process may not mount one. */
function mountSmallDisk(): string | undefined {
  const path = mkdtempSync(join(scratch, "disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    return undefined;
  }
}

const disk = mountSmallDisk();
afterAll(() => {
  if (disk) execFileSync("umount", ["-l", disk]);
});

/** Takes what room there is. */
function fillDisk(root: string): void {
  try {
    for (const size of [1024 * 1024, 4096])
      for (let part = 0; part < 20; part++)
        writeFileSync(join(root, `ballast-${size}-${part}`), Buffer.alloc(size, 1));
  } catch {
    // Full, as was the purpose.
  }
}

function emptyDisk(root: string): void {
  for (const name of readdirSync(root)) if (name.startsWith("ballast")) rmSync(join(root, name));
}

describe("a disk that is full", () => {
  test.skipIf(disk === undefined)(
    "costs no acknowledged outcome, leaves lookups alone, and is used again once there is room",
    async () => {
      const root = disk ?? "";
      const dataDir = join(root, "data");
      const daemon = await startDaemon({ dataDir });
      const before = await reportUntilRefused(daemon, "before", 3);
      expect(before.refused).toBeUndefined();
      fillDisk(root);
      const during = await reportUntilRefused(daemon, "during", 200);
      expect(during.refused && reasonOf(during.refused)).toBe("STORE_UNAVAILABLE");
      await expectLookups(daemon);
      const acknowledged = before.acknowledged + during.acknowledged;
      expect(await sampleSize(daemon)).toBeGreaterThanOrEqual(acknowledged);
      const page = await readMetrics(daemon.managementUrl);
      expect(sampleValue(page, "attuned_store_writable")).toBe(0);
      const status = await call(daemon.agentsUrl, "AdminService/GetStatus");
      expect(status["storeProblem"]).toContain("the disk takes no writes");
      const ready = await fetch(`${daemon.managementUrl}/readyz?verbose`);
      expect(ready.status).toBe(200);
      expect(await ready.text()).toContain("the disk takes no writes");
      emptyDisk(root);
      const outcomes = during.unanswered;
      const answer = await eventually(
        () => post(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes }),
        ({ status: code }) => code === 200,
      );
      const { acceptedCount = 0, duplicateCount = 0 } = answer.body as Counted;
      expect(acceptedCount + duplicateCount).toBe(outcomes.length);
      const total = acknowledged + outcomes.length;
      expect(await sampleSize(daemon)).toBe(total);
      await daemon.kill();
      const again = await startDaemon({ dataDir });
      expect(await sampleSize(again)).toBe(total);
      expect((await again.stop()).code).toBe(0);
    },
  );
});

/** A library that lets every fdatasync fail while a file is there, or undefined where there is no compiler. */
function buildFailingSync(): string | undefined {
  const source = join(scratch, "sync.c");
  const library = join(scratch, "sync.so");
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
int fdatasync(int fd) {
  static int (*real)(int);
  const char *flag = getenv("FAIL_SYNC_WHILE");
  if (flag && access(flag, F_OK) == 0) { errno = EIO; return -1; }
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return real(fd);
}
`,
  );
  try {
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, source, "-ldl"], { stdio: "ignore" });
    return library;
  } catch {
    return undefined;
  }
}

const failingSync = buildFailingSync();

test.skipIf(failingSync === undefined)(
  "a sync that fails acknowledges nothing, and what it left on disk counts once",
  async () => {
    const flag = join(scratch, "fail-sync");
    const dataDir = mkdtempSync(join(scratch, "sync-"));
    const env = { LD_PRELOAD: failingSync ?? "", FAIL_SYNC_WHILE: flag };
    const daemon = await startDaemon({ dataDir, env });
    expect((await reportUntilRefused(daemon, "before", 2)).acknowledged).toBe(400);
    writeFileSync(flag, "");
    const { refused, unanswered } = await reportUntilRefused(daemon, "during", 1);
    expect(refused && reasonOf(refused)).toBe("STORE_UNAVAILABLE");
    const written = await post(daemon.agentsUrl, "ModelService/PutModelConfig", {
      config: { modelName: "m", phases: [{ phase: PHASE, settings: { temperature: 0.3 } }] },
    });
    expect(reasonOf(written)).toBe("STORE_UNAVAILABLE");
    await expectLookups(daemon);
    rmSync(flag);
    await eventually(
      () => post(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes: unanswered }),
      ({ status }) => status === 200,
    );
    expect(await sampleSize(daemon)).toBe(600);
    await daemon.kill();
    await using again = await startDaemon({ dataDir });
    expect(await sampleSize(again)).toBe(600);
  },
);

/** Overwrites the middle of every file of a store that holds entries or says which do. */
function damage(dataDir: string): void {
  const store = join(dataDir, "store");
  for (const name of readdirSync(store)) {
    if (!/^MANIFEST|ldb$/.test(name)) continue;
    const path = join(store, name);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 0, bytes.length);
    writeFileSync(path, bytes);
  }
}

async function storeWithConfig(): Promise<string> {
  const dataDir = mkdtempSync(join(scratch, "store-"));
  const daemon = await startDaemon({ dataDir });
  await call(daemon.agentsUrl, "ModelService/PutModelConfig", {
    config: { modelName: "mine", phases: [{ phase: PHASE, settings: { temperature: 0.42 } }] },
  });
  await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes: batch("o", 100) });
  expect((await daemon.stop()).code).toBe(0);
  return dataDir;
}

describe("a store that is damaged", () => {
  test("is left alone, and the configs of the last good snapshot are served", async () => {
    const dataDir = await storeWithConfig();
    damage(dataDir);
    await using daemon = await startDaemon({ dataDir });
    expect(daemon.stderr()).toContain("the store is damaged");
    const answer = await call<{ settings: { temperature: number }; decisionToken: string }>(
      daemon.agentsUrl,
      "ConfigService/ResolveConfig",
      { model: "mine", phase: PHASE },
    );
    expect(answer.settings.temperature).toBe(0.42);
    const report = { outcomes: batch("p", 1) };
    const refused = await post(daemon.agentsUrl, "OutcomeService/ReportOutcomes", report);
    expect(reasonOf(refused)).toBe("STORE_UNAVAILABLE");
    expect(refused.body["message"]).toContain("attuned store repair");
    const config = { modelName: "mine", phases: [] };
    const put = await post(daemon.agentsUrl, "ModelService/PutModelConfig", { config });
    expect(reasonOf(put)).toBe("STORE_UNAVAILABLE");
    const status = await call(daemon.agentsUrl, "AdminService/GetStatus");
    expect(status["storeProblem"]).toContain("serving the configs as of");
    const page = await readMetrics(daemon.managementUrl);
    expect(sampleValue(page, "attuned_store_writable")).toBe(0);
    await daemon.stop();
    expect(readdirSync(dataDir).filter((name) => name.startsWith("degraded"))).toEqual([]);
  });

  test("without a snapshot ends the start with code 11 and what to do", async () => {
    const dataDir = await storeWithConfig();
    rmSync(join(dataDir, "last-good.json"));
    damage(dataDir);
    const exit = await runAttuned([
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--management",
      "127.0.0.1:0",
      "--data-dir",
      dataDir,
    ]);
    expect(exit.code).toBe(11);
    expect(exit.stderr).toContain("attuned store repair");
  });

  test("is found by store check, and put together by store repair as far as it can be read", async () => {
    const dataDir = await storeWithConfig();
    const whole = await runAttuned(["store", "check", "--data-dir", dataDir]);
    expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining("the store is whole")]);
    for (const name of readdirSync(join(dataDir, "store")))
      if (/^MANIFEST|^CURRENT/.test(name)) rmSync(join(dataDir, "store", name));
    expect((await runAttuned(["store", "check", "--data-dir", dataDir])).code).toBe(11);
    const repaired = await runAttuned(["store", "repair", "--data-dir", dataDir]);
    expect([repaired.code, repaired.stdout]).toEqual([
      0,
      expect.stringContaining("the store is whole"),
    ]);
    await using daemon = await startDaemon({ dataDir });
    expect(await sampleSize(daemon)).toBe(100);
  });
});

/** The write-ahead log, which holds all of a small store. */
function logOf(dataDir: string): string {
  const store = join(dataDir, "store");
  const [name = ""] = readdirSync(store).filter((each) => each.endsWith(".log"));
  return join(store, name);
}

describe("a write-ahead log that is damaged", () => {
  test("in the middle loses nothing silently: the configs are served, and repair keeps what can be read", async () => {
    const dataDir = await storeWithConfig();
    const daemon = await startDaemon({ dataDir });
    const { acknowledged } = await reportUntilRefused(daemon, "more", 6);
    await daemon.kill();
    const path = logOf(dataDir);
    const log = readFileSync(path);
    const middle = Math.floor(log.length / 2);
    log[middle] = (log[middle] ?? 0) ^ 1;
    writeFileSync(path, log);
    await expectDegraded(dataDir);
    const repaired = await runAttuned(["store", "repair", "--data-dir", dataDir]);
    expect(repaired.stdout).toMatch(/journal records? .* missing/);
    await using again = await startDaemon({ dataDir });
    expect(await temperatureOf(again)).toBe(0.42);
    const size = await sampleSize(again);
    expect(size).toBeLessThan(100 + acknowledged);
    const status = await call(again.agentsUrl, "AdminService/GetStatus");
    expect(status["storeProblem"]).toContain("are lost");
    const put = { config: { modelName: "other", phases: [] } };
    expect((await post(again.agentsUrl, "ModelService/PutModelConfig", put)).status).toBe(200);
  });

  test("from its beginning is no new store", async () => {
    const dataDir = await storeWithConfig();
    const before = readFileSync(join(dataDir, "last-good.json"), "utf8");
    writeFileSync(logOf(dataDir), Buffer.alloc(20_000, 0x5a));
    for (const name of readdirSync(join(dataDir, "store")))
      if (name.endsWith(".ldb")) rmSync(join(dataDir, "store", name));
    await expectDegraded(dataDir);
    expect(readFileSync(join(dataDir, "last-good.json"), "utf8")).toBe(before);
    const repaired = await runAttuned(["store", "repair", "--data-dir", dataDir]);
    expect(repaired.stdout).toContain("configs are as of");
    await using again = await startDaemon({ dataDir });
    expect(await temperatureOf(again)).toBe(0.42);
  });
});

async function temperatureOf(daemon: Daemon): Promise<number> {
  const { settings } = await call<{ settings: { temperature: number } }>(
    daemon.agentsUrl,
    "ConfigService/ResolveConfig",
    { model: "mine", phase: PHASE },
  );
  return settings.temperature;
}

async function expectDegraded(dataDir: string): Promise<void> {
  await using daemon = await startDaemon({ dataDir });
  expect(daemon.stderr()).toContain("the store is damaged");
  expect(await temperatureOf(daemon)).toBe(0.42);
  const report = { outcomes: batch("p", 1) };
  const refused = await post(daemon.agentsUrl, "OutcomeService/ReportOutcomes", report);
  expect(reasonOf(refused)).toBe("STORE_UNAVAILABLE");
}

describe("the store of a daemon", () => {
  test("that runs is not opened: code 12", async () => {
    await using daemon = await startDaemon();
    const exit = await runAttuned(["store", "check", "--data-dir", daemon.dataDir]);
    expect(exit.code).toBe(12);
  });

  test("that is not there is not made: code 11", async () => {
    const exit = await runAttuned(["store", "check", "--data-dir", join(scratch, "nowhere")]);
    expect(exit.code).toBe(11);
    expect(readdirSync(scratch)).not.toContain("nowhere");
  });

  test("is exported entry by entry", async () => {
    const exit = await runAttuned(["store", "export", "--data-dir", await storeWithConfig()]);
    expect(exit.code).toBe(0);
    const lines = exit.stdout.trimEnd().split("\n");
    const entries = lines.map((text) => JSON.parse(text) as { key: string[]; value?: unknown });
    const config = entries.find(({ key: [kind, name] }) => kind === "c" && name === "mine");
    expect(JSON.stringify(config?.value)).toContain("0.42");
  });
});

test("a backup is made while outcomes come in, and a daemon starts on it", async () => {
  await using daemon = await startDaemon();
  await reportUntilRefused(daemon, "before", 3);
  const directory = join(scratch, "backup");
  const address = ["--address", daemon.agentsUrl];
  const [made, during] = await Promise.all([
    runAttuned(["backup", directory, ...address]),
    reportUntilRefused(daemon, "during", 20),
  ]);
  expect([made.code, made.stderr]).toEqual([0, ""]);
  expect(during.acknowledged).toBe(4000);
  const { decisionToken } = await call<{ decisionToken: string }>(
    daemon.agentsUrl,
    "ConfigService/ResolveConfig",
    { model: "gpt-4", phase: PHASE },
  );
  const copied = join(scratch, "backup-copy");
  cpSync(directory, copied, { recursive: true });
  expect((await runAttuned(["store", "check", "--data-dir", copied])).code).toBe(0);
  await using restored = await startDaemon({ dataDir: directory });
  const size = await sampleSize(restored);
  expect(size).toBeGreaterThanOrEqual(600);
  expect(size).toBeLessThanOrEqual(4600);
  expect(size % 200).toBe(0);
  // Tokens of the original hold on the copy, and what it has is a duplicate.
  const again = await call<Counted & { rejected?: unknown }>(
    restored.agentsUrl,
    "OutcomeService/ReportOutcomes",
    {
      outcomes: [
        ...batch("before-0"),
        { outcomeId: "t", decisionToken, status: "OUTCOME_STATUS_OK" },
      ],
    },
  );
  expect(again).toEqual({ acceptedCount: 1, duplicateCount: 200 });
  const refused = await runAttuned(["backup", directory, ...address]);
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("not empty")]);
});
