import { describe, expect, test } from "vitest";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { examineScope } from "../../src/engine/scope-examination.ts";
import { createWatchSourceDrift } from "../../src/optimizer/tasks/watch-source-drift.ts";
import { Slices } from "../../src/platform/slices.ts";
import { openTestServices, type TestServices } from "../../src/rpc/rpc-fixtures.ts";

const MODEL = "gpt-4";

async function open(label: string) {
  const services = await openTestServices({ label });
  const { engine, history } = services;
  const task = createWatchSourceDrift(engine);
  return {
    ...services,
    point: (to: string, version: string) =>
      history.setLabel({ model: MODEL, label: to, version, expectedVersion: "" }),
    /** The source drifts that are open after a pass of the loop. */
    async drifts() {
      await task.run({
        nowMs: services.platform.clock.ms,
        changedScopes: [],
        slices: new Slices(),
        examine: (scope) => examineScope(engine, scope, 0.1),
        publish: () => undefined,
      });
      return [...engine.state.findings.drifts.values()];
    },
  };
}

async function save({ engine, history }: TestServices, version: string, temperature: number) {
  const config = { modelName: MODEL, phases: { planning: { temperature } } };
  await engine.commit(putModelConfig(config, { etag: "", reason: version, changedBy: "anna" }));
  await history.saveConfigVersion({ model: MODEL, version });
}

describe("B110 the version that the label in use serves", () => {
  test("is a source drift once a newer one was given the label and it went back, and is none while nobody approved the newer one", async () => {
    const world = await open("production");
    await save(world, "v1", 0.1);
    await world.point("production", "v1");
    await save(world, "v2", 0.2);
    expect(await world.drifts()).toStrictEqual([]);
    await world.point("production", "v2");
    expect(await world.drifts()).toStrictEqual([]);
    await world.point("production", "v1");
    expect(await world.drifts()).toMatchObject([
      {
        kind: "source",
        parameter: "version",
        scope: { model: MODEL, phase: "planning" },
        served: "v1",
        optimumValues: ["v2"],
        magnitude: 1,
        evidence: "deterministic",
      },
    ]);
    await world.point("production", "v2");
    expect(await world.drifts()).toStrictEqual([]);
    await world.engine.close();
  });

  test("is compared with what production was given, too; another label approves nothing", async () => {
    const world = await open("canary");
    await save(world, "v1", 0.1);
    await world.point("canary", "v1");
    await save(world, "v2", 0.2);
    await world.point("staging", "v2");
    expect(await world.drifts()).toStrictEqual([]);
    await world.point("production", "v2");
    expect((await world.drifts()).map(({ message }) => message)).toStrictEqual([
      "the label canary serves version v1, and v2, which is newer, was given the label production: point canary to it, or delete it if it was given by mistake",
    ]);
    await world.engine.close();
  });

  test("has not drifted from a version that was deleted: deleting it takes the approval back", async () => {
    const world = await open("production");
    for (const [version, temperature] of [
      ["v1", 0.1],
      ["v2", 0.2],
    ] as const) {
      await save(world, version, temperature);
      await world.point("production", version);
    }
    await world.point("production", "v1");
    expect(await world.drifts()).toHaveLength(1);
    await world.history.deleteConfigVersion({ model: MODEL, version: "v2" });
    expect(await world.drifts()).toStrictEqual([]);
    await world.engine.close();
  });

  test("is no drift where no label is in use, and survives a restart where one is", async () => {
    const world = await open("head");
    await save(world, "v1", 0.1);
    await world.point("production", "v1");
    await save(world, "v2", 0.2);
    await world.point("production", "v2");
    await world.point("production", "v1");
    expect(await world.drifts()).toStrictEqual([]);
    await world.engine.close();
    const again = await openTestServices({ label: "production", database: world.memory.database });
    const pass = { nowMs: 1, changedScopes: [], slices: new Slices(), publish: () => undefined };
    await createWatchSourceDrift(again.engine).run({
      ...pass,
      examine: (scope) => examineScope(again.engine, scope, 0.1),
    });
    expect(again.engine.state.findings.drifts.size).toBe(1);
    await again.engine.close();
  });
});
