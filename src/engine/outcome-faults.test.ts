import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeKey } from "../domain/config/scope.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { checkStore } from "../store/check-store.ts";
import { type MemoryStore, openMemoryStore } from "../store/store-fixtures.ts";
import { ALL_HOURS } from "./cells.ts";
import { putModelConfig } from "./config-changes.ts";
import type { Engine } from "./engine.ts";
import { createTestPlatform, openTestEngine, type TestPlatform } from "./engine-fixtures.ts";

const AUTHOR = { etag: "", reason: "", changedBy: "test" };

function putStored(modelName: string, temperature: number) {
  return putModelConfig({ modelName, phases: { execution: { temperature } } }, AUTHOR);
}

const SCOPE = scopeKey(armAt(0.7).scope);

async function sumsOf(
  engine: Engine,
): Promise<{ count: number; latencyMs: number; score: number }> {
  const sums = { count: 0, latencyMs: 0, score: 0 };
  for (const { cell } of await engine.cells.read(SCOPE, ALL_HOURS)) {
    sums.count += cell.outcomes;
    sums.latencyMs += cell.latencyMs.sum;
    sums.score += Math.round((cell.bounded["quality"]?.s1 ?? 0) * 100);
  }
  return sums;
}

/** How the next writes go: well, refused by the disk before anything of them is there, or refused although all of it is. */
type Fate = "well" | "refused" | "unsure";

function direct({ control }: MemoryStore, fates: Fate[]): void {
  let fate: Fate = "well";
  control.before = () => {
    fate = fates.shift() ?? "well";
    if (fate === "refused") throw new Error("no space left on device");
  };
  control.after = () => {
    if (fate === "unsure") throw new Error("input/output error");
  };
}

describe("a disk that fails", () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("report"), ids: fc.array(fc.nat(30)) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("score"), ids: fc.array(fc.nat(30)) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("checkpoint"), ids: fc.constant([]) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash"), ids: fc.constant([]) }) },
  );
  const fates = fc.array(fc.constantFrom<Fate>("well", "well", "refused", "unsure"), {
    maxLength: 40,
  });

  test("never makes what was acknowledged count not at all, twice, or with another score", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fates, async (steps, plan) => {
        const platform = createTestPlatform();
        let memory = await openMemoryStore();
        let engine = await openTestEngine(memory.store, platform);
        direct(memory, [...plan]);
        const world = new World();
        for (const { kind, ids } of steps) {
          // Past the time after which a failed attempt to mend the store is repeated.
          platform.clock.ms += 2_000;
          if (kind === "report") await world.report(engine, ids);
          else if (kind === "score") await world.score(engine, ids);
          else if (kind === "checkpoint") await engine.checkpoint().catch(() => undefined);
          else {
            const left = plan.splice(0);
            memory = await openMemoryStore(memory.database);
            engine = await openTestEngine(memory.store, platform);
            direct(memory, left);
          }
        }
        memory = await openMemoryStore(memory.database);
        await world.check(await settled(engine, platform, memory));
        expect((await checkStore(memory.database)).findings).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("is taken up again by the next call, and what it left on disk counts once", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    direct(memory, ["unsure"]);
    await expect(engine.report([outcomeOf("a")])).rejects.toThrow("send them again");
    expect(engine.outcomes.measures().isWritable).toBe(false);
    expect(await engine.report([outcomeOf("a"), outcomeOf("b")])).toEqual([
      "duplicate",
      "accepted",
    ]);
    expect((await sumsOf(engine)).count).toBe(2);
    expect(engine.outcomes.measures()).toMatchObject({ isWritable: true, recoveries: 1 });
  });

  test("while a checkpoint is put together, the checkpoint fails and nothing of it counts twice", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    const count = 150;
    await engine.report(
      Array.from({ length: count }, (_, i) =>
        outcomeOf(`o-${i}`, { occurredAtMs: platform.clock.ms - i * 3_600_000 }),
      ),
    );
    direct(memory, ["refused"]);
    const checkpoint = engine.checkpoint().catch(() => "failed");
    await engine.report([outcomeOf("refused")]).catch(() => undefined);
    platform.clock.ms += 2_000;
    await engine.report([outcomeOf("more")]);
    await checkpoint;
    await engine.checkpoint();
    expect((await sumsOf(engine)).count).toBe(count + 1);
    const again = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
    expect((await sumsOf(again)).count).toBe(count + 1);
  });

  test("refuses at once while it cannot be mended, and lookups are answered meanwhile", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    direct(memory, ["refused"]);
    await engine.report([outcomeOf("a")]).catch(() => undefined);
    memory.control.open = () => {
      throw new Error("no space left on device");
    };
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(engine.report([outcomeOf("a")])).rejects.toMatchObject({
        reason: "STORE_UNAVAILABLE",
        detail: { retryAfterMs: 1000 },
      });
    }
    const lookup = { phase: "execution", unit: "", attributes: {}, requireKnown: false } as const;
    const answer = engine.lookups.resolve({ ...lookup, model: "gpt-4", callSettings: {} });
    expect(answer.enabled).toBe(true);
    memory.control.open = () => undefined;
    platform.clock.ms += 1_001;
    expect(await engine.report([outcomeOf("a")])).toEqual(["accepted"]);
  });

  test("leaves configs as they are on disk, also where a refused change got there", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.commit(putStored("model-a", 0.1));
    direct(memory, ["unsure"]);
    await expect(engine.commit(putStored("model-a", 0.9))).rejects.toThrow("could not be written");
    await engine.commit(putStored("model-b", 0.5));
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(engine.state.config.revision).toBe(again.state.config.revision);
    for (const model of ["model-a", "model-b"]) {
      expect(engine.state.config.stored.get(model)).toEqual(again.state.config.stored.get(model));
    }
  });
});

/** The engine of a store after a crash of the one before, with a disk that works. */
async function settled(
  before: Engine,
  platform: TestPlatform,
  memory: MemoryStore,
): Promise<readonly [Engine, Engine]> {
  platform.clock.ms += 2_000;
  await before.report([]).catch(() => undefined);
  return [before, await openTestEngine(memory.store, platform)];
}

/** What a caller knows. */
class World {
  /** Ids that were acknowledged, and those that may be there. */
  readonly #acknowledged = new Set<number>();
  readonly #unsure = new Set<number>();
  #scores = new Map<number, number>();
  #isScoreUnsure = new Set<number>();
  #round = 0;

  async report(engine: Engine, ids: readonly number[]): Promise<void> {
    const unique = [...new Set(ids)];
    try {
      await engine.report(unique.map((id) => outcomeOf(`o-${id}`, { latencyMs: id })));
      for (const id of unique) this.#acknowledged.add(id);
    } catch {
      for (const id of unique) this.#unsure.add(id);
    }
  }

  async score(engine: Engine, ids: readonly number[]): Promise<void> {
    this.#round += 1;
    const known = [...new Set(ids)].filter((id) => this.#acknowledged.has(id));
    const items = known.map((id) => ({
      target: { outcomeId: `o-${id}` },
      scores: { quality: (id + this.#round) % 101 },
      source: "judge",
    }));
    try {
      const verdicts = await engine.outcomes.reportFeedback(items);
      for (const [index, id] of known.entries()) {
        expect(verdicts[index]).toMatch(/accepted|duplicate/);
        this.#scores.set(id, (id + this.#round) % 101);
        this.#isScoreUnsure.delete(id);
      }
    } catch {
      for (const id of known) this.#isScoreUnsure.add(id);
    }
  }

  async check([live, restarted]: readonly [Engine, Engine]): Promise<void> {
    // Sending everything again settles what was unsure: it counts exactly once.
    const all = [...new Set([...this.#acknowledged, ...this.#unsure])];
    await restarted.report(all.map((id) => outcomeOf(`o-${id}`, { latencyMs: id })));
    const again = [...this.#isScoreUnsure];
    const items = again.map((id) => ({
      target: { outcomeId: `o-${id}` },
      scores: { quality: 7 },
      source: "judge",
    }));
    const verdicts = await restarted.outcomes.reportFeedback(items);
    for (const verdict of verdicts) expect(verdict).toMatch(/accepted|duplicate/);
    for (const id of again) this.#scores.set(id, 7);
    const sums = await sumsOf(restarted);
    expect(sums).toEqual({
      count: all.length,
      latencyMs: all.reduce((sum, id) => sum + id, 0),
      score: [...this.#scores.values()].reduce((sum, score) => sum + score, 0),
    });
    const before = await sumsOf(live);
    expect(before.count).toBeGreaterThanOrEqual(this.#acknowledged.size);
    expect(before.count).toBeLessThanOrEqual(all.length);
  }
}
