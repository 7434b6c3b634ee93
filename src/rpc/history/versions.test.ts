import { describe, expect, test } from "vitest";
import { LABELS_PER_MODEL_MAX, VERSIONS_MAX } from "../../domain/kernel/limits.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { keys } from "../../store/keys.ts";
import { openTestServices, refusalOf, type TestServices } from "../rpc-fixtures.ts";

const E = Phase.EXECUTION;

/** Stores a temperature of execution; answers the write. */
function put({ models }: TestServices, modelName: string, temperature: number) {
  return models.putModelConfig({
    config: { modelName, phases: [{ phase: E, settings: { temperature } }] },
    reason: `to ${temperature}`,
  });
}

async function served({ configs }: TestServices, model = "gpt-4"): Promise<number | undefined> {
  return (await configs.resolveConfig({ model, phase: E })).settings?.temperature;
}

function save({ history }: TestServices, version: string, model = "gpt-4") {
  return history.saveConfigVersion({ model, version, reason: "release" });
}

describe("versions", () => {
  test("A061 A083 B008 a save answers version, content hash, revision and path", async () => {
    const services = await openTestServices();
    await put(services, "gpt-4", 0.5);
    const saved = await save(services, "v1.0.0");
    expect(saved).toMatchObject({
      version: "v1.0.0",
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      revision: 2n,
      path: "models/gpt-4/versions/v1.0.0",
      created: true,
    });
  });

  test("A061 a seed model can be saved without ever having been written", async () => {
    const services = await openTestServices();
    await save(services, "v1.0.0");
    const { version } = await services.history.loadConfigVersion({
      model: "gpt-4",
      version: "v1.0.0",
    });
    expect(version?.config?.limits?.contextWindow).toBe(128_000);
    expect(version?.config?.phases).toHaveLength(6);
  });

  test("A008 A062 a version loads as it was saved, whatever was written since, and after a restart", async () => {
    const services = await openTestServices();
    await put(services, "gpt-4", 0.5);
    await services.models.putPromptTemplate({
      template: { model: "gpt-4", type: "system", text: "You plan {{what}}." },
    });
    const { contentHash } = await save(services, "v1.0.0");
    await put(services, "gpt-4", 0.9);
    const again = await openTestServices({ database: services.memory.database });
    const { version } = await again.history.loadConfigVersion({
      model: "gpt-4",
      version: "v1.0.0",
    });
    expect(version).toMatchObject({
      version: "v1.0.0",
      contentHash,
      reason: "release",
      labels: [],
    });
    const execution = version?.config?.phases.find(({ phase }) => phase === E);
    expect(execution?.settings?.temperature).toBe(0.5);
    expect(version?.prompts.map(({ type, text }) => [type, text])).toEqual([
      ["system", "You plan {{what}}."],
    ]);
  });

  test("X28 v1.0.0 and 1.0.0 are two versions, each returned as given", async () => {
    const services = await openTestServices();
    await save(services, "v1.0.0");
    await put(services, "gpt-4", 0.5);
    await save(services, "1.0.0");
    const { versions } = await services.history.listConfigVersions({ model: "gpt-4" });
    expect(versions.map(({ version }) => version)).toEqual(["1.0.0", "v1.0.0"]);
  });

  test("A063 the list is of exactly one model, newest first by revision and not by text, page by page", async () => {
    const services = await openTestServices();
    for (const version of ["v9", "v10", "v2"]) await save(services, version);
    await save(services, "v1", "gpt-4-turbo");
    const { history } = services;
    const first = await history.listConfigVersions({ model: "gpt-4", pageSize: 2 });
    const second = await history.listConfigVersions({
      model: "gpt-4",
      pageSize: 2,
      pageToken: first.nextPageToken,
    });
    const names = [...first.versions, ...second.versions].map(({ version }) => version);
    expect(names).toEqual(["v2", "v10", "v9"]);
    expect(second.nextPageToken).toBe("");
    const turbo = await history.listConfigVersions({ model: "gpt-4-turbo" });
    expect(turbo.versions.map(({ version }) => version)).toEqual(["v1"]);
    expect(turbo.versions[0]?.config).toBeUndefined();
  });

  test("an alias has the versions of its config", async () => {
    const services = await openTestServices();
    await save(services, "v1", "gpt-35-turbo");
    const { versions } = await services.history.listConfigVersions({ model: "gpt-3.5-turbo" });
    expect(versions.map(({ path }) => path)).toEqual(["models/gpt-3.5-turbo/versions/v1"]);
  });

  test("saving the same content again is the same version and takes no revision", async () => {
    const services = await openTestServices();
    await put(services, "gpt-4", 0.5);
    const first = await save(services, "v1");
    const second = await save(services, "v1");
    expect(second).toMatchObject({ revision: first.revision, created: false });
    expect(services.engine.state.config.revision).toBe(2);
  });

  test("other content under the same name is refused", async () => {
    const services = await openTestServices();
    await save(services, "v1");
    await put(services, "gpt-4", 0.5);
    const refusal = await refusalOf(save(services, "v1"));
    expect(refusal).toMatchObject({ reason: "VERSION_EXISTS", metadata: { version: "v1" } });
  });

  test("equal content has one hash under every name", async () => {
    const services = await openTestServices();
    await put(services, "gpt-4", 0.5);
    const one = await save(services, "a");
    await put(services, "gpt-4", 0.6);
    await put(services, "gpt-4", 0.5);
    expect((await save(services, "b")).contentHash).toBe(one.contentHash);
  });

  test("latest is the newest by revision, and a wrong name suggests the nearest", async () => {
    const services = await openTestServices();
    await save(services, "v10");
    await save(services, "v9");
    const { version } = await services.history.loadConfigVersion({
      model: "gpt-4",
      version: "latest",
    });
    expect(version?.version).toBe("v9");
    const refusal = await refusalOf(
      services.history.loadConfigVersion({ model: "gpt-4", version: "v11" }),
    );
    expect(refusal).toMatchObject({ reason: "VERSION_NOT_FOUND" });
    expect(refusal.message).toContain("did you mean v10");
  });

  test.each(["", "latest", "head", "a b", "a/b", "a\u0000b", "v".repeat(129)])(
    "the name %j is refused",
    async (version) => {
      const services = await openTestServices();
      expect(await refusalOf(save(services, version))).toMatchObject({
        reason: "VERSION_NAME_INVALID",
      });
    },
  );

  test("a model that nobody knows has nothing to save", async () => {
    const services = await openTestServices();
    expect((await refusalOf(save(services, "v1", "nobody-knows-this"))).reason).toBe(
      "MODEL_NOT_FOUND",
    );
  });

  test("a deleted version is gone; one that a label points to stays", async () => {
    const services = await openTestServices();
    const { history } = services;
    await save(services, "v1");
    await history.setLabel({ model: "gpt-4", label: "production", version: "v1" });
    const refusal = await refusalOf(history.deleteConfigVersion({ model: "gpt-4", version: "v1" }));
    expect(refusal).toMatchObject({
      reason: "VERSION_REFERENCED",
      metadata: { labels: "production" },
    });
    await history.setLabel({ model: "gpt-4", label: "production", version: "" });
    await history.deleteConfigVersion({ model: "gpt-4", version: "v1" });
    const gone = await refusalOf(history.loadConfigVersion({ model: "gpt-4", version: "v1" }));
    expect(gone.reason).toBe("VERSION_NOT_FOUND");
    expect((await history.listConfigVersions({ model: "gpt-4" })).versions).toEqual([]);
  });

  test("the versions of a config that was deleted stay within reach, and bring it back", async () => {
    const services = await openTestServices();
    const { history, models } = services;
    await put(services, "azure/my-model", 0.4);
    await save(services, "v1", "azure/my-model");
    await models.deleteModelConfig({ model: "azure/my-model" });
    expect((await history.listConfigVersions({ model: "azure/my-model" })).versions).toHaveLength(
      1,
    );
    await history.rollback({ model: "azure/my-model", target: { case: "version", value: "v1" } });
    expect(await served(services, "azure/my-model")).toBe(0.4);
  });

  test("a model has so many versions and no more", async () => {
    const services = await openTestServices();
    const ops = Array.from({ length: VERSIONS_MAX - 1 }, (_, index) => ({
      put: keys.versionOrder("gpt-4", 0, `v${index}`),
      json: { model: "gpt-4", version: `v${index}` },
    }));
    await services.memory.store.write(ops, "buffered");
    await save(services, "last");
    expect((await refusalOf(save(services, "more"))).reason).toBe("TOO_MANY_VERSIONS");
  });
});

describe("labels", () => {
  test("B068 a label moves by compare-and-swap, and the move is in the history", async () => {
    const services = await openTestServices();
    const { history } = services;
    await save(services, "v1");
    await put(services, "gpt-4", 0.5);
    await save(services, "v2");
    const first = await history.setLabel({ model: "gpt-4", label: "production", version: "v1" });
    expect(first).toMatchObject({ previousVersion: "", served: false });
    const move = { model: "gpt-4", label: "production", version: "v2" };
    const refusal = await refusalOf(history.setLabel({ ...move, expectedVersion: "v0" }));
    expect(refusal).toMatchObject({ reason: "ETAG_STALE", metadata: { version: "v1" } });
    const second = await history.setLabel({ ...move, expectedVersion: "v1", reason: "release" });
    expect(second.previousVersion).toBe("v1");
    const { changes } = await history.getHistory({
      model: "gpt-4",
      parameter: "labels.production",
    });
    expect(
      changes.map(({ oldValue, newValue, reason }) => [
        oldValue?.kind.value,
        newValue?.kind.value,
        reason,
      ]),
    ).toEqual([
      ["v1", "v2", "release"],
      [undefined, "v1", ""],
    ]);
    const { versions } = await history.listConfigVersions({ model: "gpt-4" });
    expect(versions.map(({ version, labels }) => [version, labels])).toEqual([
      ["v2", ["production"]],
      ["v1", []],
    ]);
  });

  test("a label that is where it should go takes no revision", async () => {
    const services = await openTestServices();
    await save(services, "v1");
    const move = { model: "gpt-4", label: "staging", version: "v1" };
    const first = await services.history.setLabel(move);
    expect((await services.history.setLabel(move)).revision).toBe(first.revision);
  });

  test("a label loads the version that it points to", async () => {
    const services = await openTestServices();
    await save(services, "v1");
    await services.history.setLabel({ model: "gpt-4", label: "production", version: "v1" });
    const { version } = await services.history.loadConfigVersion({
      model: "gpt-4",
      version: "production",
    });
    expect(version).toMatchObject({ version: "v1", labels: ["production"] });
  });

  test.each(["", "17", "9lives", "Production", "a b", "latest", "head", "l".repeat(65)])(
    "the label %j is refused",
    async (label) => {
      const services = await openTestServices();
      await save(services, "v1");
      const refusal = await refusalOf(
        services.history.setLabel({ model: "gpt-4", label, version: "v1" }),
      );
      expect(refusal.reason).toBe("LABEL_INVALID");
    },
  );

  test("a name is a version or a label, never both", async () => {
    const services = await openTestServices();
    const { history } = services;
    await save(services, "v1");
    const label = await refusalOf(history.setLabel({ model: "gpt-4", label: "v1", version: "v1" }));
    expect(label.reason).toBe("LABEL_INVALID");
    await history.setLabel({ model: "gpt-4", label: "production", version: "v1" });
    expect((await refusalOf(save(services, "production"))).reason).toBe("VERSION_NAME_INVALID");
  });

  test("a label cannot point to nothing", async () => {
    const { history } = await openTestServices();
    const refusal = await refusalOf(
      history.setLabel({ model: "gpt-4", label: "production", version: "v1" }),
    );
    expect(refusal.reason).toBe("VERSION_NOT_FOUND");
  });

  test("a model has so many labels and no more", async () => {
    const services = await openTestServices();
    await save(services, "v1");
    const point = (label: string) =>
      services.history.setLabel({ model: "gpt-4", label, version: "v1" });
    for (let count = 0; count < LABELS_PER_MODEL_MAX; count++) await point(`l${count}`);
    expect((await refusalOf(point("more"))).reason).toBe("TOO_MANY_LABELS");
  });

  test("where a label is served, writes wait for it, and its move changes what lookups answer", async () => {
    const services = await openTestServices({ label: "production" });
    const { history } = services;
    const written = await put(services, "gpt-4", 0.5);
    expect(written.served).toBe(false);
    expect(written.changes.map(({ parameter }) => parameter)).toEqual(["temperature"]);
    expect(await served(services)).toBe(0.7);
    await save(services, "v1");
    const moved = await history.setLabel({ model: "gpt-4", label: "production", version: "v1" });
    expect(moved.served).toBe(true);
    expect(moved.changes.map(({ parameter }) => parameter)).toEqual([
      "labels.production",
      "temperature",
    ]);
    expect(await served(services)).toBe(0.5);
    const again = await openTestServices({
      label: "production",
      database: services.memory.database,
    });
    expect(await served(again)).toBe(0.5);
    await again.history.setLabel({ model: "gpt-4", label: "production", version: "" });
    expect(await served(again)).toBe(0.7);
  });

  test("a write on top of an unserved one is compared with that one", async () => {
    const services = await openTestServices({ label: "production" });
    await put(services, "gpt-4", 0.5);
    const { changes } = await put(services, "gpt-4", 0.6);
    expect(changes.map(({ oldValue }) => oldValue?.kind.value)).toEqual([0.5]);
  });
});

describe("rollback", () => {
  test("A116 B068 to a version: a new revision with one change per parameter, reason and author", async () => {
    const services = await openTestServices();
    await put(services, "gpt-4", 0.5);
    await save(services, "v1.0.0");
    await put(services, "gpt-4", 0.9);
    const back = await services.history.rollback({
      model: "gpt-4",
      target: { case: "version", value: "v1.0.0" },
      reason: "0.9 was worse",
    });
    expect(back.revision).toBe(4n);
    expect(back.served).toBe(true);
    expect(back.changes).toMatchObject([
      { parameter: "temperature", reason: "0.9 was worse", changedBy: "system", revision: 4n },
    ]);
    expect(await served(services)).toBe(0.5);
    const { etag } = await services.models.getModelConfig({ model: "gpt-4" });
    expect(back.etag).toBe(etag);
  });

  test("a version brings its prompts back, a revision only the stored layer", async () => {
    const services = await openTestServices();
    const { history, models } = services;
    const word = (text: string) =>
      models.putPromptTemplate({ template: { model: "gpt-4", type: "system", text } });
    const systemText = async () =>
      (await models.getPromptTemplate({ model: "gpt-4", type: "system" })).template?.text;
    await word("first");
    await save(services, "v1");
    await word("second");
    await history.rollback({ model: "gpt-4", target: { case: "revision", value: 1n } });
    expect(await systemText()).toBe("second");
    const back = await history.rollback({
      model: "gpt-4",
      target: { case: "version", value: "v1" },
    });
    expect(await systemText()).toBe("first");
    expect(back.changes.map(({ parameter }) => parameter)).toEqual(["prompt.system"]);
  });

  test("to a past revision, also between two writes and before the first one", async () => {
    const services = await openTestServices();
    const { history } = services;
    const back = (revision: bigint) =>
      history.rollback({ model: "gpt-4", target: { case: "revision", value: revision } });
    await put(services, "gpt-4", 0.5);
    await put(services, "gpt-4-turbo", 0.1);
    await put(services, "gpt-4", 0.9);
    await back(2n);
    expect(await served(services)).toBe(0.5);
    await back(0n);
    expect(await served(services)).toBe(0.7);
    expect((await services.models.getModelConfig({ model: "gpt-4" })).stored).toBeUndefined();
  });

  test("to what is there already writes nothing", async () => {
    const services = await openTestServices();
    const { revision } = await put(services, "gpt-4", 0.5);
    const back = await services.history.rollback({
      model: "gpt-4",
      target: { case: "revision", value: revision },
    });
    expect(back).toMatchObject({ revision, changes: [] });
  });

  test("a stale etag, a revision to come and no target are refused", async () => {
    const services = await openTestServices();
    const { history } = services;
    const { etag: old } = await put(services, "gpt-4", 0.5);
    const { etag } = await put(services, "gpt-4", 0.6);
    const target = { case: "revision", value: 1n } as const;
    const stale = await refusalOf(history.rollback({ model: "gpt-4", target, etag: old }));
    expect(stale).toMatchObject({ reason: "ETAG_STALE", metadata: { etag } });
    const future = { case: "revision", value: 3n } as const;
    const tooFar = await refusalOf(history.rollback({ model: "gpt-4", target: future }));
    expect(tooFar.reason).toBe("REQUEST_MALFORMED");
    expect((await refusalOf(history.rollback({ model: "gpt-4" }))).reason).toBe(
      "REQUEST_MALFORMED",
    );
  });
});
