import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { runAttuned, startDaemon } from "../support/daemon.ts";

const folder = mkdtempSync(join(tmpdir(), "attuned-past-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Change {
  readonly parameter: string;
  readonly oldValue?: unknown;
  readonly newValue?: unknown;
  readonly reason: string;
}

const config = (temperature: number) => ({
  modelName: "gpt-4",
  phases: [{ phase: "PHASE_EXECUTION", settings: { temperature } }],
});
const served = async (url: string) => {
  const request = { model: "gpt-4", phase: "PHASE_EXECUTION" };
  const answer = await call<{ settings: { temperature: number } }>(
    url,
    "ConfigService/ResolveConfig",
    request,
  );
  return answer.settings.temperature;
};

test("of operators who write with the same etag at once one wins, and the others get the present one", async () => {
  await using daemon = await startDaemon();
  const url = daemon.agentsUrl;
  const { etag } = await call<{ etag: string }>(url, "ModelService/GetModelConfig", {
    model: "gpt-4",
  });
  const answers = await Promise.all(
    [0.1, 0.2, 0.3, 0.4].map((temperature) =>
      post(url, "ModelService/PutModelConfig", { config: config(temperature), etag }),
    ),
  );
  const won = answers.filter(({ status }) => status === 200);
  const lost = answers.filter(({ status }) => status !== 200);
  expect([won.length, lost.length]).toEqual([1, 3]);
  const present = won[0]?.body["etag"];
  for (const answer of lost) {
    expect([answer.body["code"], reasonOf(answer)]).toEqual(["aborted", "ETAG_STALE"]);
    expect(answer.body["details"]).toContainEqual(
      expect.objectContaining({
        debug: expect.objectContaining({ metadata: { model: "gpt-4", etag: present } }),
      }),
    );
  }
  const retried = await call(url, "ModelService/PutModelConfig", {
    config: config(0.9),
    etag: present,
  });
  expect(retried["revision"]).toBe("2");
});

test("of operators who move a label from the same version at once one wins", async () => {
  await using daemon = await startDaemon();
  const url = daemon.agentsUrl;
  for (const version of ["v1", "v2", "v3"]) {
    await call(url, "HistoryService/SaveConfigVersion", { model: "gpt-4", version });
  }
  const move = (version: string, expectedVersion = "") =>
    post(url, "HistoryService/SetLabel", {
      model: "gpt-4",
      label: "production",
      version,
      expectedVersion,
    });
  await move("v1");
  const answers = await Promise.all([move("v2", "v1"), move("v3", "v1")]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
});

describe("B067 B068 A116 the past through kill -9", () => {
  test("versions, labels, overrides, snapshots and past revisions are all there", async () => {
    const dataDir = join(folder, "killed");
    const first = await startDaemon({ dataDir });
    const url = first.agentsUrl;
    await call(url, "ModelService/PutModelConfig", { config: config(0.5), reason: "first" });
    await call(url, "HistoryService/SaveConfigVersion", { model: "gpt-4", version: "v1.0.0" });
    await call(url, "HistoryService/SetLabel", {
      model: "gpt-4",
      label: "production",
      version: "v1.0.0",
    });
    await call(url, "HistoryService/PutOverride", {
      override: { model: "gpt-4", selector: { agent: "a" }, settings: { temperature: 0.2 } },
    });
    await call(url, "ModelService/PutModelConfig", { config: config(0.9), reason: "second" });
    await first.kill();

    await using second = await startDaemon({ dataDir });
    const again = second.agentsUrl;
    expect(await served(again)).toBe(0.9);
    const { versions } = await call<{ versions: object[] }>(
      again,
      "HistoryService/ListConfigVersions",
      { model: "gpt-4" },
    );
    expect(versions).toMatchObject([{ version: "v1.0.0", labels: ["production"] }]);
    const compared = await call<{ differences: Change[] }>(again, "HistoryService/CompareConfigs", {
      left: { revision: { model: "gpt-4", revision: "1" } },
      right: { live: { model: "gpt-4" } },
    });
    expect(compared.differences).toMatchObject([{ oldValue: 0.5, newValue: 0.9 }]);
    const { overrides } = await call<{ overrides: object[] }>(
      again,
      "HistoryService/ListOverrides",
    );
    expect(overrides).toHaveLength(1);
    const back = await call<{ changes: Change[] }>(again, "HistoryService/Rollback", {
      model: "gpt-4",
      version: "production",
      reason: "0.9 was worse",
    });
    expect(back.changes).toMatchObject([
      { parameter: "temperature", oldValue: 0.9, newValue: 0.5, reason: "0.9 was worse" },
    ]);
    expect(await served(again)).toBe(0.5);
  });

  test("with --label, lookups serve the label's version, and a write waits for its move", async () => {
    await using daemon = await startDaemon({
      dataDir: join(folder, "labelled"),
      args: ["--label", "production"],
    });
    const url = daemon.agentsUrl;
    const written = await call(url, "ModelService/PutModelConfig", { config: config(0.5) });
    expect([written["served"], await served(url)]).toEqual([false, 0.7]);
    await call(url, "HistoryService/SaveConfigVersion", { model: "gpt-4", version: "v1" });
    const move = { model: "gpt-4", label: "production", version: "v1" };
    expect(await call(url, "HistoryService/SetLabel", move)).toMatchObject({ served: true });
    expect(await served(url)).toBe(0.5);
  });
});

test("the command line says what the daemon refuses, with the line of the file", async () => {
  await using daemon = await startDaemon();
  const path = join(folder, "broken.yaml");
  writeFileSync(
    path,
    "format: attuned/v1\nconfigs:\n  - model_name: gpt-4\n    phases:\n      planning: {temperature: 3}\n",
  );
  const run = (...args: string[]) =>
    runAttuned(args, { env: { ATTUNED_ADDRESS: daemon.agentsUrl } });
  const imported = await run("import", path);
  expect(imported.code).toBe(4);
  expect(imported.stderr).toContain("line 5");
  expect(imported.stderr).toContain("temperature must be at least 0 and at most 2");
  const shown = await run("versions", "gpt-4", "show", "v1");
  expect(shown.code).toBe(4);
  expect(shown.stderr).toContain("VERSION_NOT_FOUND");
  const exported = await run("export");
  expect(exported.stdout).toBe(
    "format: attuned/v1\nconfigs: []\nprompts: []\noverrides: []\nversions: []\nlabels: []\n",
  );
});
