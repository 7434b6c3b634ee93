import type { ConnectRouter } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { AnalysisStatus, Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import type { AnalyzeParameterImpactRequest } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { cli } from "./run.ts";

const GROUPS = [
  {
    value: 0,
    sampleSize: 1500n,
    mean: 55.7,
    low: 52.5,
    high: 58.9,
    difference: -1.1,
    differenceLow: -6.9,
    differenceHigh: 0,
    optimal: true,
  },
  {
    value: 0.7,
    sampleSize: 1500n,
    mean: 56.8,
    low: 53.6,
    high: 60,
    differenceLow: -4.1,
    differenceHigh: 0,
    optimal: true,
  },
  { value: 1.2, sampleSize: 4n, mean: 50, low: 0, high: 100, difference: -6.8 },
  {
    value: 1.4,
    sampleSize: 100n,
    mean: 45.3,
    low: 33,
    high: 58,
    difference: -11.5,
    differenceLow: -29.4,
    differenceHigh: 0,
    inDoubt: true,
  },
  {
    value: 1.6,
    sampleSize: 100n,
    mean: 5.5,
    low: 0.9,
    high: 17.2,
    difference: -51.3,
    differenceLow: -57.1,
    differenceHigh: -37.2,
    optimal: false,
  },
];

/** A daemon where the named models have outcomes. */
function daemonWith(...withOutcomes: readonly string[]) {
  const requests: AnalyzeParameterImpactRequest[] = [];
  const daemon = ({ service }: ConnectRouter) => {
    service(ModelService, {
      listModels: () => ({
        models: ["gpt-3.5-turbo", "gpt-4", "claude-3-opus"].map((modelName) => ({ modelName })),
      }),
    });
    service(OutcomeService, {
      getMetrics: ({ model, phase }) => ({
        metrics:
          withOutcomes.includes(model) && phase === Phase.EXECUTION ? [{ sampleSize: 1n }] : [],
      }),
    });
    service(AnalysisService, {
      analyzeParameterImpact: (request) => {
        requests.push(request);
        if (request.parameter === "timeout") {
          return {
            status: AnalysisStatus.INSUFFICIENT_DATA,
            sampleSize: 12n,
            samplesNeeded: 38n,
            evidence: Evidence.OBSERVATIONAL,
          };
        }
        return {
          status: AnalysisStatus.OK,
          groups: GROUPS,
          bins: [
            { name: "low", sampleSize: 1500n, mean: 55.7, low: 52.5, high: 58.9 },
            { name: "medium", sampleSize: 1500n, mean: 56.8, low: 53.6, high: 60 },
            { name: "high", sampleSize: 0n },
            { name: "above_one", sampleSize: 200n, mean: 25.4, low: 15, high: 36 },
          ],
          correlation: -0.176,
          optimum: [{ low: 0, high: 0.7 }],
          tails: [
            {
              above: true,
              values: [1.4, 1.6],
              sampleSize: 200n,
              differenceLow: -40.1,
              differenceHigh: -22.9,
            },
          ],
          evidence: Evidence.OBSERVATIONAL,
          insights: [{ text: "Quality collapses at 1.6: 51.3 lower than at 0.7 (37.2 to 57.1)." }],
          sampleSize: 3200n,
        };
      },
    });
  };
  return { daemon, requests };
}

describe("analyze", () => {
  test("prints findings, levels, ranges, a plot, and what they rest on", async () => {
    const { daemon, requests } = daemonWith();
    const line = "analyze temperature gpt-3.5-turbo execution";
    const { code, stdout, stderr } = await cli(line, { daemon });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatchInlineSnapshot(`
      "Quality collapses at 1.6: 51.3 lower than at 0.7 (37.2 to 57.1).
      3200 outcomes with quality; correlation -0.18
      not shown to be worse than the best: temperature 0 to 0.7

      TEMPERATURE     N  MEAN  95% INTERVAL  VS BEST    95% INTERVAL  VERDICT
              0.0  1500  55.7  52.5 to 58.9     -1.1     -6.9 to 0.0  not shown worse
              0.7  1500  56.8  53.6 to 60.0              -4.1 to 0.0  best
              1.2     4  50.0  0.0 to 100.0     -6.8               -  too few to judge
              1.4   100  45.3  33.0 to 58.0    -11.5    -29.4 to 0.0  in doubt
              1.6   100   5.5   0.9 to 17.2    -51.3  -57.1 to -37.2  worse
      temperature 1.4, 1.6 together (200 outcomes) against the rest: -40.1 to -22.9

      RANGE         N  MEAN  95% INTERVAL
      low        1500  55.7  52.5 to 58.9
      medium     1500  56.8  53.6 to 60.0
      high          0     -             -
      above_one   200  25.4  15.0 to 36.0

      mean quality (0 to 100) by temperature, 95% intervals
      0.0                                        ├──●─┤
      0.7                                         ├─●──┤
      1.2  ├────────────────────────────────────●───────────────────────────────────┤
      1.4                          ├────────●────────┤
      1.6   ├──●────────┤
           └──────────────┴─────────────┴──────────────┴─────────────┴──────────────┴
           0             20            40             60            80            100

      evidence: observational: not randomised; may propose, never acts alone
      "
    `);
    expect(requests).toMatchObject([
      { model: "gpt-3.5-turbo", phase: Phase.EXECUTION, parameter: "temperature", metric: "" },
    ]);
  });

  test("takes model and phase as options, and other parameters and metrics", async () => {
    const { daemon, requests } = daemonWith();
    const line =
      "analyze max-tokens --model gpt-4 --phase error_recovery --metric coherence -a environment=test --since 2026-11-01T00:00:00Z";
    const { code, stdout } = await cli(line, { daemon });
    expect(code).toBe(0);
    expect(stdout).toContain("mean coherence by max_tokens");
    expect(requests).toMatchObject([
      {
        model: "gpt-4",
        phase: Phase.ERROR_RECOVERY,
        parameter: "max_tokens",
        metric: "coherence",
        attributes: { environment: "test" },
        window: { start: { seconds: BigInt(Date.UTC(2026, 10, 1) / 1000) } },
      },
    ]);
  });

  test("draws with ASCII where the locale has no Unicode, and within the width", async () => {
    const { daemon } = daemonWith();
    const line = "analyze temperature gpt-3.5-turbo execution";
    for (const env of [{ LANG: "C" }, { LANG: "en_US.UTF-8", NO_UNICODE: "1" }]) {
      const { stdout } = await cli(line, {
        daemon,
        env: { ...env, NO_COLOR: "1" },
        isTty: true,
        columns: 60,
      });
      expect(stdout).toMatch(/^[ -~\n]*$/);
      expect(stdout).toContain("|-o-|");
      for (const row of stdout.split("\n")) expect(row.length).toBeLessThanOrEqual(60);
    }
  });

  test("says how much is missing where there is too little data", async () => {
    const { daemon } = daemonWith();
    const { code, stdout } = await cli("analyze timeout gpt-4", { daemon });
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "too little data: 12 outcomes have timeout and quality, 38 more are needed

      evidence: observational: not randomised; may propose, never acts alone
      "
    `);
  });

  test("takes the only model with outcomes and says so", async () => {
    const { daemon, requests } = daemonWith("gpt-3.5-turbo");
    const { code, stderr } = await cli("analyze temperature", { daemon });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "attuned: analysing gpt-3.5-turbo execution, the only model with outcomes there\n",
    });
    expect(requests).toMatchObject([{ model: "gpt-3.5-turbo" }]);
  });

  test("lists the candidates where several models have outcomes", async () => {
    const { daemon } = daemonWith("gpt-4", "gpt-3.5-turbo");
    expect(await cli("analyze temperature", { daemon })).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "attuned: several models have outcomes in phase execution, name one with --model: gpt-3.5-turbo, gpt-4. See: attuned help analyze\n",
    });
  });

  test("fails where no model has outcomes in the phase", async () => {
    const { daemon } = daemonWith("gpt-4");
    const { code, stderr } = await cli("analyze temperature --phase planning", { daemon });
    expect(code).toBe(1);
    expect(stderr).toContain("no registered model has outcomes in phase planning");
  });

  test("prints the answer as protobuf JSON", async () => {
    const { daemon } = daemonWith();
    const { stdout } = await cli("analyze temperature gpt-4 -o json", { daemon });
    expect(JSON.parse(stdout)).toMatchObject({
      status: "ANALYSIS_STATUS_OK",
      evidence: "EVIDENCE_OBSERVATIONAL",
      groups: [{ value: 0, sampleSize: "1500" }, {}, {}, {}, {}],
    });
  });
});
