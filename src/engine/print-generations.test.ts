import fc from "fast-check";
import { expect, test } from "vitest";
import { OUTCOME_IDS_MAX } from "../domain/kernel/limits.ts";
import { IdWindow } from "./id-window.ts";
import { PrintGenerations } from "./print-generations.ts";

/** A word that looks like a hash of a number; any two numbers have different ones. */
function hashed(number: number): number {
  return Math.imul(number, 0x9e3779b1) >>> 0;
}

type Step = "seal" | "drop" | number;

/** What a list of maps answers, the newest first. */
function modelAnswer(generations: readonly ReadonlyMap<number, number>[], id: number) {
  return generations.findLast((generation) => generation.has(id))?.get(id);
}

test("answers as a list of maps does, whatever is sealed and dropped", () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
    { weight: 1, arbitrary: fc.constantFrom<Step[]>("seal", "drop") },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.boolean(), (steps, isCrowded) => {
      const tables = new PrintGenerations(3);
      let model = [new Map<number, number>()];
      // Fingerprints whose upper bits are all the same share one slot and one bucket.
      const printOf = (id: number) => [isCrowded ? 1 : hashed(id), id] as const;
      for (const [content, each] of steps.entries()) {
        if (each === "seal") {
          tables.seal();
          model.push(new Map());
        } else if (each === "drop") {
          tables.dropOldest();
          model = model.length > 1 ? model.slice(1) : [new Map()];
        } else {
          tables.add([...printOf(each), content]);
          model.at(-1)?.set(each, content);
        }
      }
      for (let id = 1; id <= 3_000; id++)
        if (tables.get(...printOf(id))?.[2] !== modelAnswer(model, id))
          throw new Error(`not what the model says of ${id}`);
      expect(tables.size).toBe(model.reduce((sum, { size }) => sum + size, 0));
      expect(tables.newestSize).toBe(model.at(-1)?.size);
      expect(tables.sealedCount).toBe(model.length - 1);
    }),
  );
});

test("entries beyond a full table's first slots are found, and all of them after it was sealed", () => {
  const tables = new PrintGenerations(3);
  const count = 5_000;
  // The upper half of all slots: many run over the end of the table.
  const high = (id: number) => (hashed(id) | 0x80000000) >>> 0;
  for (let id = 1; id <= count; id++) tables.addWords(Uint32Array.of(0, high(id), id, id), 1);
  const lost = () =>
    Array.from({ length: count }, (_, index) => index + 1).filter(
      (id) => tables.get(high(id), id)?.[2] !== id,
    );
  expect(lost()).toEqual([]);
  tables.seal();
  expect(lost()).toEqual([]);
  expect(tables.get(high(1), count + 1)).toBeUndefined();
});

test("the window of ids takes at most 16 bytes for each that it may hold, and allocates nothing once it is full", () => {
  const window = new IdWindow({ high: 1, low: 2 });
  let next = 1;
  const add = (count: number) => {
    for (const end = next + count; next < end; next++)
      window.add({ high: hashed(next), low: next }, next, 0);
  };
  add(OUTCOME_IDS_MAX);
  expect(window.size).toBe(OUTCOME_IDS_MAX);
  expect(window.bytes).toBeLessThan(16 * OUTCOME_IDS_MAX);
  // From the first generation that is dropped on, each takes the room of the one before.
  add(OUTCOME_IDS_MAX / 16);
  const bytes = window.bytes;
  const allocated = process.memoryUsage().arrayBuffers;
  add(OUTCOME_IDS_MAX / 4);
  // What is collected meanwhile can only make it less.
  expect(process.memoryUsage().arrayBuffers - allocated).toBeLessThan(100_000);
  expect(window.bytes).toBe(bytes);
});
