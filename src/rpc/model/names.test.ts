import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelCapability, ModelCapabilitySchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { ModelNameKind, ModelNameKindSchema } from "../../gen/attuned/v1/model_service_pb.ts";
import { openTestServices, refusalOf } from "../rpc-fixtures.ts";

const { models } = await openTestServices();
const explain = (name: string) => models.resolveModelName({ name });

/** The names that the project was accepted by, where they lie beside it, and our own. */
const FILES = [
  join(import.meta.dirname, "../../../../shared/acceptance/model-names.tsv"),
  join(import.meta.dirname, "../../domain/catalog/names.vectors.tsv"),
].filter((file) => existsSync(file));

const vectors = FILES.flatMap((file) =>
  readFileSync(file, "utf8")
    .split("\n")
    .slice(1)
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t").map((cell) => (cell === "-" ? "" : cell)))
    .map(([name = "", ...cells]) => [name.replaceAll("\\u0000", "\0"), cells] as const),
);

describe("ResolveModelName", () => {
  it.each(vectors)("explains %j", async (name, cells) => {
    const [route, vendor, canonicalId, family, configKey, snapshotOrTag, kind] = cells.map((cell) =>
      cell.trim(),
    );
    if (kind === "INVALID") {
      expect((await refusalOf(explain(name))).reason).toBe("MODEL_NAME_INVALID");
      return;
    }
    const answer = await explain(name);
    expect(answer).toMatchObject({ route, vendor, canonicalId, family, configKey, snapshotOrTag });
    expect(ModelNameKindSchema.value[answer.kind]?.localName).toBe(kind);
    expect(answer).toMatchObject({ input: name, wireModel: name.trim() });
    expect(answer.steps.length + answer.warnings.length).toBeGreaterThan(0);
  });

  it("suggests known names for what is not known, and only then", async () => {
    expect((await explain("gpt-44")).suggestions).toContain("gpt-4");
    expect((await explain("claude-opus-5-6")).suggestions).toContain("claude-opus-5-5");
    expect((await explain("gpt-4-0613")).suggestions).toEqual([]);
  });

  it("knows the configs that were written", async () => {
    await models.putModelConfig({ config: { modelName: "my-deployment" } });
    const answer = await explain("my-deployment");
    expect(answer).toMatchObject({ configKey: "my-deployment", kind: ModelNameKind.EXACT });
  });

  it("says that a floating name may change its model", async () => {
    expect(await explain("claude-opus-latest")).toMatchObject({ floating: true });
    expect(await explain("gpt-4")).toMatchObject({ floating: false });
  });
});

describe("DetectCapabilities", () => {
  const detect = async (model: string) => {
    const { capabilities, source } = await models.detectCapabilities({ model });
    return {
      source,
      names: capabilities.map((one) => ModelCapabilitySchema.value[one]?.localName),
    };
  };

  it("A005, A068, A069, A094: gpt-4-turbo calls tools, in parallel", async () => {
    const { source, names } = await detect("gpt-4-turbo");
    expect(source).toBe("seed");
    expect(names).toEqual(expect.arrayContaining(["TOOL_CALLING", "PARALLEL_EXECUTION"]));
  });

  it.each([
    ["gpt-4-0613", "seed", 8],
    ["llama2:7b", "seed", 2],
    ["gpt-5", "catalog", 8],
    ["nobodys-model", "unknown", 0],
  ])("of %s are known from the %s", async (model, source, count) => {
    const found = await detect(model);
    expect([found.source, found.names.length]).toEqual([source, count]);
  });

  it("A089: are what the operator's config says, where it says", async () => {
    const capabilities = [ModelCapability.CODE_GENERATION];
    await models.putModelConfig({ config: { modelName: "llama-2", capabilities } });
    expect(await detect("llama-2")).toEqual({ source: "config", names: ["CODE_GENERATION"] });
  });
});
