import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REASONING_EFFORTS, type ReasoningEffort } from "../../src/domain/catalog/model-facts.ts";
import { lineageOf } from "../../src/domain/catalog/vendor-tables.ts";
import { priceRow, type SourceModel } from "./draft.ts";

/** The version of the manifest that this reader understands. */
const SCHEMA_VERSION = 6;

/** Vendors' own services; what they serve of other vendors is left to those. */
const FIRST_PARTY: readonly (readonly [string, string])[] = [
  ["openai", "openai"],
  ["anthropic", "anthropic"],
  ["google", "google"],
  ["mistral", "mistral"],
  ["xai", "xai"],
  ["deepseek", "deepseek"],
  ["moonshotai", "moonshot"],
  ["zai", "zhipu"],
  ["minimax", "minimax"],
  ["meta", "meta"],
  ["xiaomi", "xiaomi"],
  ["ant-ling", "inclusionai"],
  ["qwen-token-plan", "qwen"],
];

/** Gateways, for models of vendors without a file of their own. */
const GATEWAYS: readonly string[] = [
  "amazon-bedrock",
  "openrouter",
  "vercel-ai-gateway",
  "huggingface",
  "nvidia",
  "groq",
];

type PiModel = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly reasoning: boolean;
  readonly contextWindow: number;
  readonly maxTokens: number;
  readonly cost: {
    readonly input: number;
    readonly output: number;
    readonly cacheRead: number;
    readonly cacheWrite: number;
    readonly tiers?: readonly {
      readonly inputTokensAbove: number;
      readonly input: number;
      readonly output: number;
      readonly cacheRead: number;
      readonly cacheWrite: number;
    }[];
  };
  readonly thinkingLevelMap?: Readonly<Record<string, string | null>>;
  readonly compat?: Readonly<Record<string, unknown>>;
};

/** The chat models of pi-ai: vendors first, gateways after them. */
export type PiCatalog = {
  readonly generatedAtMs: number;
  readonly models: readonly SourceModel[];
};

/** Reads an unpacked pi-ai package after checking every file against its manifest. */
export function readPiAi(folder: string): PiCatalog {
  const data = join(folder, "dist/providers/data");
  const manifest = JSON.parse(readFileSync(join(data, ".manifest.json"), "utf8")) as {
    schemaVersion: number;
    generatedAt: string;
    files: Record<string, string>;
  };
  if (manifest.schemaVersion !== SCHEMA_VERSION) {
    throw new Error(`pi-ai has schema ${manifest.schemaVersion}, known is ${SCHEMA_VERSION}`);
  }
  const read = (provider: string): readonly PiModel[] => {
    const file = `${provider}.json`;
    const content = readFileSync(join(data, file));
    const hash = createHash("sha256").update(content).digest("hex");
    if (hash !== manifest.files[file]) throw new Error(`${file} differs from its manifest`);
    const apis = JSON.parse(content.toString("utf8")) as Record<string, Record<string, PiModel>>;
    return Object.values(apis).flatMap((models) =>
      Object.values(models).filter((model) => model.type === "chat"),
    );
  };
  const models: SourceModel[] = [];
  for (const [provider, vendor] of FIRST_PARTY) {
    for (const model of read(provider)) {
      const lineage = lineageOf(model.id.toLowerCase())?.vendor;
      const foreign = lineage !== undefined ? lineage !== vendor : /^zai-/.test(model.id);
      if (!foreign) models.push(fromPi(model, { provider, vendor }));
    }
  }
  for (const provider of GATEWAYS) {
    for (const model of read(provider)) models.push(fromPi(model, { provider, vendor: undefined }));
  }
  return { generatedAtMs: Date.parse(manifest.generatedAt), models };
}

function fromPi(
  model: PiModel,
  from: { readonly provider: string; readonly vendor: string | undefined },
): SourceModel {
  const { cost, compat = {} } = model;
  const priced = cost.input > 0 || cost.output > 0;
  const levels = model.thinkingLevelMap;
  return {
    sourceId: model.id,
    vendor: from.vendor,
    name: model.name.replace(/^[\w .-]+: /, "").replace(/ \(latest\)$/, ""),
    contextWindow: model.contextWindow,
    outputTokensMax: model.maxTokens,
    source: `pi-ai:${from.provider}`,
    reasoning: model.reasoning,
    alwaysReasons: model.reasoning && levels?.["off"] === null,
    strictTools: compat["supportsStrictTools"] === true || compat["supportsStrictMode"] === true,
    refusesTemperature: compat["supportsTemperature"] === false,
    ...(model.reasoning && levels !== undefined ? { efforts: effortsOf(levels) } : {}),
    ...(priced ? { prices: priceRow(cost) } : {}),
    ...(priced && cost.tiers !== undefined
      ? { tiers: cost.tiers.map((tier) => [tier.inputTokensAbove, priceRow(tier)] as const) }
      : {}),
  };
}

/**
 * A level that maps to null is refused, one that is missing is passed on, except the ends of
 * the scale, which have to be mapped; `off` that maps to none is the effort `none`. A map of
 * nothing but `off` belongs to a model without an effort setting.
 */
function effortsOf(levels: Readonly<Record<string, string | null>>): readonly ReasoningEffort[] {
  if (Object.keys(levels).every((level) => level === "off")) return [];
  return REASONING_EFFORTS.filter((effort) => {
    if (effort === "none") return levels["off"] === "none";
    const level = levels[effort];
    const passedOn = effort === "low" || effort === "medium" || effort === "high";
    return level === undefined ? passedOn : level !== null;
  });
}
