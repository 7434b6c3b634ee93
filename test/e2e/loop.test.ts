import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { type Daemon, runAttuned, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { describeWith, findTool, sharedData } from "../support/tools.ts";

const FILE = "replay/temperature-gpt-3.5-turbo.ndjson.gz";
const LINES = 17_300;
const MODEL = "gpt-3.5-turbo";
/** Short, so that the loop finds by itself what the tests wait for. */
const INTERVAL = ["--loop-interval", "0.5"];
const SCOPE = { model: MODEL, phase: "PHASE_EXECUTION" };
const PAIR = { model: MODEL, phase: "execution" };
/** Mean right share from temperature 1.0 on, over all exams and prompts, as the description of the data states it. */
const MEANS_FROM_ONE = [0.554, 0.568, 0.53, 0.514, 0.453, 0.31, 0.055];

interface Analysis {
  readonly groups: readonly {
    readonly value: number;
    readonly sampleSize: string;
    readonly mean: number;
    readonly optimal: boolean;
  }[];
  readonly optimum: readonly { readonly low: number; readonly high: number }[];
  readonly evidence: string;
  readonly insights: readonly { readonly code: string; readonly text: string }[];
  readonly tails: readonly {
    readonly values: readonly number[];
    readonly differenceLow: number;
    readonly differenceHigh: number;
  }[];
}

interface Findings {
  readonly drifts: readonly {
    readonly driftId: string;
    readonly state: string;
    readonly magnitude: number;
  }[];
  readonly recommendations: readonly {
    readonly recommendationId: string;
    readonly state: string;
    readonly recommendedValue: number;
  }[];
}

describeWith({ tools: ["prometheus"], data: [FILE] }, "the loop on recorded outcomes", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "attuned-loop-"));
  let daemon: Daemon;
  let prometheus: Prometheus;
  beforeAll(async () => {
    daemon = await startDaemon({ dataDir, args: INTERVAL });
    prometheus = await startPrometheus(findTool("prometheus") ?? "", managementHost());
  });
  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const managementHost = () => new URL(daemon.managementUrl).host;

  /** A daemon on the store of the one that ended, on the same management port, where Prometheus finds it again. */
  async function startAgain(): Promise<void> {
    daemon = await startDaemon({ dataDir, args: [...INTERVAL, "--management", managementHost()] });
  }

  async function attuned(...words: readonly string[]): Promise<string> {
    const result = await runAttuned(words, { env: { ATTUNED_ADDRESS: daemon.agentsUrl } });
    expect(result.stderr).not.toContain("error");
    expect(result.code).toBe(0);
    return result.stdout;
  }

  async function attunedJson<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await attuned(...words, "-o", "json"));
  }

  async function findings(): Promise<Findings> {
    const [{ drifts = [] }, { recommendations = [] }] = await Promise.all([
      call<Partial<Findings>>(daemon.agentsUrl, "AnalysisService/ListDrifts"),
      call<Partial<Findings>>(daemon.agentsUrl, "OptimizerService/ListRecommendations"),
    ]);
    return { drifts, recommendations };
  }

  /** What Prometheus knows of the pair: whether the drift is open, and the states that are 1. */
  async function seenByPrometheus(): Promise<{ drift: number | undefined; states: string[] }> {
    const selector = `{model="${MODEL}",phase="execution"`;
    const [drift] = await prometheus.query(
      `attuned_config_drift_detected${selector},kind="config",evidence="observational"}`,
    );
    const states = await prometheus.query(`attuned_recommendation_state${selector}} == 1`);
    return { drift: drift?.value, states: states.map(({ labels }) => labels["state"] ?? "") };
  }

  test("a first replay is accepted whole, a second one is all duplicates", async () => {
    const path = sharedData(FILE);
    expect(await attuned("replay", path)).toBe(`accepted ${LINES}, duplicate 0, rejected 0\n`);
    expect(await attuned("replay", path)).toBe(`accepted 0, duplicate ${LINES}, rejected 0\n`);
  });

  test("after a restart every outcome is still known", async () => {
    expect((await daemon.stop()).code).toBe(0);
    await startAgain();
    expect(await attuned("replay", sharedData(FILE))).toBe(
      `accepted 0, duplicate ${LINES}, rejected 0\n`,
    );
    const { metrics } = await call<{ metrics: { sampleSize: string }[] }>(
      daemon.agentsUrl,
      "OutcomeService/GetMetrics",
      SCOPE,
    );
    const counted = metrics.reduce((sum, { sampleSize }) => sum + Number(sampleSize), 0);
    expect(counted).toBe(LINES);
  });

  test("the analysis reproduces the pooled means, on the command line as in the RPC", async () => {
    const shown = await attunedJson<Analysis>("analyze", "temperature");
    const answered = await call<Analysis>(
      daemon.agentsUrl,
      "AnalysisService/AnalyzeParameterImpact",
      {
        ...SCOPE,
        parameter: "temperature",
        metric: "quality",
      },
    );
    expect(shown).toStrictEqual(answered);
    const truth = pooledMeans();
    expect(shown.groups.map(({ value }) => value)).toStrictEqual([...truth.keys()]);
    for (const { value, sampleSize, mean } of shown.groups) {
      expect(mean).toBeCloseTo(truth.get(value)?.mean ?? Number.NaN, 9);
      expect(Number(sampleSize)).toBe(truth.get(value)?.count);
    }
    const fromOne = shown.groups.filter(({ value }) => value >= 1);
    expect(fromOne.map(({ mean }) => Math.round(mean * 10) / 1000)).toStrictEqual(MEANS_FROM_ONE);
    const table = await attuned("analyze", "temperature");
    for (const { value, sampleSize, mean } of shown.groups)
      expect(table).toMatch(
        new RegExp(`^ *${value.toFixed(1)} +${sampleSize} +${mean.toFixed(1)} `, "m"),
      );
  });

  test("it claims nothing about 0.0 to 1.0, and that quality collapses above 1.3", async () => {
    const shown = await attunedJson<Analysis>("analyze", "temperature");
    const plateau = shown.groups.filter(({ value }) => value <= 1);
    expect(plateau).toHaveLength(11);
    expect(plateau.every(({ optimal }) => optimal)).toBe(true);
    expect(shown.optimum).toStrictEqual([{ low: 0, high: 1.3 }]);
    expect(shown.evidence).toBe("EVIDENCE_OBSERVATIONAL");
    const [tail] = shown.tails;
    expect(tail?.values).toStrictEqual([1.4, 1.5, 1.6]);
    expect(tail?.differenceHigh).toBeLessThan(0);
    expect(tail?.differenceLow).toBeLessThan(tail?.differenceHigh ?? 0);
    const pass = await attunedJson<Pick<Analysis, "insights">>("loop", "run");
    expect(pass.insights).toStrictEqual(shown.insights);
    expect(pass.insights.map(({ code }) => code)).toStrictEqual([
      "TAIL_WORSE",
      "LEVELS_WORSE",
      "NO_DIFFERENCE_SHOWN",
    ]);
    expect(pass.insights[0]?.text).toMatch(/^Above temperature 1\.3 quality is lower by /);
    expect(await attuned("loop", "run")).toContain("(observational)");
  });

  test("while 0.7 is served nothing has drifted and nothing is proposed", async () => {
    expect(await findings()).toStrictEqual({ drifts: [], recommendations: [] });
    const seen = await eventually(seenByPrometheus, ({ drift }) => drift !== undefined);
    expect(seen).toStrictEqual({ drift: 0, states: ["none"] });
  });

  test("serving 1.5 opens a drift and proposes the way back, and applies nothing", async () => {
    await attuned("put", MODEL, "--set", "execution.temperature=1.5", "--reason", "trial");
    const { drifts, recommendations } = await eventually(
      findings,
      (found) => found.recommendations.length > 0,
    );
    expect(drifts).toMatchObject([
      {
        kind: "DRIFT_KIND_CONFIG",
        state: "DRIFT_STATE_OPEN",
        ...SCOPE,
        parameter: "temperature",
        served: 1.5,
        optimum: [{ low: 0, high: 1.3 }],
        magnitude: 0.2,
        threshold: 0.1,
        evidence: "EVIDENCE_OBSERVATIONAL",
        sampleSize: String(LINES),
      },
    ]);
    expect(recommendations).toMatchObject([
      {
        kind: "RECOMMENDATION_KIND_DRIFT",
        state: "RECOMMENDATION_STATE_PROPOSED",
        ...SCOPE,
        parameter: "temperature",
        currentValue: 1.5,
        evidence: "EVIDENCE_OBSERVATIONAL",
        driftId: drifts[0]?.driftId,
        parentRevision: "1",
      },
    ]);
    expect(recommendations[0]?.recommendedValue).toBeLessThanOrEqual(1.3);
    const resolved = await call<{ settings: { temperature: number } }>(
      daemon.agentsUrl,
      "ConfigService/ResolveConfig",
      SCOPE,
    );
    expect(resolved.settings.temperature).toBe(1.5);
  });

  test("the command line, the RPCs, /metrics and Prometheus say the same of it", async () => {
    const { drifts, recommendations } = await findings();
    expect(await attunedJson("drift", "list")).toStrictEqual({ drifts });
    expect(await attunedJson("recommendations", "list")).toStrictEqual({ recommendations });
    const page = await readMetrics(daemon.managementUrl);
    const drift = { ...PAIR, kind: "config", evidence: "observational" };
    expect(sampleValue(page, "attuned_config_drift_detected", drift)).toBe(1);
    expect(sampleValue(page, "attuned_config_drift_score", drift)).toBe(drifts[0]?.magnitude);
    const states = page.filter(({ name }) => name === "attuned_recommendation_state");
    expect(states).toHaveLength(10);
    expect(states.filter(({ value }) => value === 1)).toStrictEqual([
      { name: "attuned_recommendation_state", labels: { ...PAIR, state: "proposed" }, value: 1 },
    ]);
    expect(sampleValue(page, "attuned_recommendations_total", { status: "proposed" })).toBe(1);
    const seen = await eventually(seenByPrometheus, (now) => now.states[0] === "proposed");
    expect(seen).toStrictEqual({ drift: 1, states: ["proposed"] });
    const score = await prometheus.query("attuned_config_drift_score");
    expect(score).toStrictEqual([{ labels: drift, value: 0.2 }]);
  });

  test("an open drift and its proposal survive a restart", async () => {
    const before = await findings();
    await daemon.kill();
    await startAgain();
    expect(await findings()).toStrictEqual(before);
    const page = await readMetrics(daemon.managementUrl);
    const startedAt = sampleValue(page, "process_start_time_seconds");
    await eventually(
      () => prometheus.query('process_start_time_seconds{job="attuned"}'),
      ([seen]) => seen?.value === startedAt,
    );
    expect(await seenByPrometheus()).toStrictEqual({ drift: 1, states: ["proposed"] });
  });

  test("serving 0.7 again resolves the drift and expires the proposal", async () => {
    await attuned("put", MODEL, "--set", "execution.temperature=0.7", "--reason", "back");
    const { drifts, recommendations } = await eventually(
      findings,
      // The two lists are read one after the other, and a pass may fall in between.
      (found) =>
        found.drifts[0]?.state !== "DRIFT_STATE_OPEN" &&
        found.recommendations[0]?.state !== "RECOMMENDATION_STATE_PROPOSED",
    );
    expect(drifts).toMatchObject([{ state: "DRIFT_STATE_RESOLVED", magnitude: 0.2 }]);
    expect(recommendations).toMatchObject([{ state: "RECOMMENDATION_STATE_EXPIRED" }]);
    expect(await attunedJson("drift", "list", "--state", "open")).toStrictEqual({});
    const page = await readMetrics(daemon.managementUrl);
    const drift = { ...PAIR, kind: "config", evidence: "observational" };
    expect(sampleValue(page, "attuned_config_drift_score", drift)).toBe(0);
    // The drift resolves first and the proposal expires after it: a scrape may fall in between.
    const seen = await eventually(seenByPrometheus, ({ states }) => states[0] === "none");
    expect(seen).toStrictEqual({ drift: 0, states: ["none"] });
  });
});

/** Count and mean quality at each temperature, ascending, straight from the file. */
function pooledMeans(): ReadonlyMap<number, { readonly count: number; readonly mean: number }> {
  const sums = new Map<number, { count: number; sum: number }>();
  const lines = gunzipSync(readFileSync(sharedData(FILE)))
    .toString("utf8")
    .split("\n");
  for (const line of lines.filter((each) => each !== "")) {
    const { settings, scores } = JSON.parse(line);
    const known = sums.get(settings.temperature) ?? { count: 0, sum: 0 };
    sums.set(settings.temperature, { count: known.count + 1, sum: known.sum + scores.quality });
  }
  const ascending = [...sums].toSorted(([a], [b]) => a - b);
  return new Map(ascending.map(([value, { count, sum }]) => [value, { count, mean: sum / count }]));
}
