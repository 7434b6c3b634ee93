import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { ExperimentDecision, ExperimentState } from "../../src/gen/attuned/v1/experiment_pb.ts";
import { ExperimentService } from "../../src/gen/attuned/v1/experiment_service_pb.ts";
import { cli } from "./run.ts";

const EXPERIMENT = {
  experimentId: "exp-1",
  name: "cooler",
  model: "gpt-4",
  state: ExperimentState.RUNNING,
  arms: [{ name: "control" }, { name: "cooler", changes: { temperature: 0.2 } }],
};
const CHECKS = [
  { check: "SAMPLE_RATIO", passed: true, logEvidence: 0.42 },
  { check: "REPORTING", arm: 1, passed: true, logEvidence: -1.3 },
];
const WINNER = {
  arm: 1,
  name: "cooler",
  claimedAt: timestampFromMs(Date.UTC(2026, 10, 1)),
  units: 1500n,
  evidence: Evidence.RANDOMISED,
};

function comparison(decision: ExperimentDecision, metric = "success") {
  return {
    experimentId: "exp-1",
    arm: 1,
    name: "cooler",
    metric,
    primary: metric === "success",
    units: 1500n,
    effect: 0.3012,
    interval: { low: 0.2011, high: 0.4019 },
    expectedEffect: 0.2876,
    smallestEffect: 0.0714,
    decision,
    evidence: Evidence.RANDOMISED,
  };
}

interface Answer {
  readonly experiment?: object;
  readonly comparisons?: readonly ReturnType<typeof comparison>[];
  readonly checks?: typeof CHECKS;
  readonly winner?: typeof WINNER;
}

/** What the table and the sentences say, with one space between words. */
async function told(command: string, more: Answer = {}): Promise<string> {
  const comparisons = [...(more.comparisons ?? [comparison(ExperimentDecision.UNDECIDED)])];
  const winner = more.winner ? { winner: more.winner } : {};
  const experiment = { ...EXPERIMENT, ...more.experiment };
  const daemon = ({ service }: ConnectRouter) => {
    service(ExperimentService, {
      getExperiment: () => ({ experiment, comparisons, ...winner }),
      getExperimentResults: () => ({
        experiment,
        comparisons,
        ...winner,
        arms: ["control", "cooler"].map((name, arm) => ({
          arm,
          name,
          released: 750n,
          metrics: [
            {
              metric: "success",
              mean: 0.5,
              interval: { low: 0.4, high: 0.6 },
              ownRelease: { released: 900n, mean: 0.55, interval: { low: 0.45, high: 0.65 } },
            },
          ],
        })),
        checks: more.checks ?? CHECKS,
        forecast: { unitsHalf: 2100n, text: "3400 units for an answer, about 2 days" },
      }),
    });
  };
  const { code, stdout, stderr } = await cli(command, { daemon });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.replaceAll(/[^\S\n]+/g, " ");
}

describe("experiment results", () => {
  test("show each difference with its interval, and a winner with what to do", async () => {
    const text = await told("experiment results exp-1", {
      comparisons: [comparison(ExperimentDecision.CLAIMED)],
      winner: WINNER,
    });
    expect(text).toContain(
      "cooler success 1500 +0.301 0.201 to 0.402 +0.288 0.071 randomised better, claimed",
    );
    expect(text).toMatch(/winner: cooler, claimed 2026-1\S+, now on 1500 units; .* randomised\n/);
    expect(text).toContain("what to do: serve temperature=0.2 in this scope");
    expect(text).toContain("guards: no arm is shown to be worse in success");
  });

  test("tell the checks, the time to answer, and what is final while other metrics wait", async () => {
    const text = await told("experiment results exp-1");
    expect(text).toContain("planned shares: passed (evidence against it 0.4, fails at 6.9)");
    expect(text).toContain("cooler reports as often as control: passed (evidence against it -1.3");
    expect(text).toContain(
      "time to answer: 3400 units for an answer, about 2 days; 2100 units with a chance of one half",
    );
    expect(text).toContain("control success 0.550 0.450 to 0.650 900\n");
    expect(text).toContain("winner: none so far\nwhat to do: let it run: nothing is shown yet\n");
  });

  test("of a failed check bar the winner in words, and say what to mend", async () => {
    const checks = CHECKS.map((check) => ({ ...check, passed: false, logEvidence: 9.12 }));
    const text = await told("experiment results exp-1", {
      comparisons: [comparison(ExperimentDecision.CLAIMED)],
      checks,
    });
    expect(text).toContain("what to do: trust no difference: units do not come");
    expect(text).toContain("what to do: trust no difference of cooler:");
    expect(text.match(/failed, so nothing can win/g)).toHaveLength(2);
    expect(text).not.toContain("let it run");
  });

  test("name the metric that a guard stops for", async () => {
    const text = await told("experiment results exp-1", {
      comparisons: [
        comparison(ExperimentDecision.BETTER),
        comparison(ExperimentDecision.HARMFUL, "latency"),
      ],
    });
    expect(text).toContain("guards: shown worse: cooler in latency");
    expect(text).toContain(
      "worse than control in latency; end it with attuned experiment conclude exp-1",
    );
  });

  const { BETTER, FUTILE, UNDECIDED } = ExperimentDecision;
  const { CONCLUDED, DRAFT, PAUSED, RUNNING } = ExperimentState;
  test.each([
    [DRAFT, UNDECIDED, "start it with attuned experiment start exp-1"],
    [PAUSED, UNDECIDED, "go on with attuned experiment start exp-1"],
    [RUNNING, BETTER, "needs more units for a claim"],
    [RUNNING, FUTILE, "end it with attuned experiment conclude exp-1"],
    [CONCLUDED, UNDECIDED, "keep what control serves: it ended without a winner"],
  ])("in state %i with decision %i say: %s", async (state, decision, step) => {
    const text = await told("experiment results exp-1", {
      experiment: { state },
      comparisons: [comparison(decision)],
    });
    expect(text).toContain(step);
  });
});

test("experiment get shows the primary metric, the winner and where the rest is", async () => {
  const text = await told("experiment get exp-1", {
    comparisons: [comparison(ExperimentDecision.CLAIMED)],
    winner: WINNER,
  });
  expect(text).toContain("+0.301 0.201 to 0.402");
  expect(text).toContain("better, claimed");
  expect(text).toContain("winner: cooler, claimed ");
  expect(text).toContain("attuned experiment results exp-1");
});
