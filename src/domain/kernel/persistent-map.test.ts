import fc from "fast-check";
import { expect, test } from "vitest";
import { PersistentMap } from "./persistent-map.ts";

test("behaves as a Map under any sequence of changes, and old versions stay as they were", () => {
  const change = fc.record({
    key: fc.string({ maxLength: 3 }),
    value: fc.option(fc.integer(), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const model = new Map<string, number>();
      let map = PersistentMap.empty<number>();
      const versions: [PersistentMap<number>, Map<string, number>][] = [];
      for (const { key, value } of changes) {
        versions.push([map, new Map(model)]);
        if (value === undefined) {
          map = map.delete(key);
          model.delete(key);
        } else {
          map = map.set(key, value);
          model.set(key, value);
        }
      }
      versions.push([map, model]);
      for (const [version, expected] of versions) {
        expect(new Map(version.entries())).toEqual(expected);
        expect(version.size).toBe(expected.size);
      }
      expect(new Map(PersistentMap.of(model).entries())).toEqual(model);
    }),
  );
});

test("a change shares all buckets but one", () => {
  const many = PersistentMap.of(
    Array.from({ length: 5000 }, (_, i): [string, { id: number }] => [`model-${i}`, { id: i }]),
  );
  const more = many.set("model-0", { id: -1 });
  expect(more.size).toBe(5000);
  expect(more.get("model-1")).toBe(many.get("model-1"));
  expect(many.get("model-0")).toEqual({ id: 0 });
});
