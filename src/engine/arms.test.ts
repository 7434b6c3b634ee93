import { expect, test } from "vitest";
import { LIVE_PAIRS_MAX } from "../domain/kernel/limits.ts";
import { armAt } from "../domain/outcome/outcome-fixtures.ts";
import { Arms } from "./arms.ts";

test("an arm is itself again, in the order of first outcomes", () => {
  const arms = new Arms();
  const [first, second] = [arms.admit(armAt(0.7)), arms.admit(armAt(0.3))];
  expect(arms.admit(armAt(0.7))).toBe(first);
  expect(arms.ofScope(first.scopeKey)).toEqual([first, second]);
  expect(arms.pairs).toBe(2);
});

test("beyond the bound outcomes count for one overflow arm per phase, which has no settings", () => {
  const arms = new Arms();
  for (let i = 0; i < LIVE_PAIRS_MAX; i++) arms.admit(armAt(i));
  const over = arms.admit(armAt(-1));
  expect(over.arm).toMatchObject({ configId: "overflow", settings: {} });
  expect(arms.admit(armAt(-2))).toBe(over);
  expect(arms.pairs).toBe(LIVE_PAIRS_MAX + 1);
  const planning = { ...armAt(-1), scope: { ...armAt(-1).scope, phase: "planning" as const } };
  expect(arms.admit(planning)).not.toBe(over);
  expect(arms.admit(armAt(5)).arm.configId).toBe(armAt(5).configId);
});
