import { describe, expect, test } from "vitest";
import type { Drift } from "../../domain/drift/drift.ts";
import {
  PROPOSAL_TTL_MS,
  type Proposal,
  type Recommendation,
} from "../../domain/recommendation/recommendation.ts";
import { recommendationIn } from "../../domain/recommendation/recommendation-fixtures.ts";
import type { Findings } from "../../engine/state.ts";
import { decideRecommendations } from "./recommend-drift-return.ts";

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
const PROPOSAL: Proposal = recommendationIn("proposed");

function findings(
  drifts: readonly Drift[],
  recommendations: readonly Recommendation[] = [],
): Findings {
  return {
    drifts: new Map(drifts.map((drift) => [drift.driftId, drift])),
    recommendations: new Map(recommendations.map((item) => [item.recommendationId, item])),
  };
}

const decide = (proposals: readonly Proposal[], from: Findings, nowMs = 100) =>
  decideRecommendations(proposals, from, { nowMs, createId: () => "rec-new" }).recommendations.map(
    ({ recommendationId, state }) => [recommendationId, state],
  );

describe("a proposal", () => {
  test("is made for an open drift that nothing answers, and expires after its time", () => {
    const { recommendations } = decideRecommendations([PROPOSAL], findings([DRIFT]), {
      nowMs: 100,
      createId: () => "rec-new",
    });
    expect(recommendations).toMatchObject([
      {
        recommendationId: "rec-new",
        state: "proposed",
        createdAtMs: 100,
        expiresAtMs: 100 + PROPOSAL_TTL_MS,
      },
    ]);
  });

  test.each(["proposed", "accepted", "dismissed"] as const)(
    "is not made again while one is %s",
    (state) => {
      const answered = findings([DRIFT], [recommendationIn(state, { expiresAtMs: 1e15 })]);
      expect(decide([PROPOSAL], answered)).toEqual([]);
    },
  );

  test("is made again after nobody decided in time", () => {
    const waiting = findings([DRIFT], [recommendationIn("proposed", { expiresAtMs: 50 })]);
    expect(decide([], waiting)).toEqual([["rec-1", "expired"]]);
    const expired = findings([DRIFT], [recommendationIn("expired")]);
    expect(decide([PROPOSAL], expired)).toEqual([["rec-new", "proposed"]]);
  });

  test("gives way when another value is served, and is made anew for that one", () => {
    const moved = findings(
      [{ ...DRIFT, served: 1.8 }],
      [recommendationIn("proposed", { expiresAtMs: 1e15 })],
    );
    expect(decide([{ ...PROPOSAL, currentValue: 1.8 }], moved)).toEqual([
      ["rec-1", "superseded"],
      ["rec-new", "proposed"],
    ]);
  });

  test("that was dismissed is made again once another value is served", () => {
    const moved = findings([{ ...DRIFT, served: 1.8 }], [recommendationIn("dismissed")]);
    expect(decide([{ ...PROPOSAL, currentValue: 1.8 }], moved)).toEqual([["rec-new", "proposed"]]);
  });

  test("expires when its drift resolves; one that a person accepted is the person's", () => {
    expect(decide([], findings([], [recommendationIn("proposed")]))).toEqual([
      ["rec-1", "expired"],
    ]);
    expect(decide([], findings([], [recommendationIn("accepted")]))).toEqual([]);
  });

  test("for a drift that resolved meanwhile is not made", () => {
    expect(decide([PROPOSAL], findings([]))).toEqual([]);
  });
});
