import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  improvementText,
  isOpen,
  mostAdvancedState,
  RECOMMENDATION_STATES,
  RECOMMENDATION_SUCCESSORS,
  transition,
} from "./recommendation.ts";
import { RECOMMENDATION, recommendationIn } from "./recommendation-fixtures.ts";

const anyState = fc.constantFrom(...RECOMMENDATION_STATES);

describe("the life of a recommendation", () => {
  test("never leaves its graph, whatever is asked of it", () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 20 }), (asked) => {
        let current = RECOMMENDATION;
        for (const to of asked) {
          const next = transition(current, { to, atMs: 2, by: "somebody", reason: "asked" });
          const successors: readonly string[] = RECOMMENDATION_SUCCESSORS[current.state];
          expect(next !== undefined).toBe(successors.includes(to));
          current = next ?? current;
        }
      }),
    );
  });

  test("ends: there is no way round in the graph, and every state leads to a final one", () => {
    const walk = (state: keyof typeof RECOMMENDATION_SUCCESSORS, path: readonly string[]): void => {
      expect(path).not.toContain(state);
      for (const next of RECOMMENDATION_SUCCESSORS[state]) walk(next, [...path, state]);
    };
    for (const state of RECOMMENDATION_STATES) walk(state, []);
  });

  test("can always go back once it is served", () => {
    for (const state of ["canary", "applied", "verified"] as const)
      expect(RECOMMENDATION_SUCCESSORS[state]).toContain("rolled_back");
  });

  test("keeps the plan and records who, when and why", () => {
    const next = transition(RECOMMENDATION, {
      to: "dismissed",
      atMs: 7,
      by: "ann",
      reason: "not now",
    });
    expect(next).toEqual({
      ...RECOMMENDATION,
      state: "dismissed",
      stateChangedAtMs: 7,
      stateChangedBy: "ann",
      stateReason: "not now",
    });
  });
});

test("the most advanced open state speaks for a pair, else none", () => {
  fc.assert(
    fc.property(fc.array(anyState), (states) => {
      const items = states.map((state) => recommendationIn(state));
      const spoken = mostAdvancedState(items);
      if (!items.some(isOpen)) expect(spoken).toBe("none");
      else {
        expect(states).toContain(spoken);
        expect(isOpen(recommendationIn(spoken as (typeof states)[number]))).toBe(true);
      }
    }),
  );
  expect(mostAdvancedState([])).toBe("none");
  expect(
    mostAdvancedState(
      (["proposed", "applied", "expired"] as const).map((s) => recommendationIn(s)),
    ),
  ).toBe("applied");
});

test("improvements are written as the seed writes them", () => {
  expect([0.025, -0.05, 0, -0.00001, 1, 0.12345].map(improvementText)).toEqual([
    "+2.5%",
    "-5%",
    "0%",
    "-0.001%",
    "+100%",
    "+12.3%",
  ]);
});
