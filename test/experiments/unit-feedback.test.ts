import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";

const LOOKUP = { model: "gpt-4", phase: "PHASE_EXECUTION" };

interface Answer {
  readonly acceptedCount?: number;
  readonly duplicateCount?: number;
  readonly rejected?: readonly {
    readonly index?: number;
    readonly reason: string;
    readonly message: string;
  }[];
}

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon();
  await startExperiment(daemon);
});

afterAll(() => daemon[Symbol.asyncDispose]());

async function startExperiment({ agentsUrl }: Daemon): Promise<string> {
  const { experiment } = await call<{ experiment: { experimentId: string } }>(
    agentsUrl,
    "ExperimentService/CreateExperiment",
    {
      ...LOOKUP,
      name: "cooler",
      arms: [{}, { changes: { temperature: 0.2 } }],
      metrics: [{ metric: "success" }, { metric: "quality" }],
    },
  );
  const { experimentId } = experiment;
  await call(agentsUrl, "ExperimentService/StartExperiment", { experimentId });
  return experimentId;
}

async function tokenOf(unit: string, { agentsUrl }: Daemon = daemon): Promise<string> {
  const request = { ...LOOKUP, unit };
  const answer = await call<{ decisionToken: string }>(
    agentsUrl,
    "ConfigService/ResolveConfig",
    request,
  );
  return answer.decisionToken;
}

function score(tokens: readonly string[], quality: number): Promise<Answer> {
  const feedback = tokens.map((decisionToken) => ({
    decisionToken,
    scores: { quality },
    source: "judge",
  }));
  return call<Answer>(daemon.agentsUrl, "OutcomeService/ReportFeedback", { feedback });
}

async function quality(): Promise<(number | undefined)[]> {
  const { metrics = [] } = await call<{ metrics?: { avgQuality?: number }[] }>(
    daemon.agentsUrl,
    "OutcomeService/GetMetrics",
    LOOKUP,
  );
  return metrics.map(({ avgQuality }) => avgQuality);
}

test("a score by token counts without any outcome, and the last one counts, across kill -9", async () => {
  await using crashing = await startDaemon();
  const before = daemon;
  daemon = crashing;
  try {
    await startExperiment(crashing);
    const token = await tokenOf("session");
    expect(await score([token], 40)).toMatchObject({ acceptedCount: 1 });
    expect(await quality()).toEqual([40]);
    await crashing.kill();
    await using again = await startDaemon({ dataDir: crashing.dataDir });
    daemon = again;
    expect(await score([token], 40)).toMatchObject({ duplicateCount: 1 });
    expect(await score([token], 90)).toMatchObject({ acceptedCount: 1 });
    // Another token of the same session is the same target.
    expect(await score([await tokenOf("session")], 60)).toMatchObject({ acceptedCount: 1 });
    expect(await quality()).toEqual([60]);
  } finally {
    daemon = before;
  }
});

describe("a token is refused, and the rest of the batch is taken", () => {
  test("that is damaged, of another daemon, of no experiment, or nothing at all", async () => {
    const token = await tokenOf("refused");
    await using other = await startDaemon();
    await startExperiment(other);
    const { decisionToken: shared } = await call<{ decisionToken: string }>(
      daemon.agentsUrl,
      "ConfigService/ResolveConfig",
      { model: "gpt-4", phase: "PHASE_PLANNING" },
    );
    const damaged = `${token.slice(0, 40)}${token[40] === "A" ? "B" : "A"}${token.slice(41)}`;
    const tokens = [damaged, await tokenOf("a", other), shared, "", token];
    const answer = await score(tokens, 50);
    expect(answer.acceptedCount).toBe(1);
    expect(answer.rejected?.map(({ index = 0, reason }) => [index, reason])).toEqual([
      [0, "TOKEN_INVALID"],
      [1, "TOKEN_INVALID"],
      [2, "TOKEN_INVALID"],
      [3, "FEEDBACK_INVALID"],
    ]);
    expect(answer.rejected?.[2]?.message).toContain("name the outcome by outcomeId");
  });
});
