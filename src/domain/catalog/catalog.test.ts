import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtinCatalog } from "./builtin-catalog.ts";
import { detectCapabilities } from "./capabilities.ts";
import { createCatalog } from "./catalog.ts";
import { CAPABILITIES, LIFECYCLES, REASONING_EFFORTS, RENDER_APIS } from "./model-facts.ts";

const catalog = builtinCatalog();
const file = join(import.meta.dirname, "snapshot.json");

describe("the committed snapshot", () => {
  it("knows at least 400 chat models and stays below 250 KB", () => {
    expect(catalog.info.modelCount).toBeGreaterThanOrEqual(400);
    expect(catalog.list()).toHaveLength(catalog.info.modelCount);
    expect(readFileSync(file).byteLength).toBeLessThan(250_000);
  });

  it("has no two ids that differ only in case, and none in upper case", () => {
    expect(new Set(catalog.ids.map((id) => id.toLowerCase())).size).toBe(catalog.ids.length);
    for (const id of catalog.ids) expect(id).toBe(id.toLowerCase());
  });

  it("states every fact within its range", () => {
    for (const model of catalog.list()) {
      const { contextWindow, inputTokensMax = 1, outputTokensMax = 1 } = model.limits;
      expect(contextWindow, model.canonicalId).toBeGreaterThan(0);
      expect(inputTokensMax, model.canonicalId).toBeLessThanOrEqual(contextWindow);
      expect(outputTokensMax, model.canonicalId).toBeLessThanOrEqual(contextWindow);
      expect(model.vendor).not.toBe("");
      expect(model.family).not.toBe("");
      expect(LIFECYCLES).toContain(model.lifecycle);
      expect(RENDER_APIS).toContain(model.nativeApi);
      const efforts = REASONING_EFFORTS.filter((one) => model.reasoning.efforts.includes(one));
      expect(model.reasoning.efforts, model.canonicalId).toEqual(efforts);
      const { default: effort } = model.reasoning;
      if (effort !== undefined) expect(model.reasoning.efforts).toContain(effort);
      if (model.reasoning.efforts.includes("none")) expect(model.reasoning.canDisable).toBe(true);
    }
  });

  it("has whole, positive prices with a source and a day, and ascending tiers", () => {
    for (const { canonicalId, prices } of catalog.list()) {
      if (prices === undefined) continue;
      const { tiers, source, asOf, ...flat } = prices;
      for (const price of Object.values(flat)) {
        expect(Number.isSafeInteger(price) && price >= 0, canonicalId).toBe(true);
      }
      expect(prices.outputPicoUsd, canonicalId).toBeGreaterThan(0);
      expect(source).toMatch(/^(?:pi-ai:|llm-zoo|genai-prices|override)/);
      expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
      const bounds = tiers.map((tier) => tier.inputTokensAbove);
      expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    }
  });

  it("counts what it has", () => {
    const { countByLifecycle, countByVendor, modelCount, pricedCount, generatedAtMs } =
      catalog.info;
    const sum = (counts: ReadonlyMap<string, number>): number =>
      [...counts.values()].reduce((total, count) => total + count, 0);
    expect(sum(countByLifecycle)).toBe(modelCount);
    expect(sum(countByVendor)).toBe(modelCount);
    expect(pricedCount).toBeLessThan(modelCount);
    expect(generatedAtMs).toBe(Date.parse(`${catalog.info.generatedOn}T12:05:37.628Z`));
    expect(catalog.info.sources.length).toBe(3);
  });

  it("knows the current models of the vendors", () => {
    const current =
      "gpt-6.1-sol gpt-6-astra gpt-6-luna claude-opus-5-5 claude-sonnet-5-5 claude-haiku-5-5 " +
      "claude-fable-5-2 gemini-4-argon gemini-3.8-flash mistral-large-4 grok-4.7 kimi-k3 " +
      "deepseek-v4-pro glm-5.3 qwen3.8-max minimax-m3 muse-spark-1.3";
    for (const id of current.split(" ")) {
      expect(catalog.get(id)?.lifecycle, id).toBe("current");
      expect(catalog.get(id)?.prices, id).toBeDefined();
    }
  });

  it.skipIf(!existsSync(file))("has one model on each line, for reviews", () => {
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.length).toBe(catalog.info.modelCount + 2);
  });
});

describe("a catalog", () => {
  it("answers without regard to case, the same object each time", () => {
    expect(catalog.get("GPT-4o")).toBe(catalog.get("gpt-4o"));
    expect(catalog.has("GPT-4o")).toBe(true);
  });

  it("knows nothing when it is empty", () => {
    const { models: _, ...head } = JSON.parse(readFileSync(file, "utf8"));
    const empty = createCatalog({ ...head, models: [] });
    expect(empty.get("gpt-4")).toBeUndefined();
    expect(empty.ids).toEqual([]);
    expect(empty.info.modelCount).toBe(0);
  });
});

describe("capabilities", () => {
  const seeds: Record<string, string> = {
    "gpt-4": "TRPFCLJS",
    "gpt-4-turbo": "TRPFCLJS",
    "gpt-3.5-turbo": "TRPCJS",
    "claude-3-opus": "TRPFCLS",
    "claude-3-sonnet": "TRPCS",
    "claude-3-haiku": "TRCS",
    "glm-4": "TRCJ",
    "llama-2": "RC",
    mistral: "TRCJ",
    "gemini-pro": "TRPCLS",
    "gemini-ultra": "TRPFCLS",
  };

  it("are the settled sets for the eleven seed models, in the catalog as well", () => {
    for (const [id, letters] of Object.entries(seeds)) {
      const expected = CAPABILITIES.filter((_, index) =>
        letters.includes("TRPFCLJS".charAt(index)),
      );
      expect(detectCapabilities(id, undefined)).toMatchObject({
        capabilities: expected,
        source: "seed",
      });
      expect(catalog.get(id)?.capabilities, id).toEqual(expected);
    }
  });

  it("come from the catalog for other models and are unknown without facts", () => {
    const detected = detectCapabilities("gpt-6-sol", catalog.get("gpt-6-sol"));
    expect(detected.source).toBe("catalog");
    expect(detected.missing).toEqual([]);
    expect(detectCapabilities("nobody", undefined)).toEqual({
      capabilities: [],
      missing: [],
      source: "unknown",
    });
  });

  it("leave llama-2 without tools", () => {
    expect(detectCapabilities("llama-2", catalog.get("llama-2")).missing).toContain("tool_calling");
  });
});
