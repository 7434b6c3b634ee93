import type {
  Lifecycle,
  ReasoningEffort,
  RenderApi,
  SamplingSupport,
} from "../../src/domain/catalog/model-facts.ts";
import { CAPABILITY_LETTERS, type ModelRow } from "../../src/domain/catalog/model-row.ts";
import type { SourceModel } from "./draft.ts";
import type { ZooFacts } from "./read-cross-checks.ts";

/** Long context starts here, in tokens: the smallest window that vendors market as long. */
const LONG_CONTEXT_TOKENS = 100_000;

/** Vendors whose service offers JSON output to every chat model. */
const JSON_VENDORS = new Set(
  "openai google mistral xai deepseek moonshot zhipu qwen meta cohere amazon minimax".split(" "),
);

/**
 * The capabilities that the sources support. The main source lists only models that call
 * tools; parallel calls follow from tools except for OpenAI's first reasoning models;
 * reflection is taken from reasoning, which looks back on its own answer.
 */
export function capabilitiesFor(
  model: SourceModel,
  at: { readonly id: string; readonly vendor: string },
): string {
  const hasTools =
    model.source.startsWith("pi-ai") || /^(?:gpt|claude|gemini|mistral|grok)/.test(at.id);
  const letters = new Set("CS");
  if (hasTools) letters.add("T");
  if (hasTools && !/^o1|^o3-mini/.test(at.id)) letters.add("P");
  if (model.reasoning) letters.add("R").add("F");
  if (model.contextWindow >= LONG_CONTEXT_TOKENS) letters.add("L");
  if (model.strictTools || JSON_VENDORS.has(at.vendor)) letters.add("J");
  return [...CAPABILITY_LETTERS].filter((letter) => letters.has(letter)).join("");
}

/** How a model's vendor treats temperature and top_p; see notes in docs/catalog.md. */
export function samplingFor(
  id: string,
  efforts: readonly ReasoningEffort[] | undefined,
  refuses: boolean,
): Pick<ModelRow, "temp" | "topP" | "either" | "fixedTemp" | "fixedTopP"> {
  const support = (temp: SamplingSupport): Pick<ModelRow, "temp"> => ({ temp });
  if (/^gpt-4o(?:-mini)?-search/.test(id)) return { temp: "no", topP: "yes" };
  if (/^(?:o[134]|gpt-[5-9]|codex)/.test(id) && !/-chat/.test(id) && efforts !== undefined) {
    const stops = efforts.includes("none") && !id.endsWith("-pro");
    return support(stops ? "effort_none" : "no");
  }
  if (id.startsWith("claude-")) {
    if (refuses || !/^claude-(?:3|instant|2|(?:opus|sonnet|haiku)-4(?:-[1-6])?$)/.test(id)) {
      return support("no");
    }
    return /-4-[156]$/.test(id) ? { either: true } : {};
  }
  if (/^kimi-k2\.[56]/.test(id)) return { fixedTemp: 1, fixedTopP: 0.95 };
  if (/^kimi-k3/.test(id)) return { fixedTemp: 1 };
  return refuses ? support("no") : {};
}

/** Models that only the Responses API serves. */
const RESPONSES_ONLY = /codex|^(?:o\d|gpt-[\d.]+)(?:-[a-z]+)?-pro$|deep-research|^gpt-daybreak/;

/** The format of the vendor's own service; open weights without a service speak vLLM's. */
export function nativeApiFor(id: string, vendor: string): RenderApi {
  if (vendor === "openai" && RESPONSES_ONLY.test(id)) return "openai.responses";
  if (vendor === "anthropic") return "anthropic.messages";
  if (vendor === "google")
    return id.startsWith("gemma") ? "openai_compatible.vllm" : "google.generate";
  if (vendor === "mistral") return "mistral.chat";
  if (vendor === "meta" && !id.startsWith("muse")) return "openai_compatible.vllm";
  if (/^gpt-oss/.test(id)) return "openai_compatible.vllm";
  return "openai.chat";
}

/** Retired and deprecated by llm-zoo or genai-prices, preview by its name, else current. */
export function lifecycleFor(id: string, model: SourceModel, zoo: ZooFacts | undefined): Lifecycle {
  if (zoo?.retired === true) return "retired";
  if (zoo?.deprecated === true || model.deprecated === true) return "deprecated";
  return /preview|-exp$|-beta$|^labs-/.test(id) ? "preview" : "current";
}

/** What the provider does without an effort: llm-zoo's word, none for gpt-5.1 to 5.4 by LiteLLM. */
export function defaultEffortFor(
  id: string,
  efforts: readonly ReasoningEffort[] | undefined,
  zoo: ZooFacts | undefined,
): ReasoningEffort | undefined {
  const effort = /^gpt-5\.[1-4](?:-mini|-nano)?$/.test(id) ? "none" : zoo?.defaultEffort;
  return effort !== undefined && efforts?.includes(effort) === true ? effort : undefined;
}
