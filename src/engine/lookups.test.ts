import { describe, expect, test } from "vitest";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { putModelConfig } from "./config-changes.ts";
import { createTestPlatform, openTestEngine } from "./engine-fixtures.ts";
import type { LookupRequest } from "./lookups.ts";

const REQUEST: LookupRequest = {
  model: "gpt-4",
  phase: "execution",
  unit: "",
  attributes: {},
  requireKnown: false,
  callSettings: {},
};
const AUTHOR = { etag: "", reason: "", changedBy: "test" };

async function engineAndClock() {
  const platform = createTestPlatform();
  const engine = await openTestEngine((await openMemoryStore()).store, platform);
  const put = (modelName: string, temperature: number) =>
    engine.commit(putModelConfig({ modelName, phases: { execution: { temperature } } }, AUTHOR));
  return { engine, clock: platform.clock, put };
}

describe("a token", () => {
  test("is the same within a minute and a revision, and says what was decided", async () => {
    const { engine, clock, put } = await engineAndClock();
    const { token, arm, revision } = engine.lookups.resolve(REQUEST);
    expect(engine.lookups.resolve(REQUEST).token).toBe(token);
    expect(engine.openToken(token)).toEqual({
      arm,
      revision,
      decidedMinute: Math.floor(clock.ms / 60_000),
    });
    clock.ms += 60_000;
    const later = engine.lookups.resolve(REQUEST).token;
    expect(later).not.toBe(token);
    await put("another", 0.1);
    const renewed = engine.lookups.resolve(REQUEST);
    expect(renewed.token).not.toBe(later);
    expect(engine.openToken(renewed.token)?.revision).toBe(1);
  });

  test("of one scope is not that of another", async () => {
    const { engine } = await engineAndClock();
    const tokens = [
      {},
      { environment: "production" },
      { agent: "production" },
      { environment: "production", agent: "planner" },
    ].map((attributes) => engine.lookups.resolve({ ...REQUEST, attributes }).token);
    expect(new Set(tokens).size).toBe(4);
  });
});

describe("an answer", () => {
  test("changes with a write of its model and with no other", async () => {
    const { engine, put } = await engineAndClock();
    await put("gpt-4", 0.5);
    expect(engine.lookups.resolve(REQUEST).settings.temperature).toBe(0.5);
    await put("gpt-4-turbo", 0.1);
    expect(engine.lookups.resolve(REQUEST)).toMatchObject({
      revision: 2,
      parentRevision: 1,
      settings: { temperature: 0.5 },
    });
  });

  test("has the config id of its settings in every scope; the call's own settings leave it alone", async () => {
    const { engine } = await engineAndClock();
    const plain = engine.lookups.resolve(REQUEST);
    const elsewhere = engine.lookups.resolve({ ...REQUEST, attributes: { agent: "a" } });
    const called = engine.lookups.resolve({ ...REQUEST, callSettings: { temperature: 0 } });
    expect(elsewhere.arm.configId).toBe(plain.arm.configId);
    expect(called.arm).toEqual(plain.arm);
    expect(called.token).toBe(plain.token);
    expect(called.settings.temperature).toBe(0);
    expect(plain.settings.temperature).toBe(0.7);
  });

  test("of a model that becomes known is no longer that of an unknown one", async () => {
    const { engine, put } = await engineAndClock();
    const request = { ...REQUEST, model: "house-model" };
    expect(engine.lookups.resolve(request)).toMatchObject({
      configKey: "",
      reason: "unknown_model",
    });
    expect(() => engine.lookups.resolve({ ...request, requireKnown: true })).toThrow(
      "no config is known",
    );
    await put("house-model", 0.4);
    expect(engine.lookups.resolve({ ...request, requireKnown: true })).toMatchObject({
      configKey: "house-model",
      reason: "default",
      settings: { temperature: 0.4 },
    });
  });
});
