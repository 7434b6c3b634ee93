import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeKey } from "../domain/config/scope.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { keys } from "../store/keys.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { decodeTargetChunk, encodeTargetChunk } from "../store/target-chunk.ts";
import { encodeWordChunk } from "../store/word-chunk.ts";
import { openTestEngine } from "./engine-fixtures.ts";
import {
  GENERATIONS,
  type TargetEntry,
  type TargetPlace,
  TargetPlaces,
  targetEntry,
  targetWords,
} from "./target-entry.ts";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("what the words of a target say is what was put into them, up to their bounds", () => {
  const anyEntry: fc.Arbitrary<TargetEntry> = fc.record({
    ...{ place: word, hour: word, sequence: word, hasScores: fc.boolean() },
    index: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
    unit: fc.integer({ min: 0, max: 2 ** 38 - 1 }),
    standing: fc.record({
      report: fc.option(fc.nat(14), { nil: undefined }),
      isFailed: fc.boolean(),
    }),
  });
  fc.assert(
    fc.property(anyEntry, word, word, (entry, high, low) => {
      const words = new Uint32Array(targetWords({ high, low }, entry));
      expect([...words.slice(0, 2)]).toEqual([high, low]);
      expect(targetEntry(words)).toEqual(entry);
    }),
  );
});

test("a chunk reads back as it was written", () => {
  const chunk = {
    atMs: 5,
    places: [["scope", "config"] as const, ["scope", "exp-1.1", "exp-1", 3, 1] as const],
    width: 7,
    words: Uint32Array.from({ length: 14 }, (_, i) => i),
  };
  expect(decodeTargetChunk(encodeTargetChunk(chunk))).toEqual(chunk);
});

test("targets of layout 2 can be scored, but for those of experiments, whose units they do not know", async () => {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  const drawn = { ...armAt(0.1), configId: "exp-1.0" };
  await engine.report([outcomeOf("plain"), outcomeOf("drawn", { arm: drawn })]);
  await engine.checkpoint();
  const { window } = engine.outcomes.identities;
  const wordsOf = (id: string, place: number) => {
    const { high, low } = window.fingerprint(`o${id}`);
    return [high, low, place, 500_000, 1, place * 2];
  };
  const scope = scopeKey(armAt(0.1).scope);
  const places = Buffer.from(
    JSON.stringify([
      [scope, armAt(0.7).configId],
      [scope, "exp-1.0"],
    ]),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(places.length);
  const words = Uint32Array.from([...wordsOf("plain", 0), ...wordsOf("drawn", 1)]);
  const bytes = Buffer.concat([length, places, encodeWordChunk({ atMs: 1, words })]);
  await memory.store.write([{ put: keys.targets(1), bytes }], "sync");
  const next = await openTestEngine((await openMemoryStore(memory.database)).store);
  const verdicts = await next.outcomes.reportFeedback(
    ["plain", "drawn"].map((outcomeId) => ({
      target: { outcomeId },
      scores: { quality: 50 },
      source: "",
    })),
  );
  expect(verdicts).toEqual(["accepted", "too_late"]);
});

describe("places", () => {
  type Step =
    | { readonly arm: number; readonly boot: number | undefined }
    | "generation"
    | { readonly forgotten: number };
  const anyArm = fc.nat(11);
  const anyStep: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ arm: anyArm, boot: fc.constantFrom(undefined, 1, 2) }) },
    { weight: 3, arbitrary: fc.constant("generation" as const) },
    { weight: 1, arbitrary: fc.record({ forgotten: anyArm }) },
  );

  test("are held for the generations that use them, those of no unit while their arm is known, and no longer", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 200, size: "max" }), (steps) => {
        const places = new TargetPlaces();
        const lives = Array.from({ length: 12 }, () => ({ arm: armAt(0.1), scopeKey: "" }));
        // What every generation put into its entries.
        const used: Map<number, TargetPlace>[] = [new Map()];
        for (const step of steps) {
          if (step === "generation") {
            used.push(new Map());
            places.beginGeneration();
          } else if ("forgotten" in step) {
            const live = lives[step.forgotten];
            if (!live) continue;
            places.forget(live);
            for (const own of used)
              for (const [index, place] of own)
                if (place.live === live && !place.drawn) own.delete(index);
            lives[step.forgotten] = { ...live };
          } else {
            const live = lives[step.arm];
            if (!live) continue;
            const { boot } = step;
            const drawn = boot === undefined ? undefined : { experimentId: "exp-1", boot, arm: 1 };
            const place = { live, ...(drawn ? { drawn } : {}) };
            used.at(-1)?.set(places.indexOf(live, drawn), place);
          }
          const held = [...new Map(used.slice(-GENERATIONS).flatMap((own) => [...own]))];
          expect(places.size).toBe(held.length);
          const isHeld = ([index, { live, drawn }]: (typeof held)[number]) => {
            const place = places.at(index);
            return place?.live === live && place.drawn?.boot === drawn?.boot;
          };
          expect(held.every(isHeld)).toBe(true);
        }
      }),
    );
  });
});
