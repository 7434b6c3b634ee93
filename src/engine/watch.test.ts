import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PHASES, type Phase } from "../domain/config/phase.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { deleteModelConfig, putModelConfig } from "./config-changes.ts";
import type { Engine } from "./engine.ts";
import { createTestPlatform, openTestEngine, type TestPlatform } from "./engine-fixtures.ts";
import { reloadFiles } from "./file-changes.ts";
import type { Resolution } from "./lookups.ts";
import { deleteOverride, putOverride } from "./override-changes.ts";
import { WatchHub, type WatchHubDeps, type WatchRequest } from "./watch.ts";
import type { WatchedKey } from "./watched-states.ts";
import type { Watcher, WatchUpdate } from "./watcher.ts";

const AUTHOR = { reason: "test", changedBy: "test" };

interface World {
  readonly engine: Engine;
  readonly hub: WatchHub;
  readonly platform: TestPlatform;
}

async function openWorld(
  bounds: Pick<WatchHubDeps, "watchersMax" | "logMax"> = {},
): Promise<World> {
  const platform = createTestPlatform();
  const engine = await openTestEngine((await openMemoryStore()).store, platform);
  const { clock, timers } = platform;
  const hub = new WatchHub({ lookups: engine.lookups, clock, timers, ...bounds });
  engine.onCommit((committed) => hub.committed(committed));
  return { engine, hub, platform };
}

function put(engine: Engine, model: string, phase: Phase, temperature: number) {
  const config = { modelName: model, phases: { [phase]: { temperature } } };
  return engine.commit(putModelConfig(config, { ...AUTHOR, etag: "" }));
}

function watchOf(keys: readonly [string, Phase][], resume: Partial<WatchRequest> = {}) {
  return {
    keys: keys.map(([model, phase]) => ({ model, phase, attributes: {} })),
    storeId: "",
    revision: 0,
    ...resume,
  };
}

/** Takes until nothing is left. */
function takeAll(watcher: Watcher): WatchUpdate[] {
  const updates: WatchUpdate[] = [];
  for (let update = watcher.take(); update; update = watcher.take()) updates.push(update);
  return updates;
}

function temperatures(updates: readonly WatchUpdate[]): (number | undefined)[] {
  return updates.flatMap(({ states }) =>
    states.map(({ resolution }) => resolution?.settings.temperature),
  );
}

/** What an answer says, without what differs between two lookups of one state. */
function contentOf({ wireModel, configKey, enabled, settings, limits, ...rest }: Resolution) {
  const { reason, provenance, warnings, arm } = rest;
  return { wireModel, configKey, enabled, settings, limits, reason, provenance, warnings, arm };
}

function answerOf(engine: Engine, key: WatchedKey) {
  const call = { unit: "", requireKnown: false, callSettings: {} };
  return contentOf(engine.lookups.resolve({ ...key, ...call }));
}

describe("a watch of keys", () => {
  test("starts with the current state and then tells the newest one, merged", async () => {
    const { engine, hub } = await openWorld();
    const watcher = hub.open(
      watchOf([
        ["gpt-4", "planning"],
        ["mistral", "execution"],
      ]),
    );
    expect(watcher.take()).toMatchObject({ event: "current", states: [{}, {}] });
    expect(watcher.take()).toBeUndefined();
    await put(engine, "gpt-4", "planning", 0.1);
    await put(engine, "gpt-4", "planning", 0.2);
    const updates = takeAll(watcher);
    expect(updates).toMatchObject([{ event: "changed", revision: 2 }]);
    expect(temperatures(updates)).toEqual([0.2]);
  });

  test("tells nothing of a change that leaves its answers as they are", async () => {
    const { engine, hub } = await openWorld();
    const watcher = hub.open(watchOf([["gpt-4", "planning"]]));
    takeAll(watcher);
    await put(engine, "gpt-4", "execution", 0.1);
    await put(engine, "mistral", "planning", 0.1);
    expect(watcher.take()).toBeUndefined();
    expect(watcher.heartbeat().revision).toBe(2);
  });

  test("follows what a name stands for when a model comes and goes", async () => {
    const { engine, hub } = await openWorld();
    const watcher = hub.open(watchOf([["azure/gpt-4", "planning"]]));
    takeAll(watcher);
    await put(engine, "azure/gpt-4", "planning", 0.9);
    expect(temperatures(takeAll(watcher))).toEqual([0.9]);
    await engine.commit(deleteModelConfig("azure/gpt-4", { ...AUTHOR, etag: "" }));
    expect(temperatures(takeAll(watcher))).toEqual([0.3]);
  });

  test("refuses a name that is none", async () => {
    const { hub } = await openWorld();
    expect(() => hub.open(watchOf([["  ", "planning"]]))).toThrow("name");
    expect(hub.size).toBe(0);
  });

  test("repeats its states before their tokens grow old", async () => {
    const { hub, platform } = await openWorld();
    const watcher = hub.open(watchOf([["gpt-4", "planning"]]));
    const first = takeAll(watcher)[0]?.states[0]?.resolution?.token;
    platform.clock.ms += 59 * 60_000;
    expect(watcher.take()).toBeUndefined();
    platform.clock.ms += 60_000;
    const [again] = takeAll(watcher);
    expect(again?.event).toBe("current");
    expect(again?.states[0]?.resolution?.token).not.toBe(first);
  });
});

describe("a watch of everything", () => {
  test("holds every registered config in every phase, and tells of one that comes and goes", async () => {
    const { engine, hub } = await openWorld();
    const watcher = hub.open(watchOf([]));
    const whole = takeAll(watcher);
    expect(whole.flatMap(({ states }) => states)).toHaveLength(11 * PHASES.length);
    await put(engine, "my-model", "planning", 0.4);
    expect(takeAll(watcher).flatMap(({ states }) => states)).toHaveLength(PHASES.length);
    await engine.commit(deleteModelConfig("my-model", { ...AUTHOR, etag: "" }));
    const gone = takeAll(watcher).flatMap(({ states }) => states);
    expect(gone.map(({ key, resolution }) => [key.model, resolution])).toEqual(
      PHASES.map(() => ["my-model", undefined]),
    );
  });

  test("tells a large state in parts, of which only the last names a revision to resume after", async () => {
    const { engine, hub } = await openWorld();
    const config = (model: string) => ({ config: { modelName: model, enabled: true }, file: "f" });
    const files = Array.from({ length: 300 }, (_, index) => `model-${index}`);
    await engine.commit(reloadFiles(new Map(files.map((model) => [model, config(model)]))));
    const updates = takeAll(hub.open(watchOf([])));
    expect(updates.length).toBeGreaterThan(5);
    expect(updates.slice(0, -1).every(({ revision }) => revision === 0)).toBe(true);
    expect(updates.at(-1)?.revision).toBe(1);
    expect(updates.flatMap(({ states }) => states)).toHaveLength(311 * PHASES.length);
  });

  test("learns which models a reload of many files took away", async () => {
    const { engine, hub } = await openWorld();
    const names = Array.from({ length: 300 }, (_, index) => `model-${index}`);
    const files = names.map(
      (model) => [model, { config: { modelName: model }, file: "f" }] as const,
    );
    await engine.commit(reloadFiles(new Map(files)));
    const watcher = hub.open(watchOf([]));
    takeAll(watcher);
    await engine.commit(reloadFiles(new Map()));
    const known = takeAll(watcher);
    expect(known.every(({ event }) => event === "current")).toBe(true);
    expect(known.flatMap(({ states }) => states)).toHaveLength(11 * PHASES.length);
  });
});

describe("resuming", () => {
  test("tells only what changed since, or that nothing did", async () => {
    const { engine, hub } = await openWorld();
    const { storeId } = engine.store;
    await put(engine, "gpt-4", "planning", 0.1);
    await put(engine, "mistral", "planning", 0.2);
    const keys: [string, Phase][] = [
      ["gpt-4", "planning"],
      ["mistral", "planning"],
    ];
    const behind = takeAll(hub.open(watchOf(keys, { storeId, revision: 1 })));
    expect(behind).toMatchObject([{ event: "changed", revision: 2 }]);
    expect(temperatures(behind)).toEqual([0.2]);
    const even = takeAll(hub.open(watchOf(keys, { storeId, revision: 2 })));
    expect(even).toEqual([{ event: "heartbeat", states: [], revision: 2 }]);
  });

  test("over a restart tells every key, as nobody knows what changed before", async () => {
    const { engine } = await openWorld();
    await put(engine, "gpt-4", "planning", 0.1);
    await put(engine, "gpt-4", "planning", 0.2);
    const platform = createTestPlatform();
    const hub = new WatchHub({ lookups: engine.lookups, ...platform });
    const { storeId } = engine.store;
    const keys: [string, Phase][] = [["mistral", "planning"]];
    expect(takeAll(hub.open(watchOf(keys, { storeId, revision: 1 })))).toMatchObject([
      { event: "changed", revision: 2, states: [{}] },
    ]);
    expect(takeAll(hub.open(watchOf([], { storeId, revision: 1 })))[0]?.event).toBe("current");
    expect(takeAll(hub.open(watchOf(keys, { storeId, revision: 2 })))[0]?.event).toBe("heartbeat");
  });

  test.each([
    ["another store", { storeId: "store-other", revision: 1 }],
    ["no store", { storeId: "", revision: 1 }],
    ["a future revision", { storeId: "store-test", revision: 99 }],
  ])("from %s gets the whole state as a resynchronisation", async (_, resume) => {
    const { engine, hub } = await openWorld();
    await put(engine, "gpt-4", "planning", 0.1);
    const updates = takeAll(hub.open(watchOf([["gpt-4", "planning"]], resume)));
    expect(updates).toMatchObject([{ event: "resync", revision: 1, states: [{}] }]);
    expect(hub.slowConsumers).toBe(0);
  });

  test("after a revision whose successors are forgotten is refused with REVISION_COMPACTED", async () => {
    const { engine, hub } = await openWorld({ logMax: 4 });
    for (let count = 1; count <= 20; count++) await put(engine, "gpt-4", "planning", count / 100);
    const storeId = "store-test";
    expect(() => hub.open(watchOf([], { storeId, revision: 2 }))).toThrow(Fault);
    expect(() => hub.open(watchOf([], { storeId, revision: 2 }))).toThrow(/are not kept/);
    expect(takeAll(hub.open(watchOf([], { storeId, revision: 19 })))[0]?.event).toBe("changed");
  });
});

describe("many and slow readers", () => {
  test("a reader that the log leaves behind is resynchronised and counted once", async () => {
    const { engine, hub } = await openWorld({ logMax: 4 });
    const slow = hub.open(watchOf([["gpt-4", "planning"]]));
    const idle = hub.open(watchOf([["mistral", "planning"]]));
    takeAll(slow);
    takeAll(idle);
    for (let count = 1; count <= 40; count++) await put(engine, "gpt-4", "planning", count / 100);
    expect(hub.slowConsumers).toBe(1);
    expect(takeAll(slow)).toMatchObject([{ event: "resync", revision: 40 }]);
    // Nothing of what it watches changed, so it missed nothing.
    expect(takeAll(idle)).toEqual([]);
    expect(hub.slowConsumers).toBe(1);
  });

  test("one more watcher than there may be is refused with QUEUE_FULL until one leaves", async () => {
    const { hub } = await openWorld({ watchersMax: 2 });
    const first = hub.open(watchOf([]));
    hub.open(watchOf([]));
    expect(() => hub.open(watchOf([]))).toThrow(/2 watches are open/);
    hub.close(first);
    expect(hub.open(watchOf([])).take()?.event).toBe("current");
  });

  test("watchers of one key share the very same state", async () => {
    const { engine, hub } = await openWorld();
    const watchers = [1, 2, 3].map(() => hub.open(watchOf([["gpt-4", "planning"]])));
    await put(engine, "gpt-4", "planning", 0.1);
    const states = watchers.map((watcher) => takeAll(watcher).at(-1)?.states[0]);
    expect(states[1]).toBe(states[0]);
    expect(states[2]).toBe(states[0]);
  });

  test("all who wait are woken, in turns", async () => {
    const { engine, hub, platform } = await openWorld();
    let woken = 0;
    for (let count = 0; count < 200; count++) {
      const watcher = hub.open(watchOf([["gpt-4", "planning"]]));
      takeAll(watcher);
      watcher.onWake(() => {
        woken += 1;
      });
    }
    await put(engine, "mistral", "planning", 0.1);
    expect(woken).toBe(0);
    await put(engine, "gpt-4", "planning", 0.1);
    expect(woken).toBe(64);
    for (let turn = 0; turn < 3; turn++) platform.timers.fireAll();
    expect(woken).toBe(200);
  });
});

const MODELS = ["gpt-4", "azure/gpt-4", "custom-a", "custom-b"];
const modelArb = fc.constantFrom(...MODELS);
const phaseArb = fc.constantFrom<Phase>("planning", "execution");
const temperatureArb = fc.integer({ min: 0, max: 4 }).map((tenth) => tenth / 10);
const stepArb = fc.oneof(
  fc.record({
    kind: fc.constant("put" as const),
    model: modelArb,
    phase: phaseArb,
    temperature: temperatureArb,
  }),
  fc.record({ kind: fc.constant("delete" as const), model: modelArb }),
  fc.record({
    kind: fc.constant("override" as const),
    model: fc.constantFrom("", ...MODELS),
    temperature: fc.option(temperatureArb, { nil: undefined }),
    environment: fc.constantFrom("", "production"),
  }),
  fc.record({
    kind: fc.constant("files" as const),
    models: fc.subarray(MODELS),
    temperature: temperatureArb,
  }),
  fc.record({ kind: fc.constant("take" as const), watcher: fc.nat(3), count: fc.nat(3) }),
);

async function carryOut(
  engine: Engine,
  step: Exclude<typeof stepArb extends fc.Arbitrary<infer S> ? S : never, { kind: "take" }>,
) {
  switch (step.kind) {
    case "put":
      await put(engine, step.model, step.phase, step.temperature);
      return;
    case "delete":
      if (!engine.state.config.stored.has(step.model)) return;
      await engine.commit(deleteModelConfig(step.model, { ...AUTHOR, etag: "" }));
      return;
    case "override": {
      const selector: Record<string, string> =
        step.environment === "" ? {} : { environment: step.environment };
      const content = { model: step.model, phase: undefined, selector, pin: false };
      const present = [...engine.state.config.overrides.values()].find(
        (one) =>
          one.model === step.model && one.selector["environment"] === selector["environment"],
      );
      if (step.temperature !== undefined) {
        const settings = { temperature: step.temperature };
        await engine.commit(putOverride({ ...content, settings }, AUTHOR));
      } else if (present) await engine.commit(deleteOverride(present.overrideId, AUTHOR));
      return;
    }
    case "files": {
      const phases = { planning: { temperature: step.temperature } };
      const files = step.models.map(
        (model) => [model, { config: { modelName: model, phases }, file: "f.yaml" }] as const,
      );
      await engine.commit(reloadFiles(new Map(files)));
    }
  }
}

/** A reader as a client keeps it: what it knows by key, and how far it is. */
class Reader {
  readonly known = new Map<string, ReturnType<typeof contentOf> | undefined>();
  revision = 0;
  readonly watcher: Watcher;

  constructor(watcher: Watcher) {
    this.watcher = watcher;
  }

  read(update: WatchUpdate): void {
    if (update.revision !== 0) {
      expect(update.revision).toBeGreaterThanOrEqual(this.revision);
      this.revision = update.revision;
    }
    for (const { key, resolution } of update.states) {
      const id = JSON.stringify([key.model, key.phase, key.attributes]);
      this.known.set(id, resolution && contentOf(resolution));
    }
  }
}

test("whatever is written and however readers read, each ends with what lookups answer, and no revision goes back", async () => {
  const watched: (readonly WatchedKey[])[] = [
    [],
    [{ model: "gpt-4", phase: "planning", attributes: {} }],
    [
      { model: "custom-a", phase: "planning", attributes: { environment: "production" } },
      { model: "azure/gpt-4", phase: "execution", attributes: {} },
    ],
    [{ model: "unknown-model", phase: "planning", attributes: {} }],
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(stepArb, { maxLength: 40 }), async (steps) => {
      const { engine, hub } = await openWorld({ logMax: 4 });
      const readers = watched.map(
        (keys) => new Reader(hub.open({ keys, storeId: "", revision: 0 })),
      );
      for (const step of steps) {
        if (step.kind !== "take") {
          await carryOut(engine, step);
          continue;
        }
        const reader = readers[step.watcher];
        for (let count = 0; count < step.count; count++) {
          const update = reader?.watcher.take();
          if (update) reader?.read(update);
        }
      }
      for (const [index, reader] of readers.entries()) {
        for (const update of takeAll(reader.watcher)) reader.read(update);
        expect(reader.watcher.heartbeat().revision).toBe(engine.state.config.revision);
        for (const key of watched[index] ?? []) {
          const id = JSON.stringify([key.model, key.phase, key.attributes]);
          expect(reader.known.get(id)).toEqual(answerOf(engine, key));
        }
      }
      const everything = readers[0]?.known ?? new Map();
      for (const model of MODELS) {
        const registered =
          engine.state.config.stored.has(model) || engine.state.config.files.has(model);
        const key = { model, phase: "planning" as const, attributes: {} };
        const id = JSON.stringify([model, "planning", {}]);
        if (registered || model === "gpt-4") {
          expect(everything.get(id)).toEqual(answerOf(engine, key));
        } else expect(everything.get(id)).toBeUndefined();
      }
    }),
    { numRuns: 60 },
  );
});
