import { describe, expect, test } from "vitest";
import type { ModelConfig } from "../domain/config/model-config.ts";
import type { Fault } from "../domain/kernel/fault.ts";
import { keys, ranges } from "../store/keys.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import type { Change } from "./change.ts";
import { deleteModelConfig, etagOf, putModelConfig } from "./config-changes.ts";
import type { Engine } from "./engine.ts";
import { openTestEngine } from "./engine-fixtures.ts";

const NO_ETAG = { etag: "", reason: "", changedBy: "test" };

function config(modelName: string, temperature: number): ModelConfig {
  return { modelName, phases: { execution: { temperature } } };
}

function served(engine: Engine, model: string) {
  return engine.lookups.resolve({
    model,
    phase: "execution",
    unit: "",
    attributes: {},
    requireKnown: false,
    callSettings: {},
  });
}

async function historyOf(engine: Engine): Promise<{ revision: number; newValue: unknown }[]> {
  const changes: { revision: number; newValue: unknown }[] = [];
  for await (const [, change] of engine.store.scan<(typeof changes)[number]>({
    range: ranges.changes,
  }))
    changes.push(change);
  return changes;
}

describe("commits", () => {
  test("take one revision each, in the order in which they were asked for", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    const written = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        engine.commit(putModelConfig(config("m", i / 100), NO_ETAG)),
      ),
    );
    expect(written.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    expect(served(engine, "m").settings.temperature).toBe(0.19);
    expect((await historyOf(engine)).map(({ revision }) => revision)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  test("that race with the same etag: exactly one wins, the other hears the present etag", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    for (let round = 0; round < 20; round++) {
      const etag = etagOf(engine.state.config.stored.get("m")?.config);
      const race = await Promise.allSettled(
        [1, 2].map((side) =>
          engine.commit(
            putModelConfig(config("m", round / 100 + side / 1000), { ...NO_ETAG, etag }),
          ),
        ),
      );
      const won = race.filter((result) => result.status === "fulfilled");
      const lost = race.filter((result) => result.status === "rejected");
      expect([won.length, lost.length]).toEqual([1, 1]);
      const fault = lost[0]?.reason as Fault;
      expect(fault.reason).toBe("ETAG_STALE");
      expect(fault.detail.metadata?.["etag"]).toBe(won[0]?.value.etag);
      expect(engine.state.config.revision).toBe(round + 1);
    }
  });

  test("that change nothing take no revision and write nothing", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const first = await engine.commit(putModelConfig(config("m", 0.5), NO_ETAG));
    const written = memory.control.written;
    const again = await engine.commit(putModelConfig(config("m", 0.5), NO_ETAG));
    expect(again).toMatchObject({ revision: first.revision, etag: first.etag, changes: [] });
    expect(memory.control.written).toBe(written);
  });

  test("that the disk refuses change nothing, and nobody hears of them", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.commit(putModelConfig(config("m", 0.5), NO_ETAG));
    const heard: number[] = [];
    engine.onCommit(({ state }) => heard.push(state.config.revision));
    const before = engine.state;
    memory.control.before = () => {
      throw new Error("disk full");
    };
    const failed = engine.commit(putModelConfig(config("m", 0.9), NO_ETAG));
    await expect(failed).rejects.toMatchObject({
      reason: "STORE_UNAVAILABLE",
      detail: { retryAfterMs: 1000 },
    });
    expect(engine.state).toBe(before);
    expect(served(engine, "m").settings.temperature).toBe(0.5);
    expect(heard).toEqual([]);
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(served(again, "m").settings.temperature).toBe(0.5);
  });

  test("after one that failed to plan go on", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    const broken: Change<void> = {
      name: "broken",
      plan() {
        throw new Error("a bug of ours");
      },
    };
    const [first, second] = await Promise.allSettled([
      engine.commit(broken),
      engine.commit(putModelConfig(config("m", 0.5), NO_ETAG)),
    ]);
    expect([first.status, second.status]).toEqual(["rejected", "fulfilled"]);
  });

  test("are served once they are on disk, not before", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    let during: number | undefined;
    memory.control.before = () => {
      during = served(engine, "m").settings.temperature;
    };
    await engine.commit(putModelConfig(config("m", 0.123), NO_ETAG));
    expect(during).toBe(0.7);
    expect(served(engine, "m").settings.temperature).toBe(0.123);
  });
});

describe("a restart", () => {
  const names = ["plain", "a/b", "\uffff", "😀 smile", "\u{10ffff}", "__proto__", 'quote"'];

  test("brings back every config, whatever its name holds", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    for (const [index, name] of names.entries())
      await engine.commit(putModelConfig(config(name, index / 100), NO_ETAG));
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(again.state.config.revision).toBe(names.length);
    for (const [index, name] of names.entries())
      expect(again.state.config.stored.get(name)?.config.phases?.execution?.temperature).toBe(
        index / 100,
      );
  });

  test("does not bring back what was deleted, and keeps the history of both", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.commit(putModelConfig(config("m", 0.5), NO_ETAG));
    await engine.commit(deleteModelConfig("m", NO_ETAG));
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(again.state.config.stored.has("m")).toBe(false);
    expect((await historyOf(again)).map(({ newValue }) => newValue)).toEqual([0.5, 0.7]);
    expect(await again.store.json(keys.meta("revision"))).toBe(2);
  });
});

test("a reason that is too long is refused on every write", async () => {
  const engine = await openTestEngine((await openMemoryStore()).store);
  await engine.commit(putModelConfig(config("m", 0.5), NO_ETAG));
  const reason = "r".repeat(1025);
  await expect(
    engine.commit(putModelConfig(config("m", 0.6), { ...NO_ETAG, reason })),
  ).rejects.toMatchObject({ reason: "CONFIG_INVALID" });
  await expect(engine.commit(deleteModelConfig("m", { ...NO_ETAG, reason }))).rejects.toMatchObject(
    { reason: "REQUEST_MALFORMED" },
  );
});

test("equal content has an equal etag, whatever the order of its fields", () => {
  const one = etagOf({
    modelName: "m",
    displayName: "d",
    phases: { planning: { topP: 1, seed: 2 } },
  });
  const two = etagOf({
    phases: { planning: { seed: 2, topP: 1 } },
    displayName: "d",
    modelName: "m",
  });
  expect(one).toBe(two);
  expect(etagOf({ modelName: "m", displayName: "e" })).not.toBe(one);
  expect(etagOf(undefined)).not.toBe(etagOf({ modelName: "" }));
});
