import { describe, expect, it } from "vitest";
import { builtinCatalog } from "../catalog/builtin-catalog.ts";
import { PARAM_RULES } from "./rules.ts";
import { WIRE_NAMES } from "./wire-names.ts";

const ids = builtinCatalog().ids;

describe("the rules", () => {
  it("have ids of their own, evidence, and the day it was looked up", () => {
    expect(new Set(PARAM_RULES.map((rule) => rule.id)).size).toBe(PARAM_RULES.length);
    for (const rule of PARAM_RULES) {
      expect(rule.evidence, rule.id).toMatch(/^https:\/\/[^ ]+\/[^ ]+$/);
      expect(rule.asOf, rule.id).toMatch(/^2026-\d\d-\d\d$/);
      expect(rule.message.length, rule.id).toBeGreaterThan(10);
    }
  });

  it("each match at least one model of the catalog", () => {
    for (const { id, model } of PARAM_RULES) {
      if (model !== undefined)
        expect(
          ids.filter((one) => model.test(one)),
          id,
        ).not.toEqual([]);
    }
  });

  it("speak only of parameters that their API has", () => {
    for (const rule of PARAM_RULES) {
      for (const api of rule.apis) {
        if (rule.effect.kind === "omit") continue;
        expect(WIRE_NAMES[api][rule.param], `${rule.id} on ${api}`).toBeDefined();
      }
    }
  });

  it("keep ranges in order", () => {
    for (const { id, effect } of PARAM_RULES) {
      if (effect.kind === "range") expect(effect.min, id).toBeLessThan(effect.max);
    }
  });
});
