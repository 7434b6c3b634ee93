import { describe, expect, test } from "vitest";
import type { Drift } from "../domain/drift/drift.ts";
import { transition } from "../domain/recommendation/recommendation.ts";
import { recommendationIn } from "../domain/recommendation/recommendation-fixtures.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { openTestEngine } from "./engine-fixtures.ts";
import { dismissRecommendation, recordFindings } from "./finding-changes.ts";

const DRIFT: Drift = {
  driftId: "dft-1",
  state: "open",
  openedAtMs: 1,
  kind: "config",
  scope: { model: "gpt-4", phase: "execution", dimensions: ["", ""] },
  parameter: "temperature",
  served: 1.5,
  optimum: [{ low: 0.1, high: 0.7 }],
  optimumValues: [],
  magnitude: 0.8,
  threshold: 0.1,
  evidence: "observational",
  sampleSize: 1000,
  message: "outside",
};
const PROPOSED = recommendationIn("proposed");
const BY = { reason: "no", changedBy: "ann" };

async function engineWith(drifts: readonly Drift[]) {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  await engine.commit(recordFindings(() => ({ drifts, recommendations: [PROPOSED] })));
  const restarted = async () => openTestEngine((await openMemoryStore(memory.database)).store);
  return { engine, restarted };
}

describe("findings", () => {
  test("that matter are there after a restart", async () => {
    const { engine, restarted } = await engineWith([DRIFT]);
    expect((await restarted()).state.findings).toEqual(engine.state.findings);
  });

  test("that no longer matter leave memory and stay in the store", async () => {
    const { engine, restarted } = await engineWith([DRIFT]);
    const expired = transition(PROPOSED, {
      to: "expired",
      atMs: 5,
      by: "loop",
      reason: "resolved",
    });
    const resolved: Drift = { ...DRIFT, state: "resolved", resolvedAtMs: 5 };
    await engine.commit(
      recordFindings(() => ({ drifts: [resolved], recommendations: expired ? [expired] : [] })),
    );
    expect(engine.state.findings.drifts.size).toBe(0);
    expect(engine.state.findings.recommendations.size).toBe(0);
    expect((await restarted()).state.findings).toEqual(engine.state.findings);
  });

  test("a dismissed recommendation is remembered as long as its drift is open", async () => {
    const { engine, restarted } = await engineWith([DRIFT]);
    await engine.commit(dismissRecommendation(PROPOSED, BY));
    expect(engine.state.findings.recommendations.get("rec-1")?.state).toBe("dismissed");
    expect((await restarted()).state.findings.recommendations.get("rec-1")).toMatchObject({
      state: "dismissed",
      stateChangedBy: "ann",
    });
  });
});

describe("dismissing", () => {
  test.each([
    { what: "while its drift is open", drifts: [DRIFT] },
    { what: "of a recommendation without a drift", drifts: [] },
  ])("twice at once $what: one wins, the other hears that it is too late", async ({ drifts }) => {
    const { engine } = await engineWith(drifts);
    const race = await Promise.allSettled(
      [1, 2].map(() => engine.commit(dismissRecommendation(PROPOSED, BY))),
    );
    expect(race.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(race[1]).toMatchObject({ reason: { reason: "RECOMMENDATION_STATE_ILLEGAL" } });
  });

  test("what was read before it expired does not bring it back", async () => {
    const { engine } = await engineWith([]);
    const expired = transition(PROPOSED, { to: "expired", atMs: 5, by: "loop", reason: "time" });
    await engine.commit(
      recordFindings(() => ({ drifts: [], recommendations: expired ? [expired] : [] })),
    );
    await expect(engine.commit(dismissRecommendation(PROPOSED, BY))).rejects.toMatchObject({
      reason: "RECOMMENDATION_STATE_ILLEGAL",
    });
  });
});
