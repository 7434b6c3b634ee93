import fc from "fast-check";
import { expect, test } from "vitest";
import { anyPhase, anyText } from "../outcome/outcome-fixtures.ts";
import { attributeViolations, type Scope, scopeAttributes, scopeKey, scopeOf } from "./scope.ts";

const anyScope: fc.Arbitrary<Scope> = fc.record({
  model: anyText,
  phase: anyPhase,
  dimensions: fc.tuple(anyText, anyText),
});

test("scopes have the same key exactly when they are the same", () => {
  fc.assert(
    fc.property(anyScope, anyScope, (a, b) => {
      const same =
        a.model === b.model &&
        a.phase === b.phase &&
        a.dimensions.join("\u0001") === b.dimensions.join("\u0001");
      expect(scopeKey(a) === scopeKey(b)).toBe(same);
      expect(scopeKey(a)).not.toContain("\u0000");
    }),
  );
  const split = (dimensions: string[]) => scopeKey({ model: "m", phase: "planning", dimensions });
  expect(split(['a","b', ""])).not.toBe(split(["a", "b"]));
});

test("attributes that are dimensions come back from the scope, others do not", () => {
  const attributes = { environment: "production", agent: "planner", team: "blue" };
  const dimensions = ["environment", "agent"];
  const scope = scopeOf("m", "planning", attributes, dimensions);
  expect(scope.dimensions).toEqual(["production", "planner"]);
  expect(scopeAttributes(scope, dimensions)).toEqual({
    environment: "production",
    agent: "planner",
  });
  expect(scopeOf("m", "planning", {}, dimensions).dimensions).toEqual(["", ""]);
});

test("attributes are refused for their number, length and control characters", () => {
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"]));
  expect(attributeViolations(many)).toHaveLength(1);
  expect(attributeViolations({ "": "v" })).toHaveLength(1);
  expect(attributeViolations({ ["k".repeat(65)]: "v" })).toHaveLength(1);
  expect(attributeViolations({ k: "v".repeat(257) })).toHaveLength(1);
  expect(attributeViolations({ k: "a\nb" })).toHaveLength(1);
  expect(attributeViolations({ k: "" })).toEqual([]);
});
