import { describe, expect, it } from "vitest";
import { PROMPTS_MAX } from "../../domain/prompt/served-prompt.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { openTestServices, refusalOf } from "../rpc-fixtures.ts";

const services = await openTestServices();
const { models, configs, engine } = services;
const put = (model: string, text: string, more: object = {}) =>
  models.putPromptTemplate({ template: { model, type: "system", text }, ...more });
const configId = async (model: string) =>
  (await configs.resolveConfig({ model, phase: Phase.PLANNING })).configId;
const textOf = async (model: string, type = "system") =>
  (await models.getPromptTemplate({ model, type })).template?.text;

describe("GetPromptTemplate", () => {
  it("A087, A093: has a text of every type for every seed model", async () => {
    for (const type of ["system", "few_shot", "error_handling"]) {
      const { template } = await models.getPromptTemplate({ model: "llama-2", type });
      expect(template).toMatchObject({ model: "llama-2", type, source: "builtin", revision: 0n });
      expect(template?.variables.length).toBeGreaterThan(0);
    }
    expect(await textOf("llama2:7b")).toBe(await textOf("llama-2"));
    expect(await textOf("llama-2")).not.toBe(await textOf("gpt-4"));
    expect(await textOf("my-own-model")).toBe(await textOf(""));
  });

  it("names the types there are where one is not known", async () => {
    const refusal = await refusalOf(models.getPromptTemplate({ model: "gpt-4", type: "greeting" }));
    expect(refusal.reason).toBe("PROMPT_NOT_FOUND");
    expect(refusal.metadata["types"]).toBe("error_handling,few_shot,system");
  });
});

describe("PutPromptTemplate", () => {
  it("serves the new text, takes a revision, and is part of the config id of its model alone", async () => {
    const before = [await configId("gpt-4"), await configId("gpt-4-turbo")];
    const { revision } = engine.state.config;
    const written = await put("gpt-4", "You are {{who}}. \\{{not}}", { reason: "trial" });
    expect(written.revision).toBe(BigInt(revision + 1));
    expect(written.template).toMatchObject({
      model: "gpt-4",
      variables: ["who"],
      source: "stored",
      revision: BigInt(revision + 1),
    });
    expect(written.change).toMatchObject({
      parameter: "prompt.system",
      model: "gpt-4",
      reason: "trial",
      changedBy: "system",
    });
    expect(written.change?.newValue?.kind.value).toBe("You are {{who}}. \\{{not}}");
    expect(written.change?.oldValue).toBeUndefined();
    expect(await configId("gpt-4")).not.toBe(before[0]);
    expect(await configId("gpt-4-turbo")).toBe(before[1]);
    expect(await configId("gpt-4-0613")).toBe(await configId("gpt-4"));
  });

  it("of the same text changes nothing", async () => {
    const first = await put("claude-3-opus", "Same.");
    const again = await put("claude-3-opus", "Same.");
    expect([again.revision, again.etag, again.change]).toEqual([
      first.revision,
      first.etag,
      undefined,
    ]);
  });

  it("lets one of two writers with the same etag win", async () => {
    const { etag } = await models.getPromptTemplate({ model: "gemini-pro", type: "system" });
    const [one, other] = await Promise.allSettled([
      put("gemini-pro", "One.", { etag }),
      put("gemini-pro", "Other.", { etag }),
    ]);
    expect([one.status, other.status]).toEqual(["fulfilled", "rejected"]);
    const refusal = await refusalOf(put("gemini-pro", "Third.", { etag }));
    const now = await models.getPromptTemplate({ model: "gemini-pro", type: "system" });
    expect(refusal).toMatchObject({ reason: "ETAG_STALE", metadata: { etag: now.etag } });
    expect(now.template?.text).toBe("One.");
  });

  it("with an empty text serves the layer below again", async () => {
    const before = await configId("gpt-4-turbo");
    const builtin = await textOf("gpt-4-turbo");
    await put("gpt-4-turbo", "Mine.");
    expect(await configId("gpt-4-turbo")).not.toBe(before);
    const removed = await put("gpt-4-turbo", "");
    expect(removed.template?.text).toBe(builtin);
    expect(removed.change?.newValue).toBeUndefined();
    expect(await configId("gpt-4-turbo")).toBe(before);
    expect((await put("gpt-4-turbo", "")).change).toBeUndefined();
  });

  it("without a model is shared by all that have no stored one", async () => {
    const before = await configId("my-own-model");
    const own = await textOf("gpt-4");
    await put("", "Shared.");
    expect([await textOf("my-own-model"), await textOf("llama-2")]).toEqual(["Shared.", "Shared."]);
    expect(await textOf("gpt-4")).toBe(own);
    expect(await configId("my-own-model")).not.toBe(before);
    await put("", "");
    expect(await configId("my-own-model")).toBe(before);
  });

  it("takes own types, and warns of a model that nobody knows", async () => {
    const template = { model: "nobodys", type: "my-greeting_2", text: "Hi {{x}}" };
    const { warnings } = await models.putPromptTemplate({ template });
    expect(warnings.map(({ code }) => code)).toEqual(["UNKNOWN_MODEL"]);
    expect(await textOf("nobodys", "my-greeting_2")).toBe("Hi {{x}}");
  });

  it("lists all violations at once", async () => {
    const template = { model: "gpt-4", type: "No Type", text: "{{a b}} {{" };
    const refusal = await refusalOf(
      models.putPromptTemplate({ template, reason: "r".repeat(1025) }),
    );
    expect(refusal.reason).toBe("PROMPT_INVALID");
    expect(refusal.violations.map(([field]) => field)).toEqual([
      "template.type",
      "template.text",
      "template.text",
      "reason",
    ]);
  });

  it("keeps long texts out of the history, but for their start and digest", async () => {
    const text = "🙂".repeat(3000);
    const { change, etag } = await put("mistral", text);
    expect(change?.newValue?.kind.value).toMatchObject({
      fields: { characters: { kind: { value: 6000 } }, etag: { kind: { value: etag } } },
    });
  });

  it("survives a restart", async () => {
    const restarted = await openTestServices({ database: services.memory.database });
    const request = { model: "gpt-4", type: "system" };
    expect(await restarted.models.getPromptTemplate(request)).toEqual(
      await models.getPromptTemplate(request),
    );
    const lookup = { model: "gpt-4", phase: Phase.PLANNING };
    const answer = await restarted.configs.resolveConfig(lookup);
    expect(answer.configId).toBe(await configId("gpt-4"));
  });

  it("has a bound on how many are stored", async () => {
    const other = await openTestServices();
    const write = (index: number, text = "x") =>
      other.models.putPromptTemplate({ template: { model: "gpt-4", type: `t${index}`, text } });
    for (let index = 0; index < PROMPTS_MAX; index++) await write(index);
    expect((await refusalOf(write(PROMPTS_MAX))).reason).toBe("TOO_MANY_PROMPTS");
    await write(0, "another text in its place");
    await write(0, "");
    await write(PROMPTS_MAX);
  });
});

describe("RenderPrompt", () => {
  const render = (variables: Record<string, string>, type = "system") =>
    models.renderPrompt({ model: "gpt-4", type, variables });

  it("fills the template in one pass and reports what was not used", async () => {
    const answer = await render({ who: "{{who}} \\{{", other: "1" });
    expect(answer).toMatchObject({
      text: "You are {{who}} \\{{. {{not}}",
      unusedVariables: ["other"],
      source: "stored",
    });
  });

  it("names all variables that are missing", async () => {
    const refusal = await refusalOf(render({ error: "x" }, "error_handling"));
    expect(refusal.reason).toBe("PROMPT_VARIABLES_MISSING");
    expect(refusal.metadata["variables"]).toBe("action");
    const none = await refusalOf(models.renderPrompt({ model: "llama-2", type: "system" }));
    expect(none.violations.map(([field]) => field)).toEqual([
      "variables[role]",
      "variables[task]",
      "variables[tools]",
    ]);
  });

  it("has bounds", async () => {
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`v${i}`, ""]));
    expect((await refusalOf(render(many))).reason).toBe("PROMPT_INVALID");
    const long = { who: "x".repeat(100_001) };
    expect((await refusalOf(render(long))).violations[0]?.[0]).toBe("variables[who]");
    await models.putPromptTemplate({
      template: { model: "gpt-4", type: "wide", text: "{{a}}".repeat(11) },
    });
    const wide = await refusalOf(render({ a: "x".repeat(100_000) }, "wide"));
    expect([wide.reason, wide.violations[0]?.[0]]).toEqual(["PROMPT_INVALID", "variables"]);
  });
});
