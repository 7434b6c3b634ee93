/** Who makes a model and to which line of models it belongs. */
export type Lineage = { readonly vendor: string; readonly family: string };

/**
 * First tokens of model ids whose maker is certain. Compared with the start of an id up to a
 * token boundary, never inside it; longer tokens stand before shorter ones that they begin with.
 */
const FAMILY_TOKENS: readonly (readonly [RegExp, Lineage])[] = [
  [/^gpt-oss(?=-|$)/, { vendor: "openai", family: "gpt-oss" }],
  [/^(?:gpt|chatgpt|codex)(?=-|$)/, { vendor: "openai", family: "gpt" }],
  [/^o[134](?=-|$)/, { vendor: "openai", family: "o" }],
  [/^claude(?=-|$)/, { vendor: "anthropic", family: "claude" }],
  [/^(?:gemini|deep-research)(?=-|$)/, { vendor: "google", family: "gemini" }],
  [/^(?:gemma|gemma[234]n?|diffusiongemma)(?=-|$)/, { vendor: "google", family: "gemma" }],
  [
    /^(?:mistral|mixtral|codestral|ministral|magistral|devstral|pixtral|voxtral)(?=-|$)/,
    { vendor: "mistral", family: "mistral" },
  ],
  [/^(?:llama|codellama)(?=-|$)/, { vendor: "meta", family: "llama" }],
  [/^muse(?=-|$)/, { vendor: "meta", family: "muse" }],
  [/^glm(?=-|$)/, { vendor: "zhipu", family: "glm" }],
  [/^grok(?=-|$)/, { vendor: "xai", family: "grok" }],
  [/^(?:kimi|moonshot)(?=-|$)/, { vendor: "moonshot", family: "kimi" }],
  [/^deepseek(?=-|$)/, { vendor: "deepseek", family: "deepseek" }],
  [/^(?:qwen(?:\d+(?:\.\d+)?)?|qwq|qvq)(?=-|$)/, { vendor: "qwen", family: "qwen" }],
  [/^nova(?=-|$)/, { vendor: "amazon", family: "nova" }],
  [/^(?:command|c4ai)(?=-|$)/, { vendor: "cohere", family: "command" }],
  [/^minimax(?=-|$)/, { vendor: "minimax", family: "minimax" }],
  [/^mimo(?=-|$)/, { vendor: "xiaomi", family: "mimo" }],
  [/^(?:ling|ring)(?=-|$)/, { vendor: "inclusionai", family: "ling" }],
  [/^nemotron(?=-|$)/, { vendor: "nvidia", family: "nemotron" }],
  [/^phi(?=-|$)/, { vendor: "microsoft", family: "phi" }],
  [/^palmyra(?=-|$)/, { vendor: "writer", family: "palmyra" }],
  [/^sonar(?=-|$)/, { vendor: "perplexity", family: "sonar" }],
  [/^granite(?=-|$)/, { vendor: "ibm", family: "granite" }],
];

/** The lineage that the first token of a lower-case id names, or undefined. */
export function lineageOf(id: string): Lineage | undefined {
  for (const [token, lineage] of FAMILY_TOKENS) if (token.test(id)) return lineage;
  return undefined;
}

/** Whether an id is nothing but a family token (`gpt`), which names no model. */
export function isBareFamily(id: string): boolean {
  return FAMILY_TOKENS.some(([token]) => token.exec(id)?.[0].length === id.length);
}

/**
 * Names before a slash that say who made the model and leave open who serves it. Hugging Face
 * organisations, and the namespaces of OpenRouter and the Vercel gateway.
 */
export const VENDOR_NAMESPACES: ReadonlyMap<string, string> = new Map([
  ["openai", "openai"],
  ["anthropic", "anthropic"],
  ["google", "google"],
  ["meta", "meta"],
  ["meta-llama", "meta"],
  ["mistral", "mistral"],
  ["mistralai", "mistral"],
  ["deepseek", "deepseek"],
  ["deepseek-ai", "deepseek"],
  ["qwen", "qwen"],
  ["alibaba", "qwen"],
  ["x-ai", "xai"],
  ["xai", "xai"],
  ["spacexai", "xai"],
  ["z-ai", "zhipu"],
  ["zai", "zhipu"],
  ["zai-org", "zhipu"],
  ["thudm", "zhipu"],
  ["moonshotai", "moonshot"],
  ["moonshot", "moonshot"],
  ["cohere", "cohere"],
  ["nvidia", "nvidia"],
  ["amazon", "amazon"],
  ["minimax", "minimax"],
  ["minimaxai", "minimax"],
  ["microsoft", "microsoft"],
  ["ibm-granite", "ibm"],
  ["xiaomi", "xiaomi"],
  ["xiaomimimo", "xiaomi"],
  ["tencent", "tencent"],
  ["inclusionai", "inclusionai"],
  ["bytedance-seed", "bytedance"],
  ["bytedance", "bytedance"],
  ["stepfun", "stepfun"],
  ["stepfun-ai", "stepfun"],
  ["thinkingmachines", "thinkingmachines"],
  ["writer", "writer"],
  ["inception", "inception"],
  ["liquid", "liquid"],
  ["sakana", "sakana"],
  ["upstage", "upstage"],
  ["meituan", "meituan"],
  ["aion-labs", "aion-labs"],
  ["reflection", "reflection"],
  ["poolside", "poolside"],
  ["perplexity", "perplexity"],
  ["nex-agi", "nex-agi"],
  ["perceptron", "perceptron"],
  ["rekaai", "reka"],
  ["fireworks", "fireworks"],
  ["particle-ai", "particle"],
  ["particle", "particle"],
  ["prism-ml", "prism-ml"],
  ["mixedbread", "mixedbread"],
]);

/** Vendors as Bedrock writes them before the first dot. */
export const BEDROCK_VENDORS: ReadonlyMap<string, string> = new Map([
  ["anthropic", "anthropic"],
  ["meta", "meta"],
  ["mistral", "mistral"],
  ["amazon", "amazon"],
  ["cohere", "cohere"],
  ["ai21", "ai21"],
  ["deepseek", "deepseek"],
  ["openai", "openai"],
  ["qwen", "qwen"],
  ["google", "google"],
  ["nvidia", "nvidia"],
  ["minimax", "minimax"],
  ["moonshot", "moonshot"],
  ["moonshotai", "moonshot"],
  ["zai", "zhipu"],
  ["xai", "xai"],
  ["writer", "writer"],
]);

/** Scopes of Bedrock inference profiles. */
export const BEDROCK_SCOPES: ReadonlySet<string> = new Set(
  "us eu apac global au jp ca in sa us-gov".split(" "),
);
