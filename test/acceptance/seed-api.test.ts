import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../src/store/migrations.ts";
import { call } from "../support/connect-json.ts";
import { type Daemon, root, startDaemon } from "../support/daemon.ts";

let daemon: Daemon = await startDaemon();
afterAll(() => daemon[Symbol.asyncDispose]());
const ask = <T>(method: string, request: object = {}) => call<T>(daemon.agentsUrl, method, request);
const get = async (path: string) => {
  const response = await fetch(`${daemon.agentsUrl}/config/${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

test("test_configuration_api (B097): the seed's routes answer in its words", async () => {
  const current = await get("current?model=gpt-4&phase=planning");
  expect(current).toMatchObject({
    status: 200,
    body: {
      model: "gpt-4",
      temperature: 0.3,
      max_tokens: 3000,
      timeout: 30,
      max_retries: 3,
      enabled: true,
    },
  });
  expect(await get("history?model=gpt-4")).toMatchObject({ status: 200, body: { changes: [] } });
  expect(await get("recommendations")).toMatchObject({
    status: 200,
    body: { recommendations: [] },
  });
  expect(await get("drift")).toMatchObject({ status: 200, body: { drifts: [] } });
});

test("B089 B090 analysis and recommendations have routes too", async () => {
  const response = await fetch(`${daemon.agentsUrl}/config/analyze`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4", phase: "execution", parameter: "temperature" }),
  });
  expect(response.status).toBe(200);
  expect(JSON.stringify(await response.json())).toMatch(/insufficient_data/i);
  expect((await get("recommendations?page_size=1")).status).toBe(200);
});

const CHANGES = [
  { phase: "PHASE_PLANNING", settings: { temperature: 0.1 } },
  { phase: "PHASE_EXECUTION", settings: { temperature: 0.5 } },
];

test("A057 A058 A059 A096 A115 A007 a variant keeps its name and its changes, and an experiment serves it", async () => {
  const variant = { baseConfig: "gpt-4", variantName: "conservative" };
  const created = await ask("ExperimentService/CreateVariant", { ...variant, changes: CHANGES });
  expect(created).toMatchObject({ variant: { ...variant, changes: CHANGES } });
  const { experiment } = await ask<{ experiment: { experimentId: string } }>(
    "ExperimentService/CreateExperiment",
    {
      name: "conservative planning",
      model: "gpt-4",
      phase: "PHASE_PLANNING",
      arms: [{ name: "control" }, { variantName: "conservative" }],
    },
  );
  await ask("ExperimentService/StartExperiment", { experimentId: experiment.experimentId });
  const seen = new Set<number>();
  for (let unit = 0; unit < 40; unit++) {
    const answer = await ask<{ model: string; settings: { temperature: number } }>(
      "ConfigService/ResolveConfig",
      {
        model: "gpt-4",
        phase: "PHASE_PLANNING",
        unit: `session-${unit}`,
      },
    );
    // The variant's label never becomes the name that is sent to the provider.
    expect(answer.model).toBe("gpt-4");
    seen.add(answer.settings.temperature);
  }
  expect([...seen].toSorted()).toEqual([0.1, 0.3]);
  await ask("ExperimentService/ConcludeExperiment", { experimentId: experiment.experimentId });
});

test("A006 A054 A056 A084 performance is tracked, and too little of it is an answer", async () => {
  const settings = { temperature: 0.7, maxTokens: 2000 };
  const outcomes = [
    {
      outcomeId: "seed-1",
      model: "gpt-4",
      phase: "PHASE_EXECUTION",
      settings,
      status: "OUTCOME_STATUS_OK",
      latencyMs: 1500,
      iterations: 5,
    },
  ];
  expect(await ask("OutcomeService/ReportOutcomes", { outcomes })).toEqual({ acceptedCount: 1 });
  const optimal = await ask("AnalysisService/GetOptimalSettings", {
    model: "gpt-4",
    phase: "PHASE_EXECUTION",
  });
  expect(JSON.stringify(optimal)).toContain("INSUFFICIENT_DATA");
});

test("A075 A076 A077 A080 configs, measures and experiments are on disk, whatever ends the daemon", async () => {
  await ask("ModelService/PutModelConfig", {
    config: {
      modelName: "kept",
      phases: [{ phase: "PHASE_PLANNING", settings: { temperature: 0.4 } }],
    },
  });
  await ask("HistoryService/SaveConfigVersion", { model: "kept", version: "v1.0.0" });
  const { dataDir } = daemon;
  const scope = { model: "gpt-4", phase: "PHASE_EXECUTION" };
  const before = {
    metrics: await ask("OutcomeService/GetMetrics", scope),
    experiments: await ask("ExperimentService/ListExperiments"),
    versions: await ask("HistoryService/ListConfigVersions", { model: "kept" }),
  };
  await daemon.kill();
  daemon = await startDaemon({ dataDir });
  expect({
    metrics: await ask("OutcomeService/GetMetrics", scope),
    experiments: await ask("ExperimentService/ListExperiments"),
    versions: await ask("HistoryService/ListConfigVersions", { model: "kept" }),
  }).toEqual(before);
  expect(await ask("AdminService/GetStatus")).toMatchObject({ schemaVersion: SCHEMA_VERSION });
});

test("A126 the readme credits the project that the seeds come from", () => {
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain("VibeAgent project");
});
