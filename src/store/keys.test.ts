import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hourOfCellKey, type KeyRange, keys, ranges, sequenceOfKey } from "./keys.ts";
import { createMemoryDatabase } from "./store-fixtures.ts";

/** Names as the doors let them through: no NUL, all else, also what sorts last in UTF-8 or looks like another key. */
const hostileName = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
    fc.constantFrom(
      "a",
      "ab",
      "a\u0001",
      "\uffff",
      "\uffff\uffff",
      "😀",
      "\u{10ffff}",
      "0",
      "c",
      "g",
    ),
  )
  .map((name) => name.replaceAll("\u0000", "").toWellFormed())
  .filter((name) => name !== "");

/** The order of the store: that of the bytes. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
}

function isWithin(key: string, { gte, lt }: KeyRange): boolean {
  return compare(key, gte) >= 0 && compare(key, lt) < 0;
}

const counter = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe("keys sort as what they are made of", () => {
  test("revision, then index", () => {
    fc.assert(
      fc.property(counter, counter, counter, counter, (revision, index, revision2, index2) => {
        const logical = Math.sign(revision - revision2 || index - index2);
        expect(
          Math.sign(compare(keys.change(revision, index), keys.change(revision2, index2))),
        ).toBe(logical);
      }),
    );
  });

  test("sequences and hours read back", () => {
    fc.assert(
      fc.property(counter, hostileName, (number, name) => {
        expect(sequenceOfKey(keys.journal(number))).toBe(number);
        expect(hourOfCellKey(keys.cell(name, name, number))).toBe(number);
      }),
    );
  });
});

describe("a range", () => {
  test("holds every key of its name and none of another's", () => {
    fc.assert(
      fc.property(hostileName, hostileName, counter, (name, other, number) => {
        const own = keys.changeOfModel(name, number, 0);
        expect(isWithin(own, ranges.changesOfModel(name))).toBe(true);
        if (other !== name) expect(isWithin(own, ranges.changesOfModel(other))).toBe(false);
        const cell = keys.cell(name, "c1-0", number);
        expect(isWithin(cell, ranges.cellsOfScope(name))).toBe(true);
        expect(isWithin(cell, ranges.cellsOfArm(name, "c1-0"))).toBe(true);
        if (other !== name) expect(isWithin(cell, ranges.cellsOfScope(other))).toBe(false);
      }),
    );
  });

  test("holds every key of its kind and none of another kind", () => {
    fc.assert(
      fc.property(hostileName, counter, (name, number) => {
        const placed: readonly (readonly [string, KeyRange])[] = [
          [keys.config(name), ranges.configs],
          [keys.change(number, 1), ranges.changes],
          [keys.journal(number), ranges.journal],
          [keys.arm(name, name), ranges.arms],
          [keys.outcomeIds(number), ranges.outcomeIds],
          [keys.drift(number, name), ranges.drifts],
          [keys.recommendation(number, name), ranges.recommendations],
          [keys.liveDrift(name), ranges.liveDrifts],
          [keys.liveRecommendation(name), ranges.liveRecommendations],
        ];
        for (const [key] of placed) {
          const holders = placed.filter(([, range]) => isWithin(key, range)).map(([own]) => own);
          expect(holders).toEqual([key]);
        }
      }),
    );
  });

  test("is read by a database as it is meant", async () => {
    const database = createMemoryDatabase();
    const names = ["a", "ab", "a\u0001", "\uffff", "😀", "\u{10ffff}"];
    for (const name of names) await database.put(keys.config(name), Buffer.from("1"));
    await database.put(keys.change(1, 0), Buffer.from("1"));
    const read = await database.keys(ranges.configs).all();
    expect(read.toSorted()).toEqual(names.map(keys.config).toSorted());
  });
});
