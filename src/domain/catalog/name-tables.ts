/** What an alias stands for. */
export type AliasTarget = {
  readonly canonicalId: string;
  /** The part of the name that says which release or variant it is; empty for a mere spelling. */
  readonly tag: string;
  readonly kind: "ALIAS" | "SNAPSHOT";
};

/**
 * Prefixes before a slash that say who serves the model, as LiteLLM and similar routers write
 * them. A closed list: an unknown prefix is never taken for a route.
 */
export const SLASH_ROUTES: ReadonlyMap<string, string> = new Map([
  ["openai", "openai"],
  ["azure", "azure"],
  ["azure_ai", "azure_ai"],
  ["bedrock", "bedrock"],
  ["bedrock_converse", "bedrock"],
  ["vertex_ai", "vertex"],
  ["vertex", "vertex"],
  ["gemini", "google"],
  ["litellm_proxy", "litellm_proxy"],
  ["openrouter", "openrouter"],
  ["vercel_ai_gateway", "vercel"],
  ["ollama", "ollama"],
  ["ollama_chat", "ollama"],
  ["vllm", "vllm"],
  ["hosted_vllm", "vllm"],
  ["lm_studio", "lm_studio"],
  ["llamafile", "llamafile"],
  ["llama_cpp", "llama_cpp"],
  ["groq", "groq"],
  ["together_ai", "together"],
  ["together", "together"],
  ["fireworks_ai", "fireworks"],
  ["deepinfra", "deepinfra"],
  ["cerebras", "cerebras"],
  ["sambanova", "sambanova"],
  ["nvidia_nim", "nvidia_nim"],
  ["huggingface", "huggingface"],
  ["databricks", "databricks"],
  ["watsonx", "watsonx"],
  ["replicate", "replicate"],
  ["github", "github"],
  ["github_copilot", "github_copilot"],
  ["cloudflare", "cloudflare"],
  ["workers-ai", "cloudflare"],
  ["baseten", "baseten"],
  ["novita", "novita"],
]);

/** Providers before a colon, as the AI SDK registry, LangChain and Pydantic AI write them. */
export const COLON_ROUTES: ReadonlyMap<string, string> = new Map([
  ["openai", "openai"],
  ["openai-responses", "openai"],
  ["openai-chat", "openai"],
  ["anthropic", "anthropic"],
  ["google", "google"],
  ["google-gla", "google"],
  ["google_genai", "google"],
  ["google-vertex", "vertex"],
  ["google_vertexai", "vertex"],
  ["mistral", "mistral"],
  ["mistralai", "mistral"],
  ["azure", "azure"],
  ["azure_openai", "azure"],
  ["bedrock", "bedrock"],
  ["groq", "groq"],
  ["cohere", "cohere"],
  ["deepseek", "deepseek"],
  ["xai", "xai"],
  ["grok", "xai"],
  ["moonshotai", "moonshot"],
  ["ollama", "ollama"],
  ["openrouter", "openrouter"],
  ["together", "together"],
  ["fireworks", "fireworks"],
  ["cerebras", "cerebras"],
  ["vercel", "vercel"],
]);

/** Routes to servers that the operator runs: list prices of a cloud never hold there. */
export const LOCAL_ROUTES: ReadonlySet<string> = new Set([
  "ollama",
  "vllm",
  "lm_studio",
  "llamafile",
  "llama_cpp",
]);

/** Ids that move and have no model of their own behind them: known only with `-latest`. */
export const FLOATING_BASES: ReadonlySet<string> = new Set([
  "claude-opus",
  "claude-sonnet",
  "claude-haiku",
  "claude-fable",
  "gpt-astra",
  "gpt-sol",
  "gpt-terra",
  "gpt-luna",
  "gpt-mini",
  "gpt-chat",
  "deepseek-pro",
  "kimi",
  "grok",
  "glm",
  "glm-flash",
]);

const alias = (canonicalId: string, tag = ""): AliasTarget => ({ canonicalId, tag, kind: "ALIAS" });
const release = (canonicalId: string, tag: string): AliasTarget => ({
  canonicalId,
  tag,
  kind: "SNAPSHOT",
});

/**
 * Names that cannot be computed: other spellings, and releases whose number is not a date.
 * Mistral writes year and month (2512), which only this table may take apart.
 */
export const NAME_ALIASES: ReadonlyMap<string, AliasTarget> = new Map([
  ["gpt-35-turbo", alias("gpt-3.5-turbo")],
  ["gpt-35-turbo-16k", alias("gpt-3.5-turbo-16k")],
  ["gpt-4-turbo-preview", alias("gpt-4-turbo", "preview")],
  ["gpt-4-1106-preview", alias("gpt-4-turbo", "1106-preview")],
  ["gpt-4-0125-preview", alias("gpt-4-turbo", "0125-preview")],
  ["gpt-4-vision-preview", alias("gpt-4-turbo", "vision-preview")],
  ["gpt-5.1-thinking", alias("gpt-5.1")],
  ["claude-4-opus", alias("claude-opus-4")],
  ["claude-4-sonnet", alias("claude-sonnet-4")],
  ["claude-opus-4-0", alias("claude-opus-4")],
  ["claude-sonnet-4-0", alias("claude-sonnet-4")],
  ["claude-3-5-sonnet-v2", alias("claude-3-5-sonnet", "v2")],
  ["gemini-1.0-pro", alias("gemini-pro")],
  ["gemini-1.0-ultra", alias("gemini-ultra")],
  ["gemini-pro-1.5", alias("gemini-1.5-pro")],
  ["gemini-flash-1.5", alias("gemini-1.5-flash")],
  ["gemini-flash-1.5-8b", alias("gemini-1.5-flash-8b")],
  ["gemini-3-flash", alias("gemini-3-flash-preview")],
  ["mistral-tiny", alias("mistral")],
  ["open-mistral-7b", alias("mistral")],
  ["open-mistral-nemo", alias("mistral-nemo")],
  ["open-mixtral-8x7b", alias("mixtral-8x7b")],
  ["open-mixtral-8x22b", alias("mixtral-8x22b")],
  ["mistral-medium-3.1", alias("mistral-medium-3-1")],
  ["mistral-medium-3.5", alias("mistral-medium-3-5")],
  ["mistral-large-4-0", alias("mistral-large-4")],
  ["mistral-large-2402", release("mistral-large-1", "2402")],
  ["mistral-large-2407", release("mistral-large-2", "2407")],
  ["mistral-large-2411", release("mistral-large-2", "2411")],
  ["mistral-large-2512", release("mistral-large-3", "2512")],
  ["mistral-medium-2505", release("mistral-medium-3", "2505")],
  ["mistral-medium-2508", release("mistral-medium-3-1", "2508")],
  ["mistral-medium-2604", release("mistral-medium-3-5", "2604")],
  ["mistral-small-2503", release("mistral-small-3-1", "2503")],
  ["mistral-small-2506", release("mistral-small-3-2", "2506")],
  ["mistral-small-2603", release("mistral-small-4", "2603")],
  ["mistral-small-3.1-24b-instruct", release("mistral-small-3-1", "24b-instruct")],
  ["mistral-small-3.2-24b-instruct", release("mistral-small-3-2", "24b-instruct")],
  ["codestral-2508", release("codestral", "2508")],
  ["devstral-2512", release("devstral", "2512")],
  ["labs-devstral-small-2512", release("devstral-small", "2512")],
  ["ministral-3b-2512", release("ministral-3b", "2512")],
  ["ministral-8b-2512", release("ministral-8b", "2512")],
  ["ministral-14b-2512", release("ministral-14b", "2512")],
  ["voxtral-small-2507", release("voxtral-small", "2507")],
  ["voxtral-small-24b-2507", release("voxtral-small", "24b-2507")],
  ["pixtral-large-2502", release("pixtral-large", "2502")],
  ["zai-glm-5-2", alias("glm-5.2")],
  ["zai-glm-5-3", alias("glm-5.3")],
  ["zai-glm-5-3-flash", alias("glm-5.3-flash")],
  ["kimi-k2-0905-preview", release("kimi-k2", "0905-preview")],
  ["kimi-k2-0711-preview", release("kimi-k2", "0711-preview")],
  ["k3", alias("kimi-k3")],
  ["muse-ember", alias("muse-ember-1.0")],
  ["muse-wonder", alias("muse-wonder-1.0")],
  ["seed-2-1-turbo", alias("seed-2.1-turbo")],
  ["lfm2.5-24b-a2b", alias("lfm-2.5-24b-a2b")],
  ["namazu", alias("sakana-namazu")],
  ["qwen3-30b", alias("qwen3-30b-a3b")],
  ["qwen3-235b", alias("qwen3-235b-a22b")],
  ["qwen3-coder-30b-a3b-instruct", alias("qwen3-coder-30b-a3b")],
  ["qwen3-235b-a22b-2507", alias("qwen3-235b-a22b-instruct-2507")],
]);
