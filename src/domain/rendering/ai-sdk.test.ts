import { describe, expect, it } from "vitest";
import { builtinCatalog } from "../catalog/builtin-catalog.ts";
import type { ModelFacts, RenderApi } from "../catalog/model-facts.ts";
import type { Settings } from "../config/settings.ts";
import { DELIBERATE_DIFFERENCES, type DeliberateDifference } from "./ai-sdk-differences.ts";
import { HEADROOM_TOKENS } from "./effort.ts";
import { render } from "./render.ts";
import type { JsonValue } from "./rendering.ts";

type Model = { readonly doGenerate: (options: object) => Promise<unknown> };
type Provider = ((id: string) => Model) & {
  readonly chat?: (id: string) => Model;
  readonly responses?: (id: string) => Model;
};
type Factory = (options: object) => Provider;

/** Missing packages fail the test: it is worth nothing where it is skipped. */
async function load(name: string, factory: string): Promise<Factory> {
  const module: Record<string, unknown> = await import(`@ai-sdk/${name}`);
  const found = module[factory];
  if (typeof found !== "function") throw new Error(`@ai-sdk/${name} has no ${factory}`);
  return found as Factory;
}

const factories = {
  openai: await load("openai", "createOpenAI"),
  anthropic: await load("anthropic", "createAnthropic"),
  google: await load("google", "createGoogleGenerativeAI"),
  mistral: await load("mistral", "createMistral"),
};

/** What is not a setting, and so not compared. */
const IGNORED = new Set(
  "messages input contents system systemInstruction tools toolConfig stream store include".split(
    " ",
  ),
);

type Fields = ReadonlyMap<string, JsonValue>;

function flatten(value: JsonValue, path: string, into: Map<string, JsonValue>): void {
  const nested = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!nested) {
    into.set(path, value);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    flatten(inner, path === "" ? key : `${path}.${key}`, into);
  }
}

function fieldsOf(body: Readonly<Record<string, JsonValue>>): Fields {
  const fields = new Map<string, JsonValue>();
  for (const [key, value] of Object.entries(body)) {
    if (!IGNORED.has(key)) flatten(value, key, fields);
  }
  return fields;
}

/** The body that the AI SDK would send; nothing leaves the process. */
async function askSdk(api: RenderApi, id: string, options: object): Promise<Fields> {
  let body: Record<string, JsonValue> = {};
  const settings = {
    apiKey: "none",
    fetch: async (_: unknown, request: { readonly body: string }): Promise<never> => {
      body = JSON.parse(request.body);
      throw new Error("no network");
    },
  };
  const prompt = [{ role: "user", content: [{ type: "text", text: "Hello" }] }];
  await modelOf(api, id, settings)
    .doGenerate({ prompt, ...options })
    .catch(() => undefined);
  return fieldsOf(body);
}

function modelOf(api: RenderApi, id: string, settings: object): Model {
  const name = api.split(".")[0] as keyof typeof factories;
  const provider = factories[name](settings);
  const model =
    api === "openai.chat"
      ? provider.chat?.(id)
      : api === "openai.responses"
        ? provider.responses?.(id)
        : provider(id);
  if (model === undefined) throw new Error(`${api} has no provider`);
  return model;
}

type Case = {
  readonly title: string;
  readonly settings: Settings;
  readonly options: object;
  readonly holds?: (facts: ModelFacts) => boolean;
};

const planning = { temperature: 0.3, maxTokens: 3000, topP: 0.9 } as const;
const plain = { temperature: 0.3, maxOutputTokens: 3000, topP: 0.9 };
const rich = { presencePenalty: 0.5, frequencyPenalty: 0.25, topK: 40, seed: 7 } as const;
const stop = { stopSequences: ["END"] };

const CASES: readonly Case[] = [
  { title: "the seed's planning phase", settings: planning, options: plain },
  {
    title: "every sampling setting",
    settings: { ...planning, ...rich, ...stop },
    options: { ...plain, ...rich, ...stop },
  },
  {
    title: "top_p alone",
    settings: { maxTokens: 3000, topP: 0.9 },
    options: { maxOutputTokens: 3000, topP: 0.9 },
  },
];

const EFFORT_CASES: readonly Case[] = ["none", "low", "high"].map((effort) => ({
  title: `effort ${effort}`,
  settings: { ...planning, reasoningEffort: effort },
  options: {
    ...plain,
    providerOptions: { openai: { reasoningEffort: effort }, mistral: { reasoningEffort: effort } },
  },
  holds: ({ reasoning }) => reasoning.efforts.some((one) => one === effort),
}));

const THINKING_CASES: readonly Case[] = [
  {
    title: "a thinking budget",
    settings: { ...planning, reasoningEffort: "low" },
    options: {
      ...plain,
      providerOptions: {
        anthropic: { thinking: { type: "enabled", budgetTokens: HEADROOM_TOKENS.low } },
      },
    },
    holds: ({ canonicalId }) =>
      /^claude-(?:3-7|(?:opus|sonnet)-4(?:-1)?$|(?:sonnet|haiku)-4-5)/.test(canonicalId),
  },
  {
    title: "adaptive thinking",
    settings: { ...planning, reasoningEffort: "low" },
    options: {
      ...plain,
      providerOptions: { anthropic: { thinking: { type: "adaptive" }, effort: "low" } },
    },
    holds: ({ canonicalId }) =>
      /^claude-(?:(?:opus|sonnet)-4-[6-9]|(?:opus|sonnet|haiku)-5|fable|mythos)/.test(canonicalId),
  },
];

function inputOf(facts: ModelFacts, api: RenderApi, settings: Settings) {
  const { canonicalId: wireModel } = facts;
  return { facts, wireModel, settings, additionalParams: [], api, mode: "ADJUST" } as const;
}

const used = new Set<DeliberateDifference>();

function deliberate(api: RenderApi, id: string, field: string): boolean {
  const found = DELIBERATE_DIFFERENCES.filter(
    (one) => one.apis.includes(api) && one.model.test(id) && one.fields.includes(field),
  );
  for (const one of found) used.add(one);
  return found.length > 0;
}

async function differences(api: RenderApi, facts: ModelFacts, one: Case): Promise<string[]> {
  const result = render(inputOf(facts, api, one.settings));
  if (result.kind !== "rendered") return ["refused"];
  const ours = fieldsOf(result.body);
  const theirs = await askSdk(api, facts.canonicalId, one.options);
  const lines: string[] = [];
  for (const field of new Set([...ours.keys(), ...theirs.keys()])) {
    const [mine, other] = [JSON.stringify(ours.get(field)), JSON.stringify(theirs.get(field))];
    if (mine !== other && !deliberate(api, facts.canonicalId, field)) {
      lines.push(`${facts.canonicalId} ${field}: ${mine} instead of ${other}`);
    }
  }
  return lines;
}

describe("what the AI SDK would send", () => {
  const models = builtinCatalog().list();
  const suites: readonly (readonly [RenderApi, string, readonly Case[]])[] = [
    ["openai.chat", "openai", [...CASES, ...EFFORT_CASES]],
    ["openai.responses", "openai", [...CASES, ...EFFORT_CASES]],
    ["anthropic.messages", "anthropic", [...CASES, ...THINKING_CASES]],
    ["google.generate", "google", CASES],
    ["mistral.chat", "mistral", [...CASES, ...EFFORT_CASES]],
  ];

  it.each(
    suites.flatMap(([api, vendor, cases]) =>
      cases.map((one) => [api, one.title, vendor, one] as const),
    ),
  )("is what we send to %s for %s", async (api, _, vendor, one) => {
    const lines: string[] = [];
    let compared = 0;
    for (const facts of models) {
      if (facts.vendor !== vendor || facts.nativeApi.startsWith("openai_compatible")) continue;
      if (one.holds !== undefined && !one.holds(facts)) continue;
      compared += 1;
      lines.push(...(await differences(api, facts, one)));
    }
    expect(lines.join("\n")).toBe("");
    expect(compared).toBeGreaterThan(0);
  });

  it("differs in every listed place, so that the list stays true", () => {
    expect(DELIBERATE_DIFFERENCES.filter((one) => !used.has(one))).toEqual([]);
  });
});
