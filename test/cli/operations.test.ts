import type { ConnectRouter } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AdminService } from "../../src/gen/attuned/v1/admin_service_pb.ts";
import { AnalysisStatus, Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { DriftKind, DriftState } from "../../src/gen/attuned/v1/drift_pb.ts";
import { HistoryService } from "../../src/gen/attuned/v1/history_service_pb.ts";
import { OptimizerService } from "../../src/gen/attuned/v1/optimizer_service_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import {
  Priority,
  RecommendationKind,
  RecommendationState,
  Strategy,
} from "../../src/gen/attuned/v1/recommendation_pb.ts";
import { refusal } from "./refusal.ts";
import { cli } from "./run.ts";

const zone = process.env["TZ"];
beforeAll(() => {
  process.env["TZ"] = "UTC";
});
afterAll(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

const at = (hour: number) => ({ seconds: BigInt(Date.UTC(2026, 10, 22, hour) / 1000) });
const number = (value: number) => ({ kind: { case: "numberValue" as const, value } });

describe("metrics", () => {
  const daemon = ({ service }: ConnectRouter) =>
    service(OutcomeService, {
      getMetrics: ({ model, pageToken }) => {
        if (model !== "gpt-4") return {};
        const index = Number(pageToken || "0");
        return {
          metrics: [
            {
              configId: `c1:${index}`,
              settings: { temperature: 0.7, maxTokens: 2000 },
              ...(index === 0 ? { avgQuality: 85.5, avgLatency: 1250, successRate: 0.98 } : {}),
              ...(index === 0 ? { costPerRequest: 0.0012, derivedCostShare: 0.5 } : {}),
              sampleSize: 1000n,
              intervals: index === 0 ? { quality: { low: 84, high: 87 } } : {},
              scores: index === 0 ? { coherence: 0.9 } : {},
            },
          ],
          nextPageToken: index < 2 ? String(index + 1) : "",
        };
      },
    });

  test("shows every arm, and marks derived cost", async () => {
    const { stdout, stderr } = await cli("metrics gpt-4 execution", { daemon });
    expect(stderr).toBe("");
    expect(stdout).toMatchInlineSnapshot(`
      "SETTINGS                            N  QUALITY  95% INTERVAL  LATENCY MS  TOKENS  SUCCESS  COST USD  COHERENCE  CONFIG ID
      temperature=0.7 max_tokens=2000  1000     85.5  84.0 to 87.0        1250       -    98.0%   0.0012*        0.9  c1:0
      temperature=0.7 max_tokens=2000  1000        -             -           -       -        -         -          -  c1:1
      temperature=0.7 max_tokens=2000  1000        -             -           -       -        -         -          -  c1:2
      * derived, in part or whole, from tokens and the catalog's price
      "
    `);
  });

  test("stops at the limit and says so", async () => {
    const { stdout, stderr } = await cli("metrics gpt-4 execution --limit 1 -o json", { daemon });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ nextPageToken: "1" });
    expect((await cli("metrics gpt-4 execution --limit 2", { daemon })).stderr).toBe(
      "attuned: there are more; raise --limit\n",
    );
  });

  test("says when there is nothing", async () => {
    const { code, stdout } = await cli("metrics other execution", { daemon });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "no outcomes in this scope\n" });
  });
});

describe("drift", () => {
  const drift = {
    kind: DriftKind.CONFIG,
    model: "gpt-3.5-turbo",
    phase: Phase.EXECUTION,
    parameter: "temperature",
    served: number(1.5),
    optimum: [{ low: 0, high: 1.2 }],
    magnitude: 0.3,
    threshold: 0.1,
    evidence: Evidence.OBSERVATIONAL,
    message: "Served temperature 1.5 lies outside 0 to 1.2.",
  };
  const seen: unknown[] = [];
  const daemon = ({ service }: ConnectRouter) =>
    service(AnalysisService, {
      listDrifts: ({ states, kinds, model }) => {
        seen.push({ states, kinds, model });
        return {
          drifts: [
            { ...drift, driftId: "d-2", state: DriftState.OPEN, openedAt: at(10) },
            {
              ...drift,
              driftId: "d-1",
              state: DriftState.RESOLVED,
              openedAt: at(8),
              resolvedAt: at(9),
            },
          ],
        };
      },
      detectDrift: ({ threshold }) => {
        if (threshold === 0)
          return { reason: "few outcomes", status: AnalysisStatus.INSUFFICIENT_DATA };
        if (threshold === 1) return { reason: "inside", status: AnalysisStatus.OK };
        return { drifts: [drift], status: AnalysisStatus.OK };
      },
    });

  test("lists what is recorded, and filters it", async () => {
    expect((await cli("drift", { daemon })).stdout).toMatchInlineSnapshot(`
      "STATE     KIND    MODEL          PHASE      PARAMETER    SERVED  OPTIMUM   MAGNITUDE  EVIDENCE       SINCE                 UNTIL                 ID
      open      config  gpt-3.5-turbo  execution  temperature     1.5  0 to 1.2        0.3  observational  2026-11-22T10:00:00Z  -                     d-2
      resolved  config  gpt-3.5-turbo  execution  temperature     1.5  0 to 1.2        0.3  observational  2026-11-22T08:00:00Z  2026-11-22T09:00:00Z  d-1

      gpt-3.5-turbo execution: Served temperature 1.5 lies outside 0 to 1.2.
      "
    `);
    await cli("drift list --state open --state resolved --kind config --model m", { daemon });
    expect(seen).toEqual([
      { states: [], kinds: [], model: "" },
      { states: [DriftState.OPEN, DriftState.RESOLVED], kinds: [DriftKind.CONFIG], model: "m" },
    ]);
  });

  test("compares now", async () => {
    const line = "drift detect gpt-3.5-turbo execution";
    expect((await cli(line, { daemon })).stdout).toMatchInlineSnapshot(`
      "Served temperature 1.5 lies outside 0 to 1.2.

      KIND    MODEL          PHASE      PARAMETER    SERVED  OPTIMUM   MAGNITUDE  EVIDENCE
      config  gpt-3.5-turbo  execution  temperature     1.5  0 to 1.2        0.3  observational
      "
    `);
    expect((await cli(`${line} --threshold 0`, { daemon })).stdout).toBe(
      "too little data: few outcomes\n",
    );
    expect((await cli(`${line} --threshold 1`, { daemon })).stdout).toBe("no drift: inside\n");
  });
});

describe("recommendations", () => {
  const recommendation = {
    recommendationId: "rec-1",
    kind: RecommendationKind.DRIFT,
    state: RecommendationState.PROPOSED,
    model: "gpt-3.5-turbo",
    phase: Phase.EXECUTION,
    parameter: "temperature",
    currentValue: number(1.5),
    recommendedValue: number(0.7),
    expectedImprovement: { quality: { relative: 0.8, low: 0.4, high: 1.2, text: "+80.0%" } },
    confidence: 0.999,
    reason: "The plateau ends at 1.2.",
    evidence: Evidence.OBSERVATIONAL,
    sampleSize: 17_300n,
    parentConfigId: "c1:abc",
    parentRevision: 17n,
    strategy: Strategy.BALANCED,
    priority: Priority.HIGH,
    createdAt: at(10),
    expiresAt: at(20),
    driftId: "d-2",
  };
  const dismissed: unknown[] = [];
  const daemon = ({ service }: ConnectRouter) =>
    service(OptimizerService, {
      listRecommendations: ({ states, phase }) => ({
        recommendations:
          states.includes(RecommendationState.EXPIRED) || phase === Phase.PLANNING
            ? []
            : [recommendation],
      }),
      getRecommendation: ({ recommendationId }) => {
        if (recommendationId === "rec-1") return { recommendation };
        throw refusal("there is no such recommendation", Code.NotFound, "RECOMMENDATION_NOT_FOUND");
      },
      dismissRecommendation: ({ recommendationId, reason }) => {
        dismissed.push({ recommendationId, reason });
        return { recommendation };
      },
    });

  test("are listed and filtered", async () => {
    expect((await cli("recommendations", { daemon })).stdout).toMatchInlineSnapshot(`
      "ID     STATE     KIND   MODEL          PHASE      PARAMETER    FROM   TO  QUALITY  CONFIDENCE  EVIDENCE       CREATED
      rec-1  proposed  drift  gpt-3.5-turbo  execution  temperature   1.5  0.7   +80.0%       0.999  observational  2026-11-22T10:00:00Z
      "
    `);
    const empty = "no recommendations\n";
    expect((await cli("recommendations list --state expired", { daemon })).stdout).toBe(empty);
    expect((await cli("recommendations list --phase planning", { daemon })).stdout).toBe(empty);
  });

  test("are shown with their reasons", async () => {
    expect((await cli("recommendations get rec-1", { daemon })).stdout).toMatchInlineSnapshot(`
      "temperature: 1.5 -> 0.7
      The plateau ends at 1.2.

      id           rec-1
      state        proposed
      state since  -
      kind         drift
      scope        gpt-3.5-turbo execution
      attributes   -
      quality      +80.0% (40.0% to 120.0%)
      confidence   0.999
      evidence     observational
      sample size  17300
      strategy     balanced
      priority     high
      parent       c1:abc at revision 17
      created      2026-11-22T10:00:00Z
      expires      2026-11-22T20:00:00Z
      drift        d-2
      "
    `);
    expect(await cli("recommendations get nope", { daemon })).toMatchObject({
      code: 4,
      stderr:
        "attuned: there is no such recommendation; see: attuned recommendations (RECOMMENDATION_NOT_FOUND)\n",
    });
  });

  test("are dismissed with a reason", async () => {
    const line = ["recommendations", "dismiss", "rec-1", "--reason", "not now"];
    expect(await cli(line, { daemon })).toMatchObject({ code: 0, stdout: "dismissed rec-1\n" });
    expect(dismissed).toEqual([{ recommendationId: "rec-1", reason: "not now" }]);
  });
});

describe("history", () => {
  const seen: unknown[] = [];
  const daemon = ({ service }: ConnectRouter) =>
    service(HistoryService, {
      getHistory: ({ model, phase, parameter, start, end }) => {
        seen.push({ model, phase, parameter, start: start?.seconds, end: end?.seconds });
        return {
          changes: [
            {
              changeId: "ch-1",
              timestamp: at(10),
              parameter: "temperature",
              oldValue: number(0.7),
              newValue: number(1.5),
              reason: "trial",
              changedBy: "system",
              model: "gpt-4",
              phase: Phase.EXECUTION,
              revision: 18n,
            },
            {
              timestamp: at(9),
              parameter: "enabled",
              model: "gpt-4",
              changedBy: "ops",
              revision: 17n,
            },
          ],
        };
      },
    });

  test("shows changes and filters them", async () => {
    const line =
      "history gpt-4 --phase execution --parameter temperature --since 2026-11-22T09:00:00Z --until 2026-11-22T11:00:00Z";
    expect((await cli(line, { daemon })).stdout).toMatchInlineSnapshot(`
      "TIME                  REVISION  MODEL  PHASE      PARAMETER    OLD  NEW  BY      REASON
      2026-11-22T10:00:00Z        18  gpt-4  execution  temperature  0.7  1.5  system  trial
      2026-11-22T09:00:00Z        17  gpt-4  -          enabled        -    -  ops
      "
    `);
    expect(seen).toEqual([
      {
        model: "gpt-4",
        phase: Phase.EXECUTION,
        parameter: "temperature",
        start: at(9).seconds,
        end: at(11).seconds,
      },
    ]);
  });
});

describe("status and loop", () => {
  const pass = {
    pass: 3n,
    trigger: "request",
    startedAt: at(10),
    durationMs: 42,
    scopesAnalysed: 2,
    scopesUnchanged: 1,
    tasks: [
      {
        task: "drift",
        ok: true,
        decisions: [
          {
            decision: "drift_opened",
            model: "gpt-4",
            phase: Phase.EXECUTION,
            reason: "1.5 lies outside",
            subjectId: "d-2",
            evidence: Evidence.OBSERVATIONAL,
          },
        ],
      },
    ],
  };
  let failing = false;
  const daemon = ({ service }: ConnectRouter) => {
    service(AdminService, {
      getStatus: () => ({
        version: "0.1.0",
        uptimeSeconds: 3_723,
        storeId: "s-1",
        revision: 18n,
        storeSizeBytes: 1_234_567n,
        journalLag: 12n,
        checkpointAt: at(10),
        bounds: [{ name: "arms", used: 20n, max: 2000n }],
        agentsRole: "admin",
        nodeVersion: "v24.21.0",
        schemaVersion: 1,
      }),
    });
    service(OptimizerService, {
      getLoopStatus: () => ({
        intervalSeconds: 10,
        running: false,
        passes: 3n,
        lastPass: pass,
        lastSuccessAt: at(10),
      }),
      runLoop: () => ({
        pass: failing
          ? { ...pass, tasks: [{ task: "drift", ok: false, error: "disk full" }] }
          : pass,
        insights: [
          {
            text: "Quality collapses above 1.3.",
            model: "gpt-4",
            phase: Phase.EXECUTION,
            evidence: Evidence.OBSERVATIONAL,
          },
        ],
      }),
    });
  };

  test("show the daemon", async () => {
    expect((await cli("status", { daemon })).stdout).toMatchInlineSnapshot(`
      "address       http://127.0.0.1:8713
      version       0.1.0
      node          v24.21.0
      uptime        1 h 2 min
      agents role   admin
      store id      s-1
      store size    1.2 MB
      store schema  1
      revision      18
      journal lag   12 records
      checkpoint    2026-11-22T10:00:00Z

      BOUND  USED   MAX  SHARE
      arms     20  2000   1.0%
      "
    `);
  });

  test("show the loop", async () => {
    expect((await cli("loop", { daemon })).stdout).toMatchInlineSnapshot(`
      "interval      10 s
      running       no
      passes        3
      failures      0
      last success  2026-11-22T10:00:00Z

      pass 3 (request) at 2026-11-22T10:00:00Z took 42 ms: 2 scopes analysed, 1 unchanged

      TASK   DECISION      MODEL  PHASE      ATTRIBUTES  SUBJECT  EVIDENCE       REASON
      drift  drift_opened  gpt-4  execution  -           d-2      observational  1.5 lies outside
      "
    `);
  });

  test("run the loop", async () => {
    const { code, stdout } = await cli("loop run", { daemon });
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "gpt-4 execution: Quality collapses above 1.3. (observational)

      pass 3 (request) at 2026-11-22T10:00:00Z took 42 ms: 2 scopes analysed, 1 unchanged

      TASK   DECISION      MODEL  PHASE      ATTRIBUTES  SUBJECT  EVIDENCE       REASON
      drift  drift_opened  gpt-4  execution  -           d-2      observational  1.5 lies outside
      "
    `);
  });

  test("fail where a task of the pass failed", async () => {
    failing = true;
    const { code, stdout } = await cli("loop run", { daemon });
    expect(code).toBe(1);
    expect(stdout).toContain("task drift failed: disk full");
  });
});
