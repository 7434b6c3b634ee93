import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";
import { type CliResult, cli } from "./run.ts";

const SCOPE = { model: "gpt-4", phase: "PHASE_EXECUTION" };
const folder = mkdtempSync(join(tmpdir(), "attuned-cli-experiments-"));
let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon();
});

afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function attuned(line: string): Promise<CliResult> {
  return cli(`${line} --address ${daemon.agentsUrl}`);
}

/** What a command that must succeed printed, with one space between words. */
async function shown(line: string): Promise<string> {
  const { code, stdout, stderr } = await attuned(line);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("error") });
  return stdout.replaceAll(/[^\S\n]+/g, " ");
}

async function created(name: string, more = "--set temperature=0.2"): Promise<string> {
  const { experiment, forecast } = JSON.parse(
    (await attuned(`experiment create gpt-4 execution ${name} ${more} -o json`)).stdout,
  );
  expect(forecast.text).toContain("units for an answer");
  return experiment.experimentId;
}

async function tokenOf(unit: string): Promise<string> {
  const { decisionToken } = await call<{ decisionToken: string }>(
    daemon.agentsUrl,
    "ConfigService/ResolveConfig",
    { ...SCOPE, unit },
  );
  return decisionToken;
}

describe("an experiment on the command line", () => {
  test("is planned, listed, started, seen, paused, gone on with and concluded", async () => {
    const id = await created("cooler", "--set temperature=0.2 --metric quality --metric success");
    expect(await shown("experiment list --state draft")).toContain(`${id} cooler draft gpt-4`);
    expect(await shown(`experiment get ${id}`)).toContain("metrics quality, success");
    expect(await shown(`experiment start ${id}`)).toBe(`${id} cooler: running\n`);
    expect(await shown("experiment list --state running")).toContain(id);
    const tokens = await Promise.all(["a", "b", "c"].map(tokenOf));
    expect(await shown(`feedback --decision ${tokens[0]} --score quality=80 --source judge`)).toBe(
      "accepted 1, duplicate 0, rejected 0\n",
    );
    const results = await shown(`experiment results ${id}`);
    expect(results).toContain(`${id} cooler: running`);
    expect(results).toContain("winner: none so far\nwhat to do: let it run");
    expect(results).toMatch(/arm-1 quality 0 - - .* nothing shown yet/);
    expect(results).toContain("check of sample ratio");
    expect(results).toContain("check of reporting, arm-1");
    const { forecast } = await call<{ forecast: { text: string; unitsHalf: string } }>(
      daemon.agentsUrl,
      "ExperimentService/GetExperimentResults",
      { experimentId: id },
    );
    expect(results).toContain(`; ${forecast.unitsHalf} units with a chance of one half`);
    const json = await call<{ arms: { assigned?: string }[] }>(
      daemon.agentsUrl,
      "ExperimentService/GetExperimentResults",
      { experimentId: id },
    );
    const assigned = json.arms.reduce((sum, arm) => sum + Number(arm.assigned ?? 0), 0);
    expect(assigned).toBe(3);
    expect((await attuned(`experiment results ${id}`)).stderr).toContain("3 units wait");
    expect(await shown(`experiment pause ${id} --reason lunch`)).toBe(`${id} cooler: paused\n`);
    expect(await shown(`experiment get ${id}`)).toContain("state reason lunch");
    expect(await shown(`experiment start ${id}`)).toContain("running");
    expect(await shown(`experiment conclude ${id}`)).toBe(`${id} cooler: concluded\n`);
    expect(await shown("experiment list --state concluded")).toContain(id);
  });

  test("of a variant serves what the variant says", async () => {
    const put = "experiment variant gpt-4 calm --phase execution --set temperature=0.1";
    expect(await shown(put)).toBe("variant calm of gpt-4\n");
    const id = await created("calm", "--variant calm --weight 0.9 --weight 0.1");
    const one = await shown(`experiment get ${id}`);
    expect(one).toContain("control 90.0%");
    expect(one).toContain("calm 10.0% temperature=0.1");
  });

  test("that is refused says why, and what to do", async () => {
    const missing = await attuned("experiment start exp-nowhere");
    expect(missing.code).toBe(4);
    expect(missing.stderr).toContain("no experiment has the id");
    const id = await created("idle");
    const paused = await attuned(`experiment pause ${id}`);
    expect(paused.stderr).toContain("is draft and cannot become paused");
    expect((await attuned("experiment create gpt-4 execution x")).code).toBe(2);
  });
});

describe("feedback", () => {
  const outcome = (outcomeId: string, more: object = {}) => ({
    ...SCOPE,
    outcomeId,
    phase: "PHASE_PLANNING",
    settings: { temperature: 0.4 },
    status: "OUTCOME_STATUS_OK",
    latencyMs: 1500,
    ...more,
  });

  beforeAll(async () => {
    const costs = { inputTokens: 300, outputTokens: 150 };
    const outcomes = [
      outcome("o-1", { externalRef: "trace-1", ...costs }),
      outcome("o-2"),
      outcome("o-2"),
      outcome("o-3", { latencyMs: -1 }),
    ];
    await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });
  });

  test("scores an outcome by its id or its reference, and a file of items", async () => {
    const done = "accepted 1, duplicate 0, rejected 0\n";
    expect(await shown("feedback --outcome o-1 --score quality=80")).toBe(done);
    expect(await shown("feedback --ref trace-1 --score quality=90 --source judge")).toBe(done);
    const items = [
      { outcomeId: "o-2", scores: { quality: 40 } },
      { externalRef: "trace-1", scores: { quality: 90 }, source: "judge" },
    ];
    const files = {
      "request.json": JSON.stringify({ feedback: items }),
      "list.json": JSON.stringify(items, null, 2),
      "lines.jsonl": `${items.map((item) => JSON.stringify(item)).join("\n")}\n\n`,
    };
    const told: string[] = [];
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), content);
      told.push(await shown(`feedback --file ${join(folder, name)}`));
    }
    expect(told).toEqual([
      "accepted 1, duplicate 1, rejected 0\n",
      "accepted 0, duplicate 2, rejected 0\n",
      "accepted 0, duplicate 2, rejected 0\n",
    ]);
  });

  test("that is refused ends with 1 and its reason, a wrong command line with 2", async () => {
    const unknown = await attuned("feedback --outcome nobody --score quality=1");
    expect(unknown.code).toBe(1);
    expect(unknown.stdout).toContain("TARGET_NOT_FOUND");
    expect((await attuned("feedback --decision nonsense --score quality=1")).stdout).toContain(
      "TOKEN_INVALID",
    );
    for (const line of [
      "feedback",
      "feedback --outcome a",
      "feedback --outcome a --ref b --score quality=1",
      "feedback --outcome a --score quality=high",
      "feedback --file x --outcome a",
    ])
      expect((await attuned(line)).code).toBe(2);
  });

  test("is in the numbers that the command line, the RPC and /metrics tell alike", async () => {
    const details = await shown("metrics gpt-4 planning --details");
    const { metrics } = await call<{ metrics: Record<string, unknown>[] }>(
      daemon.agentsUrl,
      "OutcomeService/GetMetrics",
      { ...SCOPE, phase: "PHASE_PLANNING" },
    );
    expect(metrics).toHaveLength(1);
    const [arm = {}] = metrics;
    expect(arm).toMatchObject({
      sampleSize: "2",
      duplicateCount: "1",
      rejectedCount: "1",
      missingCounts: { tokens: "1", cost: "1" },
      correctedCount: "3",
    });
    // 85, the mean of the agent and the judge, and 40.
    expect(arm["avgQuality"]).toBeCloseTo(62.5, 9);
    expect(details).toContain("temperature=0.4 2 62.5");
    // Within the hundredth that percentiles are kept to.
    expect(details).toMatch(/latency ms half below 1[45]\d\d, 95% 1[45]\d\d/);
    expect(details).toMatch(/derived cost 100\.0%, by prices of \d{4}-\d{2}-\d{2}/);
    expect(details).toMatch(/without (tokens 1, cost 1|cost 1, tokens 1)/);
    expect(details).toContain(`duplicate ${arm["duplicateCount"]}\n`);
    expect(details).toContain(`rejected ${arm["rejectedCount"]}\n`);
    expect(details).toContain(`scored later ${arm["correctedCount"]}\n`);
    const page = await readMetrics(daemon.managementUrl);
    expect(sampleValue(page, "attuned_outcome_duplicates_total")).toBe(1);
    expect(
      sampleValue(page, "attuned_outcomes_rejected_total", { reason: "OUTCOME_INVALID" }),
    ).toBe(1);
  });
});
