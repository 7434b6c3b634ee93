import { describe, expect, test } from "vitest";
import { binsOf, halfOctaveEdge, halfOctaveWithin, octaveName, qualityBinName } from "./binned.ts";
import { EMPTY_CELL, foldOutcome, mergeCells } from "./cell.ts";
import { outcomeOf } from "./outcome-fixtures.ts";

describe("bins of a cell", () => {
  test("every value lies in the octave whose edge it does not exceed, scaled to at most 1", () => {
    let cell = EMPTY_CELL;
    for (const latencyMs of [0, 1, 1024, 1025, 2048])
      cell = foldOutcome(cell, outcomeOf(`o${latencyMs}`, { latencyMs }));
    const bins = binsOf(cell.binned, (bin) => octaveName("latency", bin));
    expect(bins.map(({ bin, sums }) => [bin, sums.n])).toStrictEqual([
      [0, 2],
      [10, 1],
      [11, 2],
    ]);
    expect(bins[1]?.sums.s1).toBe(1);
    expect(bins[2]?.sums.s1).toBeCloseTo((1025 + 2048) / 2048, 12);
  });

  test("quality lies with the output tokens of its call, in steps of half an octave", () => {
    const quality = (outputTokens: number, score: number) =>
      outcomeOf(`q${outputTokens}`, { outputTokens, scores: { quality: score } });
    const a = foldOutcome(EMPTY_CELL, quality(300, 80));
    const b = foldOutcome(EMPTY_CELL, quality(500, 40));
    const bins = binsOf(mergeCells(a, b).binned, qualityBinName);
    expect(bins.map(({ bin }) => Math.round(halfOctaveEdge(bin)))).toStrictEqual([362, 512]);
    expect(bins.map(({ sums }) => sums.s1)).toStrictEqual([0.8, 0.4]);
  });

  test("a limit is judged at the largest edge below it, and an edge at itself", () => {
    expect(halfOctaveWithin(0.5)).toBe(-1);
    expect(halfOctaveWithin(512)).toBe(18);
    expect(halfOctaveWithin(600)).toBe(18);
    for (let half = 0; half < 60; half++) expect(halfOctaveWithin(halfOctaveEdge(half))).toBe(half);
  });

  test("tokens and cost are paired only where a call has both", () => {
    let cell = foldOutcome(EMPTY_CELL, outcomeOf("a", { outputTokens: 10, costNanoUsd: 5 }));
    cell = foldOutcome(cell, outcomeOf("b", { outputTokens: 20 }));
    expect(cell.tokensWithCost).toStrictEqual({ n: 1, x: 10, y: 5, xx: 100, yy: 25, xy: 50 });
  });
});
