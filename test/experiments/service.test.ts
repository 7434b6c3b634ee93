import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { createWatchClient } from "../support/watch-client.ts";

interface WireResolution {
  readonly settings: { readonly temperature: number };
  readonly reason: string;
  readonly cacheable: boolean;
  readonly maxAgeSeconds?: number;
  readonly scoreRequested: boolean;
  readonly decisionToken: string;
}

interface WireResults {
  readonly arms: readonly Record<string, string | undefined>[];
  readonly pending?: string;
}

const LOOKUP = { model: "gpt-4", phase: "PHASE_EXECUTION" };
let daemon: Daemon;
let experimentId = "";

beforeAll(async () => {
  daemon = await startDaemon();
  const { experiment, forecast } = await call<{
    experiment: { experimentId: string; state: string };
    forecast: { unitsLikely: string; text: string };
  }>(daemon.agentsUrl, "ExperimentService/CreateExperiment", {
    ...LOOKUP,
    name: "cooler",
    arms: [{}, { changes: { temperature: 0.2 } }],
  });
  experimentId = experiment.experimentId;
  expect(experiment.state).toBe("EXPERIMENT_STATE_DRAFT");
  expect(Number(forecast.unitsLikely)).toBeGreaterThan(1000);
  expect(forecast.text).toContain("no calls came");
  await call(daemon.agentsUrl, "ExperimentService/StartExperiment", { experimentId });
});

afterAll(() => daemon[Symbol.asyncDispose]());

const resolve = (request: object) =>
  call<WireResolution>(daemon.agentsUrl, "ConfigService/ResolveConfig", { ...LOOKUP, ...request });

/** Assignments are counted once they are on disk. */
async function assigned(): Promise<number> {
  const read = () =>
    call<WireResults>(daemon.agentsUrl, "ExperimentService/GetExperimentResults", { experimentId });
  let results = await read();
  const sum = () => results.arms.reduce((total, arm) => total + Number(arm["assigned"] ?? 0), 0);
  while (sum() < Number(results.pending ?? 0)) results = await read();
  return sum();
}

async function get(
  request: object,
): Promise<{ body: WireResolution; cacheControl: string | null }> {
  const message = encodeURIComponent(JSON.stringify({ ...LOOKUP, ...request }));
  const url = `${daemon.agentsUrl}/attuned.v1.ConfigService/ResolveConfig?connect=v1&encoding=json&message=${message}`;
  const response = await fetch(url);
  const body = (await response.json()) as WireResolution;
  return { body, cacheControl: response.headers.get("cache-control") };
}

test("what only looks, or may be repeated by others, answers control and enrols nobody", async () => {
  const before = await assigned();
  const control = { reason: "RESOLUTION_REASON_DEFAULT", cacheable: false };
  for (let i = 0; i < 10; i++)
    expect(await resolve({ unit: `peek-${i}`, peek: true })).toMatchObject({
      ...control,
      settings: { temperature: 0.7 },
    });
  const requests = Array.from({ length: 10 }, (_, i) => ({ ...LOOKUP, unit: `batch-${i}` }));
  const { results } = await call<{ results: { resolution: WireResolution }[] }>(
    daemon.agentsUrl,
    "ConfigService/BatchResolveConfigs",
    { requests },
  );
  for (const { resolution } of results)
    expect(resolution).toMatchObject({ ...control, settings: { temperature: 0.7 } });
  const { body, cacheControl } = await get({});
  expect(body).toMatchObject(control);
  expect(cacheControl).toBe("no-store");
  expect(await assigned()).toBe(before);
});

test("a watch, also of everything, and the routes of the seed enrol nobody either", async () => {
  const before = await assigned();
  using client = createWatchClient(daemon.agentsUrl);
  for (const keys of [[{ model: "gpt-4", phase: Phase.EXECUTION, attributes: {} }], []]) {
    await using watch = client.watch({ keys });
    await watch.next();
  }
  for (let i = 0; i < 5; i++) {
    const response = await fetch(`${daemon.agentsUrl}/config/current?model=gpt-4&phase=execution`);
    expect(response.status).toBe(200);
  }
  expect(await assigned()).toBe(before);
});

test("a unit window of 30 minutes and a period of a day are the default, and each metric has its own attribution window", async () => {
  const { experiment } = await call<{ experiment: Record<string, unknown> }>(
    daemon.agentsUrl,
    "ExperimentService/CreateExperiment",
    {
      ...LOOKUP,
      name: "defaults",
      arms: [{}, { changes: { temperature: 0.2 } }],
      metrics: [{ metric: "success" }, { metric: "quality", missing: "MISSING_POLICY_CENSOR" }],
    },
  );
  expect(experiment).toMatchObject({
    unitWindowSeconds: 1800,
    periodSeconds: 86400,
    scoreFraction: 1,
    metrics: [
      { metric: "success", missing: "MISSING_POLICY_FAILURE", ttlSeconds: 300 },
      { metric: "quality", missing: "MISSING_POLICY_CENSOR", ttlSeconds: 3600 },
    ],
  });
});

test("a GET with a unit enrols it once, and says no-store", async () => {
  const before = await assigned();
  const first = await get({ unit: "by-get" });
  expect(first.cacheControl).toBe("no-store");
  expect(first.body).toMatchObject({ reason: "RESOLUTION_REASON_EXPERIMENT", cacheable: false });
  const again = await get({ unit: "by-get" });
  const posted = await resolve({ unit: "by-get" });
  expect(again.body.settings).toEqual(first.body.settings);
  expect(posted.settings).toEqual(first.body.settings);
  expect(await assigned()).toBe(before + 1);
});

test("GetLLMParams serves the unit's arm, and asks for its score, as ResolveConfig does", async () => {
  const paramsOf = (request: object) =>
    call<{ params: { temperature: number }; scoreRequested: boolean }>(
      daemon.agentsUrl,
      "ConfigService/GetLLMParams",
      { ...LOOKUP, mode: "RENDER_MODE_RAW", ...request },
    );
  const { settings, scoreRequested } = await resolve({ unit: "params" });
  expect(scoreRequested).toBe(true);
  const { params, ...answer } = await paramsOf({ unit: "params" });
  expect(params.temperature).toBe(settings.temperature);
  expect(answer.scoreRequested).toBe(true);
  expect(await paramsOf({ unit: "params", peek: true })).toMatchObject({ scoreRequested: false });
});

describe("an assignment token", () => {
  test("counts its outcome for the arm, apart from the config id", async () => {
    const { decisionToken, settings } = await resolve({ unit: "reporting" });
    const outcome = { outcomeId: "o-1", decisionToken, status: "OUTCOME_STATUS_OK" };
    const report = await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", {
      outcomes: [outcome],
    });
    expect(report).toMatchObject({ acceptedCount: 1 });
    const { metrics } = await call<{ metrics: { configId: string; settings: object }[] }>(
      daemon.agentsUrl,
      "OutcomeService/GetMetrics",
      LOOKUP,
    );
    expect(metrics).toHaveLength(1);
    const arm = settings.temperature === 0.2 ? 1 : 0;
    expect(metrics[0]).toMatchObject({
      configId: `${experimentId}.${arm}`,
      settings: { temperature: settings.temperature },
    });
  });

  test("that is damaged, or of another daemon, is refused and leaves the rest of the batch alone", async () => {
    const { decisionToken } = await resolve({ unit: "damaged" });
    await using other = await startDaemon();
    const { experiment } = await call<{ experiment: { experimentId: string } }>(
      other.agentsUrl,
      "ExperimentService/CreateExperiment",
      { ...LOOKUP, name: "other", arms: [{}, { changes: { temperature: 0.2 } }] },
    );
    await call(other.agentsUrl, "ExperimentService/StartExperiment", {
      experimentId: experiment.experimentId,
    });
    const foreign = await call<WireResolution>(other.agentsUrl, "ConfigService/ResolveConfig", {
      ...LOOKUP,
      unit: "a",
    });
    const tokens = [
      `${decisionToken.slice(0, 40)}${decisionToken[40] === "A" ? "B" : "A"}${decisionToken.slice(41)}`,
      foreign.decisionToken,
      decisionToken,
    ];
    const outcomes = tokens.map((token, i) => ({
      outcomeId: `t-${i}`,
      decisionToken: token,
      status: "OUTCOME_STATUS_OK",
    }));
    const report = await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });
    expect(report).toMatchObject({
      acceptedCount: 1,
      rejected: [{ reason: "TOKEN_INVALID" }, { index: 1, reason: "TOKEN_INVALID" }],
    });
  });
});

describe("a request is refused", () => {
  const create = (request: object) =>
    post(daemon.agentsUrl, "ExperimentService/CreateExperiment", {
      ...LOOKUP,
      name: "x",
      arms: [{}, { changes: { temperature: 0.2 } }],
      ...request,
    });

  test.each([
    ["without arms", { arms: [] }, "EXPERIMENT_INVALID"],
    [
      "with a control that changes something",
      { arms: [{ changes: { temperature: 1 } }, { changes: { temperature: 0.2 } }] },
      "EXPERIMENT_INVALID",
    ],
    [
      "with a value that no provider takes",
      { arms: [{}, { changes: { temperature: 9 } }] },
      "EXPERIMENT_INVALID",
    ],
    [
      "with shares that do not add up",
      { arms: [{ weight: 0.5 }, { weight: 0.4, changes: { temperature: 1 } }] },
      "EXPERIMENT_INVALID",
    ],
    [
      "with a primary metric that leaves units out",
      { metrics: [{ metric: "success", missing: "MISSING_POLICY_CENSOR" }] },
      "EXPERIMENT_INVALID",
    ],
    ["with latency without a cap", { metrics: [{ metric: "latency" }] }, "EXPERIMENT_INVALID"],
    [
      "with a period shorter than window and deadlines",
      { periodSeconds: 60 },
      "EXPERIMENT_INVALID",
    ],
    [
      "with an attribute that is no dimension",
      { attributes: { tenant: "x" } },
      "ATTRIBUTES_INVALID",
    ],
    ["without a phase", { phase: "PHASE_UNSPECIFIED" }, "PHASE_REQUIRED"],
    ["for a model that nobody knows", { model: "no-such-model" }, "MODEL_NOT_FOUND"],
    [
      "with a variant that is not there",
      { arms: [{}, { variantName: "none" }] },
      "VARIANT_NOT_FOUND",
    ],
  ])("%s", async (_what, request, reason) => {
    expect(reasonOf(await create(request))).toBe(reason);
  });

  test("to start a second experiment in the scope", async () => {
    const { body } = await create({});
    const { experimentId: second } = body["experiment"] as { experimentId: string };
    const refused = await post(daemon.agentsUrl, "ExperimentService/StartExperiment", {
      experimentId: second,
    });
    expect(reasonOf(refused)).toBe("EXPERIMENT_CONFLICT");
  });
});

test("lists experiments newest first, page by page", async () => {
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await call<{
      experiments: { experimentId: string; name: string }[];
      nextPageToken?: string;
    }>(daemon.agentsUrl, "ExperimentService/ListExperiments", { pageSize: 1, pageToken });
    seen.push(...page.experiments.map(({ name }) => name));
    pageToken = page.nextPageToken ?? "";
  } while (pageToken !== "");
  expect(seen).toEqual(["x", "defaults", "cooler"]);
});

test("a person's write to the varied field aborts the experiment", async () => {
  const config = {
    modelName: "gpt-4",
    phases: [{ phase: "PHASE_EXECUTION", settings: { temperature: 0.5 } }],
  };
  await call(daemon.agentsUrl, "ModelService/PutModelConfig", { config });
  const { experiment } = await call<{ experiment: { state: string } }>(
    daemon.agentsUrl,
    "ExperimentService/GetExperiment",
    { experimentId },
  );
  expect(experiment.state).toBe("EXPERIMENT_STATE_ABORTED");
  expect(await resolve({ unit: "reporting" })).toMatchObject({
    cacheable: true,
    settings: { temperature: 0.5 },
  });
});
