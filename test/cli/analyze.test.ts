import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { AnalysisStatus, Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import type {
  AnalyzeParameterImpactRequest,
  FindOptimalTemperatureRequest,
} from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { ExperimentDecision } from "../../src/gen/attuned/v1/experiment_pb.ts";
import { ExperimentService } from "../../src/gen/attuned/v1/experiment_service_pb.ts";
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

/** Two experiments on success: the claim of one wins, that of the other is barred by a check. */
const RANDOMISED = [
  {
    experimentId: "exp-1",
    name: "cooler",
    units: 1500n,
    value: 0.2,
    controlValue: 0.7,
    effect: 0.3012,
    interval: { low: 0.2011, high: 0.4019 },
    decision: ExperimentDecision.CLAIMED,
    evidence: Evidence.RANDOMISED,
  },
  {
    experimentId: "exp-2",
    name: "warmer",
    units: 900n,
    value: 1.4,
    controlValue: 0.7,
    effect: 0.2,
    interval: { low: 0.1, high: 0.3 },
    decision: ExperimentDecision.CLAIMED,
    evidence: Evidence.OBSERVATIONAL,
  },
];

const LOWER_LIMIT = {
  values: [
    {
      value: 5.793,
      shareWithin: 0.9876,
      lossAtMost: 0.0071,
      lossHigh: 0.0104,
      successAtLeast: 0.9124,
      successLow: 0.9001,
    },
    {
      value: 8.192,
      shareWithin: 0.9976,
      lossAtMost: 0.0011,
      lossHigh: 0.0096,
      successAtLeast: 0.9184,
      successLow: 0.9063,
    },
  ],
  sampleSize: 4000n,
  lowestTolerable: 8.192,
  toleratedLoss: 0.01,
  evidence: Evidence.STRUCTURAL_BOUND,
  conditions: ["a call does not go by its timeout"],
};

/** A daemon where the named models have outcomes. */
function daemonWith(...withOutcomes: readonly string[]) {
  const requests: AnalyzeParameterImpactRequest[] = [];
  const optima: FindOptimalTemperatureRequest[] = [];
  const wonAsked: string[] = [];
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
        if (request.parameter === "max_retries") {
          return {
            status: AnalysisStatus.INSUFFICIENT_DATA,
            metric: "success",
            lowerLimit: { sampleSize: 30n, samplesNeeded: 70n },
          };
        }
        if (request.parameter === "timeout" && request.metric === "success")
          return { status: AnalysisStatus.OK, metric: "success", lowerLimit: LOWER_LIMIT };
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
          randomised: request.metric === "success" ? RANDOMISED : [],
        };
      },
      findOptimalTemperature: (request) => {
        optima.push(request);
        return {
          status: AnalysisStatus.OK,
          optimalTemperature: 0.7,
          optimalRange: { low: 0, high: 0.7 },
          proposedRange: { low: 0.4, high: 0.7 },
          distinguishable: request.metric !== "success",
          groups: [{ value: 0.7, smoothed: 56.7321, smoothedDeviation: 1.2 }],
        };
      },
    });
    service(ExperimentService, {
      getExperiment: ({ experimentId }) => {
        wonAsked.push(experimentId);
        const claimedAt = timestampFromMs(Date.UTC(2026, 10, 1));
        const winner = { arm: 1, name: "cooler", claimedAt };
        return experimentId === "exp-1" ? { winner } : {};
      },
    });
  };
  return { daemon, requests, optima, wonAsked };
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

      by the evidence 0 to 0.7: none of these temperatures is shown to be worse than the best
      to look first 0.4 to 0.7, of these 0.7, which has the best mean smoothed over its neighbours, 56.73 (standard deviation 1.2): a proposal, no evidence

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

      with --metric success it also says what a lower timeout would cost at most

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

  test("says what a lower limit would cost at most, on which conditions, and what it rests on", async () => {
    const { daemon } = daemonWith();
    const { stdout } = await cli("analyze timeout gpt-4 --metric success", { daemon });
    expect(stdout).toContain("if each of the 4000 calls that needed more had failed:");
    expect(stdout).toMatch(/TIMEOUT S +CALLS WITHIN +LOSS AT MOST +UP TO/);
    expect(stdout).toMatch(/5\.793 +98\.8% +0\.71% +1\.04% +91\.24% +90\.01%/);
    expect(stdout).toContain("lowest timeout shown to cost 1.0% of all calls or less: 8.192\n");
    expect(stdout).toContain("provided that a call does not go by its timeout\n");
    expect(stdout).toContain("evidence of the bound: structural_bound: follows from how limits");
  });

  test("says how many calls a bound still needs, and no bound until then", async () => {
    const { daemon } = daemonWith();
    const { stdout } = await cli("analyze max_retries gpt-4 --metric success", { daemon });
    expect(stdout).toContain("30 calls say how they ended, 70 more are needed");
    expect(stdout).not.toContain("LOSS AT MOST");
    expect(stdout).not.toContain("leave it");
  });

  test("shows experiments as randomised, beside what they may decide, and who won", async () => {
    const { daemon, wonAsked } = daemonWith();
    const { stdout } = await cli("analyze temperature gpt-4 --metric success", { daemon });
    expect(stdout).toContain("by experiments, where chance gave each unit its temperature");
    expect(stdout).toMatch(
      /exp-1 +cooler +0\.2 +0\.7 +1500 +\+0\.301 +0\.201 to 0\.402 +randomised +better, claimed/,
    );
    expect(stdout).toMatch(/exp-2 +warmer .* observational +better, claimed/);
    expect(stdout).toContain("winner of exp-1: cooler, claimed ");
    expect(stdout).toContain("exp-2 has a claim and no winner");
    expect(wonAsked).toStrictEqual(["exp-1", "exp-2"]);
  });

  test("tells the evidence's range of temperatures from the smoother's proposal", async () => {
    const { daemon, optima } = daemonWith();
    const line = "analyze temperature gpt-4 --metric quality --metric success -a environment=test";
    const { stdout } = await cli(line, { daemon });
    expect(stdout).toContain("by the evidence 0 to 0.7: none of these temperatures is shown");
    expect(stdout).toContain("to look first 0.4 to 0.7, of these 0.7, which has the best mean");
    expect(stdout).toContain("56.73 (standard deviation 1.2): a proposal, no evidence");
    expect(stdout).not.toContain("does not tell them apart");
    expect(optima).toMatchObject([
      { model: "gpt-4", metric: "quality", attributes: { environment: "test" } },
    ]);
    const undecided = await cli("analyze temperature gpt-4 --metric success", { daemon });
    expect(undecided.stdout).toContain("the data does not tell them apart");
    await cli("analyze temperature gpt-4 -o json", { daemon });
    expect(optima).toHaveLength(2);
  });
});
