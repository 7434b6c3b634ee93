import { describe, expect, it } from "vitest";
import { builtinCatalog } from "./builtin-catalog.ts";
import { resolveModelName } from "./names.ts";
import { servedModel } from "./served-model.ts";

const catalog = builtinCatalog();
const serve = (name: string) =>
  servedModel(
    resolveModelName(name, { isConfigKey: (key) => key === "llama-2", catalog }),
    catalog,
  );

describe("a served model", () => {
  it.each([
    ["gpt-4", "gpt-4", "openai.chat"],
    ["gpt-4-0613", "gpt-4", "openai.chat"],
    ["azure/gpt-35-turbo", "gpt-3.5-turbo", "openai.chat"],
    ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", "anthropic.messages"],
    ["gemini-2.5-pro", "gemini-2.5-pro", "google.generate"],
    ["llama2:7b", "llama-2", "openai_compatible.ollama"],
  ])("of %s has the facts of %s and speaks %s", (name, canonicalId, api) => {
    const { facts, nativeApi } = serve(name);
    expect([facts?.canonicalId, nativeApi]).toEqual([canonicalId, api]);
  });

  it("of a local server has neither price nor calendar nor a provider's limit", () => {
    const local = serve("ollama/mistral:7b").facts;
    expect(local).toMatchObject({ canonicalId: "mistral", lifecycle: "current" });
    expect(local?.prices).toBeUndefined();
    expect(local?.limits.outputTokensMax).toBeUndefined();
    expect(serve("mistral").facts).toMatchObject({ lifecycle: "retired" });
  });

  it.each([
    ["claude-of-the-future", "anthropic.messages"],
    ["gemini-99-pro", "google.generate"],
    ["my-own-model", "openai.chat"],
  ])("that is not known, %s, is taken for one of %s", (name, api) => {
    expect(serve(name)).toEqual({ facts: undefined, nativeApi: api });
  });
});
