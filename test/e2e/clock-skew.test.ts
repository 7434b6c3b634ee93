import { expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { type Daemon, runAttuned, startDaemon } from "../support/daemon.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";

const SCOPE = { model: "gpt-4", phase: "PHASE_EXECUTION" };
const MINUTE_MS = 60_000;

async function skewedIn(daemon: Daemon) {
  const { metrics } = await call<{ metrics: { skewedCount?: string; sampleSize: string }[] }>(
    daemon.agentsUrl,
    "OutcomeService/GetMetrics",
    SCOPE,
  );
  return metrics.map(({ sampleSize, skewedCount = "0" }) => [sampleSize, skewedCount]);
}

test("an operator sees which producer's clock is wrong, in the same numbers wherever he looks", async () => {
  await using daemon = await startDaemon();
  const { decisionToken } = await call<{ decisionToken: string }>(
    daemon.agentsUrl,
    "ConfigService/ResolveConfig",
    SCOPE,
  );
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const status = "OUTCOME_STATUS_OK";
  const outcomes = [
    { outcomeId: "right", decisionToken, status, occurredAt: at(0) },
    { outcomeId: "silent", decisionToken, status },
    { outcomeId: "ahead", decisionToken, status, occurredAt: at(20 * MINUTE_MS) },
    { outcomeId: "refused", decisionToken, status, occurredAt: at(90 * MINUTE_MS) },
    {
      ...{ producerId: "planner-7", sequence: 1, decisionToken, status },
      ...{ outcomeId: "behind", occurredAt: at(-5 * MINUTE_MS) },
    },
  ];
  const answer = await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });
  expect(answer).toMatchObject({
    acceptedCount: 4,
    rejected: [{ index: 3, reason: "OUTCOME_INVALID" }],
  });
  expect(await skewedIn(daemon)).toEqual([["4", "2"]]);
  const { clockSkew } = await call<{ clockSkew: Record<string, unknown> }>(
    daemon.agentsUrl,
    "AdminService/GetStatus",
  );
  expect(clockSkew).toMatchObject({
    ahead: "1",
    behind: "1",
    refused: "1",
    newestProducerId: "planner-7",
    newestOutcomeId: "behind",
  });
  expect(Number(clockSkew["largestSeconds"])).toBeCloseTo(90 * 60, -1);
  const page = await readMetrics(daemon.managementUrl);
  for (const kind of ["ahead", "behind", "refused"])
    expect(sampleValue(page, "attuned_outcome_clock_skew_seconds_count", { kind })).toBe(1);
  const shown = await runAttuned(["status", "--address", daemon.agentsUrl]);
  expect(shown.stdout.replaceAll(/\s+/g, " ")).toContain(
    "clocks disagree: outcomes 1 ahead, 1 behind, 1 refused for more than an hour ahead; by up to 1 h 30 min",
  );
  expect(shown.stdout.replaceAll(/\s+/g, " ")).toContain("behind of producer planner-7");
  expect(daemon.stderr()).toContain("check the clock of its producer");

  await daemon.kill();
  await using again = await startDaemon({ dataDir: daemon.dataDir });
  expect(await skewedIn(again)).toEqual([["4", "2"]]);
});
