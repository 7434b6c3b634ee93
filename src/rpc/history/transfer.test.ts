import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exportDocument } from "../../domain/export/export-document.ts";
import { anyContent } from "../../domain/export/export-fixtures.ts";
import { contentHashOf } from "../../engine/version-changes.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { keysOf } from "../../store/store-fixtures.ts";
import { openTestServices, refusalOf, type TestServices } from "../rpc-fixtures.ts";

const E = Phase.EXECUTION;

/** A store with one of everything. */
async function furnished(): Promise<TestServices> {
  const services = await openTestServices();
  const { history, models } = services;
  const put = (temperature: number) =>
    models.putModelConfig({
      config: { modelName: "gpt-4", phases: [{ phase: E, settings: { temperature } }] },
    });
  await put(0.5);
  await models.putPromptTemplate({
    template: { model: "gpt-4", type: "system", text: "Line one\n  line two: {{x}}\n" },
  });
  for (const version of ["v9", "v10"]) await history.saveConfigVersion({ model: "gpt-4", version });
  await history.setLabel({ model: "gpt-4", label: "production", version: "v9" });
  await put(0.6);
  await history.putOverride({
    override: { model: "gpt-4", selector: { agent: "a" }, settings: { topP: 0.5 }, pin: true },
    reason: "kept",
  });
  return services;
}

async function exported({ history }: TestServices, format = "yaml"): Promise<string> {
  return (await history.exportConfigs({ format })).content;
}

describe("export and import", () => {
  test.each(["yaml", "json"])(
    "A008 %s of one store makes another one that exports the same bytes",
    async (format) => {
      const content = await exported(await furnished(), format);
      const other = await openTestServices();
      const answer = await other.history.importConfigs({ content });
      expect(answer).toMatchObject({ writtenCount: 6, unchangedCount: 0, revision: 3n });
      expect(await exported(other, format)).toBe(content);
      const again = await openTestServices({ database: other.memory.database });
      expect(await exported(again, format)).toBe(content);
    },
  );

  test("A008 any content goes through YAML and JSON, byte for byte", async () => {
    const property = fc.asyncProperty(
      anyContent,
      fc.constantFrom("yaml", "json"),
      async (content, format) => {
        const versions = content.versions.map((version) => ({
          ...version,
          contentHash: contentHashOf(version.stored, version.prompts),
        }));
        const document = JSON.stringify(exportDocument({ ...content, versions }));
        const first = await openTestServices();
        await first.history.importConfigs({ content: document });
        const text = await exported(first, format);
        const second = await openTestServices();
        await second.history.importConfigs({ content: text });
        expect(await exported(second, format)).toBe(text);
        const plain = await exported(second, "json");
        expect(JSON.parse(plain)).toEqual(JSON.parse(document));
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test("what was imported is served, with versions, labels and their order", async () => {
    const content = await exported(await furnished());
    const { configs, history } = await openTestServices();
    await history.importConfigs({ content, reason: "from the other cluster" });
    const answer = await configs.resolveConfig({
      model: "gpt-4",
      phase: E,
      attributes: { agent: "a" },
    });
    expect(answer.settings).toMatchObject({ temperature: 0.6, topP: 0.5 });
    const { versions } = await history.listConfigVersions({ model: "gpt-4" });
    expect(versions.map(({ version, labels }) => [version, labels])).toEqual([
      ["v10", []],
      ["v9", ["production"]],
    ]);
    const { changes } = await history.getHistory({ model: "gpt-4", parameter: "temperature" });
    expect(changes).toMatchObject([{ reason: "from the other cluster", changedBy: "system" }]);
  });

  test("where a label is served, an imported label decides what lookups answer", async () => {
    const content = await exported(await furnished());
    const { configs, history } = await openTestServices({ label: "production" });
    await history.importConfigs({ content });
    const answer = await configs.resolveConfig({ model: "gpt-4", phase: E });
    expect(answer.settings?.temperature).toBe(0.5);
  });

  test("importing what is there already writes nothing", async () => {
    const services = await furnished();
    const { revision } = services.engine.state.config;
    const answer = await services.history.importConfigs({ content: await exported(services) });
    expect(answer).toMatchObject({
      writtenCount: 0,
      unchangedCount: 6,
      revision: BigInt(revision),
    });
    expect(services.engine.state.config.revision).toBe(revision);
  });

  test("validate_only answers the same counts and writes nothing", async () => {
    const content = await exported(await furnished());
    const { history, memory } = await openTestServices();
    const before = await keysOf(memory.database);
    const answer = await history.importConfigs({ content, validateOnly: true });
    expect(answer).toMatchObject({ writtenCount: 6, revision: 0n });
    expect(await keysOf(memory.database)).toEqual(before);
  });

  test("only the named models are exported, and never a neighbour", async () => {
    const services = await furnished();
    await services.models.putModelConfig({ config: { modelName: "gpt-4-turbo" } });
    const { content } = await services.history.exportConfigs({
      models: ["gpt-4-turbo"],
      format: "json",
    });
    expect(JSON.parse(content)).toEqual({
      format: "attuned/v1",
      configs: [{ model_name: "gpt-4-turbo" }],
      prompts: [],
      overrides: [],
      versions: [],
      labels: [],
    });
  });

  test("what an import does not name stays", async () => {
    const services = await furnished();
    await services.history.importConfigs({
      content: "format: attuned/v1\nconfigs:\n  - model_name: mine\n",
    });
    const { stored } = await services.models.getModelConfig({ model: "gpt-4" });
    expect(stored?.phases).toHaveLength(1);
    expect((await services.history.listOverrides({})).overrides).toHaveLength(1);
  });
});

describe("an import that is refused", () => {
  const violationsOf = async (services: TestServices, content: string) =>
    (await refusalOf(services.history.importConfigs({ content }))).violations;

  test("names the line of everything that is wrong, and writes nothing of the rest", async () => {
    const services = await openTestServices();
    const before = await keysOf(services.memory.database);
    const content = [
      "format: attuned/v1",
      "configs:",
      "  - model_name: fine",
      "  - model_name: gpt-4",
      "    phases:",
      "      planning:",
      "        temperature: 3",
      "labels:",
      "  - {model: gpt-4, label: Production, version: v1}",
      "",
    ].join("\n");
    expect(await violationsOf(services, content)).toEqual([
      ["configs[1].phases.planning.temperature", "line 7: must be at least 0 and at most 2, is 3"],
      ["labels[0].label", expect.stringMatching(/^line 9: must start with a lower-case letter/)],
    ]);
    expect(await keysOf(services.memory.database)).toEqual(before);
  });

  test("names the line in JSON, too", async () => {
    const services = await openTestServices();
    const document = { format: "attuned/v1", configs: [{ model_name: "m", enabled: 1 }] };
    expect(await violationsOf(services, JSON.stringify(document, null, 2))).toEqual([
      ["configs[0].enabled", "line 6: must be true or false"],
    ]);
  });

  test("for a changed version: the hash is held to the content, and a saved name to what it was", async () => {
    const services = await furnished();
    const content = await exported(services);
    const tampered = content.replaceAll("temperature: 0.5", "temperature: 0.55");
    expect((await violationsOf(services, tampered)).map(([field]) => field)).toEqual([
      "versions[0].content_hash",
      "versions[0]",
      "versions[1].content_hash",
      "versions[1]",
    ]);
  });

  test("for a label that points to nothing", async () => {
    const services = await openTestServices();
    const content =
      "format: attuned/v1\nlabels: [{model: gpt-4, label: production, version: v1}]\n";
    expect(await violationsOf(services, content)).toEqual([
      ["labels[0].version", "line 2: gpt-4 has no version v1"],
    ]);
  });

  test.each([
    ["nothing", "", "empty"],
    ["a comment", "# nothing\n", "empty"],
    ["broken YAML", "format: [", "line 1, column "],
    [
      "a doubled key",
      "format: attuned/v1\nformat: attuned/v1\n",
      'line 2: "format" is given twice',
    ],
    ["an unknown tag", "format: !other x\n", "line 1, column "],
    ["two documents", "a: 1\n---\nb: 2\n", "line 2, column "],
    ["an alias of nothing", "format: *a\n", ""],
    [
      "aliases that multiply",
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[..."bcdefg"].map((key, i) => `${key}: &${key} [${`*${"abcdefg"[i]},`.repeat(9)}*${"abcdefg"[i]}]`).join("\n")}\n`,
      "",
    ],
    ["a nest too deep", "[".repeat(100_000), ""],
  ])("for %s", async (_, content, expected) => {
    const { history } = await openTestServices();
    const refusal = await refusalOf(history.importConfigs({ content }));
    expect(refusal.reason).toBe("FORMAT_INVALID");
    expect(refusal.message).toContain(expected);
  });

  test("for a format that there is not", async () => {
    const { history } = await openTestServices();
    expect((await refusalOf(history.exportConfigs({ format: "toml" }))).reason).toBe(
      "FORMAT_INVALID",
    );
  });
});
