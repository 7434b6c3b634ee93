import { expect, test } from "vitest";
import type { Drift } from "../domain/drift/drift.ts";
import type {
  Recommendation,
  RecommendationState,
} from "../domain/recommendation/recommendation.ts";
import { NO_FINDINGS, withFindings } from "./state.ts";

const drift = { driftId: "dft-1", state: "open" } as Drift;

function recommendation(id: string, state: RecommendationState): Recommendation {
  return { recommendationId: id, state, driftId: drift.driftId } as Recommendation;
}

test("only what waits, runs or was declined stays, so that changes of a drifted value fill no bound", () => {
  const states: RecommendationState[] = [
    "proposed",
    "superseded",
    "expired",
    "dismissed",
    "applied",
    "rolled_back",
  ];
  const items = states.map((state) => recommendation(state, state));
  const findings = withFindings(NO_FINDINGS, [drift], items);
  expect([...findings.recommendations.keys()]).toEqual(["proposed", "dismissed", "applied"]);
});

test("what was declined is forgotten with its drift, and may be proposed again for a new one", () => {
  const declined = withFindings(NO_FINDINGS, [drift], [recommendation("a", "dismissed")]);
  const resolved = withFindings(declined, [{ ...drift, state: "resolved" }], []);
  expect(resolved.drifts.size).toBe(0);
  expect(resolved.recommendations.size).toBe(0);
});
