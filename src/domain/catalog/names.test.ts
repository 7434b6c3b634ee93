import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtinCatalog } from "./builtin-catalog.ts";
import { hasListPrice, resolveModelName } from "./names.ts";
import { MODEL_NAME_KINDS, type NameContext } from "./resolved-name.ts";

const SEEDS = new Set(
  (
    "gpt-4 gpt-4-turbo gpt-3.5-turbo claude-3-opus claude-3-sonnet claude-3-haiku glm-4 llama-2 " +
    "mistral gemini-pro gemini-ultra"
  ).split(" "),
);
const catalog = builtinCatalog();
const context: NameContext = { isConfigKey: (name) => SEEDS.has(name), catalog };

const accepted = join(import.meta.dirname, "../../../../shared/acceptance/model-names.tsv");
const own = join(import.meta.dirname, "names.vectors.tsv");

type Vector = { readonly name: string; readonly expected: Record<string, string> };

function readVectors(file: string): readonly Vector[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(1);
  const vectors: Vector[] = [];
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const [name = "", ...cells] = line.split("\t").map((cell) => (cell === "-" ? "" : cell));
    const [route, vendor, canonicalId, family, configKey, snapshotOrTag, kind] = cells;
    const raw = { route, vendor, canonicalId, family, configKey, snapshotOrTag, kind };
    const expected = Object.fromEntries(
      Object.entries(raw).map(([key, cell]) => [key, (cell ?? "").trim()]),
    );
    vectors.push({ name: name.replaceAll("\\u0000", "\0"), expected });
  }
  return vectors;
}

function check({ name, expected }: Vector): void {
  const { route, vendor, canonicalId, family, configKey, snapshotOrTag, kind } = resolveModelName(
    name,
    context,
  );
  const actual = { route, vendor, canonicalId, family, configKey, snapshotOrTag, kind };
  expect(actual).toEqual(expected);
}

describe.skipIf(!existsSync(accepted))("accepted vectors", () => {
  const vectors = existsSync(accepted) ? readVectors(accepted) : [];
  it.each(vectors.map((vector) => [vector.name, vector] as const))("resolves %j", (_, vector) => {
    check(vector);
  });
});

describe("own vectors", () => {
  it.each(readVectors(own).map((vector) => [vector.name, vector] as const))(
    "resolves %j",
    (_, vector) => {
      check(vector);
    },
  );
});

describe("operator entries", () => {
  const operator: NameContext = {
    isConfigKey: (name) => SEEDS.has(name) || name === "azure/my-prod-deployment",
    aliases: new Map([
      ["azure/gpt4-eastus2", "gpt-4"],
      ["our-writer", "claude-sonnet-4-5"],
      ["nobody", "no-such-model"],
    ]),
    catalog,
  };

  it("makes a deployment known by a config of its whole name", () => {
    const name = resolveModelName("azure/my-prod-deployment", operator);
    expect(name).toMatchObject({
      kind: "EXACT",
      canonicalId: "azure/my-prod-deployment",
      configKey: "azure/my-prod-deployment",
      route: "azure",
      warnings: [],
    });
  });

  it("follows an alias once and keeps the name for the wire", () => {
    expect(resolveModelName("Azure/GPT4-eastus2", operator)).toMatchObject({
      kind: "ALIAS",
      canonicalId: "gpt-4",
      configKey: "gpt-4",
      wireModel: "Azure/GPT4-eastus2",
    });
    expect(resolveModelName("our-writer", operator)).toMatchObject({
      kind: "ALIAS",
      canonicalId: "claude-sonnet-4-5",
      configKey: "",
    });
  });

  it("does not invent a model for an alias of an unknown name", () => {
    expect(resolveModelName("nobody", operator)).toMatchObject({ kind: "UNKNOWN", configKey: "" });
  });

  it("serves a release by a config of its own before the model's", () => {
    const release: NameContext = {
      isConfigKey: (name) => name === "gpt-4-0613" || SEEDS.has(name),
      catalog,
    };
    expect(resolveModelName("gpt-4-0613", release)).toMatchObject({
      configKey: "gpt-4-0613",
      canonicalId: "gpt-4",
    });
  });
});

describe("every name", () => {
  const pieces = fc.constantFrom(
    ..."gpt-4 gpt-4o claude-3-opus mistral llama2 7b :latest @20240229 / : - . ft: us. anthropic. -v1:0 azure/ bedrock/ ollama/ models/ .gguf -preview -latest arn:aws:bedrock: ~ hf.co/ 2024-08-06 :free".split(
      " ",
    ),
  );
  const names = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join("")),
    fc.constantFrom(...catalog.ids),
  );

  it("has one answer, which never throws and keeps the name for the wire", () => {
    fc.assert(
      fc.property(names, (name) => {
        const first = resolveModelName(name, context);
        expect(resolveModelName(name, context)).toEqual(first);
        expect(MODEL_NAME_KINDS).toContain(first.kind);
        expect(first.input).toBe(name);
        expect(first.wireModel).toBe(first.kind === "INVALID" ? "" : name.trim());
        expect(first.canonicalId === "").toBe(first.kind === "INVALID");
        expect(first.steps.length + first.warnings.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it("resolves its canonical id to itself", () => {
    fc.assert(
      fc.property(names, (name) => {
        const { canonicalId, kind } = resolveModelName(name, context);
        if (kind === "INVALID") return;
        expect(resolveModelName(canonicalId, context).canonicalId).toBe(canonicalId);
      }),
      { numRuns: 2000 },
    );
  });

  it("finds every id of the catalog under any case", () => {
    for (const id of catalog.ids) {
      expect(resolveModelName(id.toUpperCase(), context)).toMatchObject({ canonicalId: id });
      expect(["EXACT", "FLOATING_ALIAS"]).toContain(resolveModelName(id, context).kind);
    }
  });

  it("never finds a known model by a part of another word", () => {
    const closed = catalog.ids.filter((id) => /^(?:gpt-[^o]|o\d|claude|gemini|grok|kimi)/.test(id));
    fc.assert(
      fc.property(fc.constantFrom(...closed), fc.stringMatching(/^[a-z]{1,8}$/), (id, word) => {
        const inside = resolveModelName(`${word}${id}`, context);
        if (!catalog.has(`${word}${id}`)) expect(inside.canonicalId).toBe(`${word}${id}`);
        const label = resolveModelName(`${id}-${word}zq`, context);
        expect(label.canonicalId).toBe(`${id}-${word}zq`);
        expect(label.configKey).toBe("");
      }),
    );
  });
});

describe("list prices", () => {
  it("hold for names of cloud models and never for local builds or unknown names", () => {
    const holds = (name: string): boolean => hasListPrice(resolveModelName(name, context));
    expect(holds("gpt-4o")).toBe(true);
    expect(holds("us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toBe(true);
    expect(holds("deepseek-r1:14b")).toBe(false);
    expect(holds("ollama/mistral")).toBe(false);
    expect(holds("azure/my-prod-deployment")).toBe(false);
    expect(holds("")).toBe(false);
  });
});
