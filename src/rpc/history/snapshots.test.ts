import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { parseEnvironment } from "../../domain/config/environment.ts";
import { PAST_CONFIGS_MAX, SNAPSHOTS_MAX } from "../../domain/kernel/limits.ts";
import type { ComparandSchema } from "../../gen/attuned/v1/history_service_pb.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { keys } from "../../store/keys.ts";
import { keysOf } from "../../store/store-fixtures.ts";
import { openTestServices, refusalOf, type TestServices } from "../rpc-fixtures.ts";

const E = Phase.EXECUTION;

function put({ models }: TestServices, temperature: number, modelName = "gpt-4") {
  return models.putModelConfig({
    config: { modelName, phases: [{ phase: E, settings: { temperature } }] },
  });
}

describe("snapshots", () => {
  test("B007 B065 a write records the snapshot of its scope by itself", async () => {
    const services = await openTestServices();
    await put(services, 0.5);
    const { snapshot } = await services.history.getCurrentConfig({ model: "gpt-4" });
    expect(snapshot).toMatchObject({
      snapshotId: expect.stringMatching(/^cfg-[0-9a-f]{24}$/),
      temperature: 0.5,
      metadata: { phase: "execution", revision: "1" },
    });
    const stored = (await keysOf(services.memory.database)).filter((key) => key.startsWith("n"));
    expect(stored).toEqual([keys.snapshot(snapshot?.snapshotId ?? "")]);
  });

  test("B065 snapshot and change are one batch: where the write fails there is neither", async () => {
    const services = await openTestServices();
    services.memory.control.before = () => {
      throw new Error("disk full");
    };
    await expect(put(services, 0.5)).rejects.toThrow();
    const written = (await keysOf(services.memory.database)).filter((key) =>
      /^[chgknqw]/.test(key),
    );
    expect(written).toEqual([]);
  });

  test("B066 a write that changes nothing records neither", async () => {
    const services = await openTestServices();
    await put(services, 0.5);
    const before = await keysOf(services.memory.database);
    await put(services, 0.5);
    expect(await keysOf(services.memory.database)).toEqual(before);
  });

  test("B060 a recorded snapshot carries the caller's metadata, and is the current one until something changes", async () => {
    const services = await openTestServices();
    const { history } = services;
    const scope = { model: "gpt-4", attributes: { environment: "production" } };
    const recorded = await history.recordSnapshot({
      ...scope,
      metadata: { version: "1.0.0", phase: "not the caller's to say" },
    });
    expect(recorded).toMatchObject({
      revision: 1n,
      changes: [],
      snapshot: { metadata: { version: "1.0.0", phase: "execution", environment: "production" } },
    });
    const current = await history.getCurrentConfig(scope);
    expect(current.snapshot).toEqual(recorded.snapshot);
    await put(services, 0.5);
    const later = await history.getCurrentConfig(scope);
    expect(later.snapshot?.snapshotId).not.toBe(recorded.snapshot?.snapshotId);
  });

  test("B061 with a reason, a snapshot records what differs from the one before of its scope", async () => {
    const first = await openTestServices();
    await first.history.recordSnapshot({ model: "gpt-4" });
    const environment = parseEnvironment({ ATTUNED_MODEL_TEMPERATURE: "0.9" });
    const database = first.memory.database;
    const { history } = await openTestServices({ environment, database });
    const quiet = await openTestServices({ environment, database });
    const { changes, revision } = await history.recordSnapshot({
      model: "gpt-4",
      reason: "new environment",
    });
    expect(changes).toMatchObject([
      {
        parameter: "temperature",
        oldValue: { kind: { value: 0.7 } },
        newValue: { kind: { value: 0.9 } },
        reason: "new environment",
        revision,
      },
    ]);
    expect((await history.getHistory({ model: "gpt-4" })).changes).toEqual(changes);
    expect((await quiet.history.recordSnapshot({ model: "gpt-4" })).changes).toEqual([]);
  });

  test("metadata beyond its bounds is refused", async () => {
    const { history } = await openTestServices();
    const metadata = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"]));
    const refusal = await refusalOf(history.recordSnapshot({ model: "gpt-4", metadata }));
    expect(refusal.reason).toBe("ATTRIBUTES_INVALID");
  });

  test("the oldest snapshots make room for new ones", async () => {
    const services = await openTestServices();
    const { store, database } = services.memory;
    const { snapshot } = await services.history.recordSnapshot({ model: "gpt-4" });
    const ops = Array.from({ length: SNAPSHOTS_MAX - 1 }, (_, index) => ({
      put: keys.snapshotOrder(index + 2),
      json: `cfg-${index}`,
    }));
    await store.write(ops, "buffered");
    const order = async () => (await keysOf(database)).filter((key) => key.startsWith("q")).length;
    expect(await order()).toBe(SNAPSHOTS_MAX);
    await services.history.recordSnapshot({ model: "gpt-4-turbo" });
    expect(await order()).toBe(SNAPSHOTS_MAX);
    const gone = { source: { case: "snapshotId", value: snapshot?.snapshotId ?? "" } } as const;
    const refusal = await refusalOf(services.history.compareConfigs({ left: gone, right: gone }));
    expect(refusal.reason).toBe("SNAPSHOT_NOT_FOUND");
    const current = await services.history.getCurrentConfig({ model: "gpt-4" });
    expect(current.snapshot?.snapshotId).not.toBe(snapshot?.snapshotId);
  });
});

describe("CompareConfigs", () => {
  type Side = MessageInitShape<typeof ComparandSchema>;
  const live = (model: string, attributes: Record<string, string> = {}): Side => ({
    source: { case: "live", value: { model, attributes } },
  });
  const version = (model: string, name: string): Side => ({
    source: { case: "version", value: { model, version: name } },
  });
  const revision = (model: string, number: number): Side => ({
    source: { case: "revision", value: { model, revision: BigInt(number) } },
  });
  const snapshot = (value: string): Side => ({ source: { case: "snapshotId", value } });

  async function differences({ history }: TestServices, left: Side, right: Side) {
    const answer = await history.compareConfigs({ left, right });
    expect(answer.equal).toBe(answer.differences.length === 0);
    return answer.differences.map(({ parameter, oldValue, newValue }) => [
      parameter,
      oldValue?.kind.value,
      newValue?.kind.value,
    ]);
  }

  test("B064 B024 B025 any two of live scope, version, snapshot and revision", async () => {
    const services = await openTestServices();
    const { history } = services;
    await put(services, 0.5);
    const before = await history.recordSnapshot({ model: "gpt-4" });
    await history.saveConfigVersion({ model: "gpt-4", version: "v1" });
    await put(services, 0.9);
    const sides: [Side, number][] = [
      [live("gpt-4"), 0.9],
      [version("gpt-4", "v1"), 0.5],
      [version("gpt-4", "latest"), 0.5],
      [revision("gpt-4", 1), 0.5],
      [revision("gpt-4", 3), 0.5],
      [revision("gpt-4", 4), 0.9],
      [revision("gpt-4", 0), 0.7],
      [snapshot(before.snapshot?.snapshotId ?? ""), 0.5],
    ];
    for (const [left, old] of sides) {
      for (const [right, now] of sides) {
        const expected = old === now ? [] : [["temperature", old, now]];
        expect(await differences(services, left, right)).toEqual(expected);
      }
    }
  });

  test("a live scope has its overrides in it, also the one that switches it off", async () => {
    const services = await openTestServices();
    await services.history.putOverride({
      override: { model: "gpt-4", phase: E, selector: { agent: "a" }, settings: { topP: 0.5 } },
    });
    await services.history.putOverride({
      override: { model: "gpt-4", selector: { agent: "b" }, enabled: false },
    });
    expect(await differences(services, live("gpt-4"), live("gpt-4", { agent: "a" }))).toEqual([
      ["top_p", 0.9, 0.5],
    ]);
    expect(await differences(services, live("gpt-4"), live("gpt-4", { agent: "b" }))).toEqual([
      ["enabled", true, false],
    ]);
  });

  test("two models differ in what they are, too", async () => {
    const services = await openTestServices();
    const found = await differences(services, live("gpt-4"), live("gpt-4-turbo"));
    expect(found).toContainEqual(["limits.max_iterations", 15, 20]);
    expect(found.map(([parameter]) => parameter)).not.toContain("temperature");
  });

  test("snapshots of two phases are compared as they are", async () => {
    const services = await openTestServices();
    const planning = await services.history.recordSnapshot({
      model: "gpt-4",
      phase: Phase.PLANNING,
    });
    const execution = await services.history.recordSnapshot({ model: "gpt-4" });
    const found = await differences(
      services,
      snapshot(planning.snapshot?.snapshotId ?? ""),
      snapshot(execution.snapshot?.snapshotId ?? ""),
    );
    expect(found).toEqual([
      ["temperature", 0.3, 0.7],
      ["max_tokens", 3000, 2000],
      ["enable_reasoning", true, undefined],
    ]);
  });

  test("what is not there is refused, each with its reason", async () => {
    const { history } = await openTestServices();
    const reasonOf = async (left: Side) =>
      (await refusalOf(history.compareConfigs({ left, right: live("gpt-4") }))).reason;
    expect(await reasonOf({})).toBe("COMPARAND_INVALID");
    expect(await reasonOf(revision("gpt-4", 1))).toBe("COMPARAND_INVALID");
    expect(await reasonOf(revision("gpt-4", -1))).toBe("COMPARAND_INVALID");
    expect(await reasonOf(version("gpt-4", "v1"))).toBe("VERSION_NOT_FOUND");
    expect(await reasonOf(snapshot("cfg-none"))).toBe("SNAPSHOT_NOT_FOUND");
    expect(await reasonOf(live(""))).toBe("MODEL_NAME_INVALID");
  });

  test("revisions older than what is kept are compacted, in order, and newer ones stay", async () => {
    const services = await openTestServices();
    await put(services, 0.5);
    const filler = Array.from({ length: PAST_CONFIGS_MAX - 2 }, (_, index) => ({
      put: keys.pastConfig("gpt-4", index + 2),
      json: {
        ordinal: index + 3,
        revision: index + 2,
        stored: null,
        merged: { modelName: "gpt-4" },
      },
    }));
    const meta = { put: keys.meta("revision"), json: PAST_CONFIGS_MAX };
    await services.memory.store.write([...filler, meta], "buffered");
    const again = await openTestServices({ database: services.memory.database });
    const atStart = { left: revision("gpt-4", 0), right: live("gpt-4") };
    expect((await again.history.compareConfigs(atStart)).equal).toBe(false);
    await put(again, 0.6);
    expect(await differences(again, revision("gpt-4", 1), live("gpt-4"))).toEqual([
      ["temperature", 0.5, 0.6],
    ]);
    const refusal = await refusalOf(again.history.compareConfigs(atStart));
    expect(refusal).toMatchObject({
      reason: "REVISION_COMPACTED",
      metadata: { oldestRevision: "1" },
    });
    const rollback = await refusalOf(
      again.history.rollback({ model: "gpt-4", target: { case: "revision", value: 0n } }),
    );
    expect(rollback.reason).toBe("REVISION_COMPACTED");
  });

  test("a store of a program that kept no past knows what it had, and admits what it has not", async () => {
    const services = await openTestServices();
    await put(services, 0.5);
    await put(services, 0.6);
    const past = (await keysOf(services.memory.database)).filter((key) => key.startsWith("k"));
    await services.memory.store.write(
      past.map((key) => ({ delete: key })),
      "buffered",
    );
    const side = { left: revision("gpt-4", 1), right: live("gpt-4") };
    expect((await refusalOf(services.history.compareConfigs(side))).reason).toBe(
      "REVISION_COMPACTED",
    );
    await put(services, 0.8);
    expect(await differences(services, revision("gpt-4", 2), live("gpt-4"))).toEqual([
      ["temperature", 0.6, 0.8],
    ]);
    expect((await refusalOf(services.history.compareConfigs(side))).reason).toBe(
      "REVISION_COMPACTED",
    );
  });
});
