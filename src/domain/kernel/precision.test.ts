import { expect, test } from "vitest";
import { shownNumber } from "./precision.ts";

test("rounding of sums is not shown, and what was measured is", () => {
  expect(shownNumber(82.00000000000003)).toBe(82);
  expect(shownNumber(0.1 + 0.2)).toBe(0.3);
  expect(shownNumber(85.5)).toBe(85.5);
  expect(shownNumber(0)).toBe(0);
  expect(shownNumber(-0.0012)).toBe(-0.0012);
  expect(shownNumber(123456.789)).toBe(123456.789);
});
