import fc from "fast-check";
import { expect, test } from "vitest";
import { sortedSteps } from "./sorted-steps.ts";

test("sorts as the language does, equal items in their order, in many steps", () => {
  const item = fc.record({ key: fc.nat(50), place: fc.nat() });
  const byKey = (a: { key: number }, b: { key: number }) => a.key - b.key;
  fc.assert(
    fc.property(fc.array(item, { maxLength: 3_000, size: "max" }), (items) => {
      const steps = sortedSteps(items, byKey);
      let count = 0;
      let next = steps.next();
      for (; next.done !== true; next = steps.next()) count += 1;
      expect(next.value).toEqual(items.toSorted(byKey));
      expect(count).toBeGreaterThanOrEqual(Math.ceil(items.length / 256));
    }),
    { numRuns: 60 },
  );
});
