import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY_CELL, foldOutcome } from "./cell.ts";
import { CellBuilder } from "./cell-builder.ts";
import { anyOutcome } from "./outcome-fixtures.ts";

test("collects exactly what folding one outcome after the other does", () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 20 }), (outcomes) => {
      const builder = new CellBuilder();
      for (const outcome of outcomes) builder.add(outcome);
      expect(builder.toCell()).toEqual(outcomes.reduce(foldOutcome, EMPTY_CELL));
    }),
  );
});

test("what it answered stays as it was while it collects on", () => {
  fc.assert(
    fc.property(anyOutcome, (outcome) => {
      const builder = new CellBuilder();
      builder.add(outcome);
      const before = builder.toCell();
      const text = JSON.stringify(before);
      builder.add(outcome);
      builder.count("late");
      builder.merge(before);
      expect(JSON.stringify(before)).toBe(text);
      expect(builder.toCell()).toMatchObject({ outcomes: 3, late: 1 });
    }),
  );
});
