/** A line of models with published weights, as an id and what the rest of the name says. */
export type OpenWeight = {
  readonly canonicalId: string;
  /** Size and build, empty for the bare name of the line. */
  readonly tag: string;
};

type Line = {
  /** Anchored at the start; the first group, where there is one, is a part of the id. */
  readonly start: RegExp;
  readonly id: (part: string) => string;
  /** Whether the size belongs to the id (gpt-oss-20b) and not to the tag. */
  readonly sized?: boolean;
  /** Whether a size after a dash would be another model, a distillation. */
  readonly bareOnly?: boolean;
};

/** A size such as 7b, 1.5b, 8x7b, e4b or 30b-a3b, at a token boundary. */
const SIZE = /^(?:e?\d+(?:\.\d+)?|\d+x\d+)[bmt](?=-|$)/;

const LINES: readonly Line[] = [
  { start: /^(?:meta-)?llama-?3[.-]([123])(?=-|$)/, id: (minor) => `llama-3.${minor}` },
  { start: /^llama-v3p([123])(?=-|$)/, id: (minor) => `llama-3.${minor}` },
  { start: /^(?:meta-)?llama-?4-(scout|maverick)(?=-|$)/, id: (name) => `llama-4-${name}` },
  { start: /^(?:meta-)?llama-?([234])(?=-|$)/, id: (major) => `llama-${major}` },
  { start: /^codellama(?=-|$)/, id: () => "codellama" },
  { start: /^mistral(?=-|$)/, id: () => "mistral" },
  { start: /^mixtral(?=-|$)/, id: () => "mixtral", sized: true },
  { start: /^gpt-oss(?=-|$)/, id: () => "gpt-oss", sized: true },
  { start: /^qwen-?(2\.5|3\.\d|2|3)-coder(?=-|$)/, id: (version) => `qwen${version}-coder` },
  { start: /^qwen-?(2\.5|3\.\d|2|3)-vl(?=-|$)/, id: (version) => `qwen${version}-vl` },
  { start: /^qwen-?(1\.5|2\.5|3\.\d|2|3)(?=-|$)/, id: (version) => `qwen${version}` },
  { start: /^qwq(?=-|$)/, id: () => "qwq" },
  { start: /^gemma-?([234]n?)(?=-|$)/, id: (version) => `gemma-${version}` },
  { start: /^phi-?([34](?:\.5)?)(?=-|$)/, id: (version) => `phi-${version}` },
  { start: /^deepseek-(r1|v3)(?=-|$)/, id: (name) => `deepseek-${name}`, bareOnly: true },
  { start: /^granite-?([34](?:\.\d)?)(?=-|$)/, id: (version) => `granite-${version}` },
  { start: /^(command-r(?:-plus)?)(?=-|$)/, id: (name) => name },
];

/** Lines without facts of their own in the catalog, still known by name. */
export const OPEN_WEIGHT_IDS: ReadonlySet<string> = new Set(
  (
    "llama-2 llama-3 llama-3.1 llama-3.2 llama-3.3 llama-4 llama-4-scout llama-4-maverick " +
    "codellama mistral mixtral-8x7b mixtral-8x22b gpt-oss-20b gpt-oss-120b qwen1.5 qwen2 " +
    "qwen2.5 qwen2.5-coder qwen2.5-vl qwen3 qwen3-coder qwen3-vl qwen3.5 qwen3.6 qwen3.8 qwq " +
    "gemma-2 gemma-3 gemma-3n gemma-4 phi-3 phi-3.5 phi-4 deepseek-r1 deepseek-v3 granite-3 " +
    "granite-4 command-r command-r-plus"
  ).split(" "),
);

/**
 * Reads a name as an open-weight line followed by its size: `llama-2-7b-chat`, `Llama3.1` of a
 * local server. Undefined where the start is no known line, or where something other than a
 * size follows, which would be another model (`mistral-large`, `deepseek-r1-distill-…`).
 * `id` is lower case and holds no colon; `serverTag` is what stood after a colon, else empty.
 */
export function matchOpenWeight(id: string, serverTag: string): OpenWeight | undefined {
  for (const line of LINES) {
    const found = line.start.exec(id);
    if (found === null) continue;
    const rest = id.slice(found[0].length).replace(/^-/, "");
    if (rest !== "" && (line.bareOnly === true || !SIZE.test(rest))) continue;
    const base = line.id(found[1] ?? "");
    if (line.sized === true) return sized(base, rest, serverTag);
    const tag = rest === "" ? serverTag : rest + (serverTag === "" ? "" : `:${serverTag}`);
    return OPEN_WEIGHT_IDS.has(base) ? { canonicalId: base, tag } : undefined;
  }
  return undefined;
}

function sized(base: string, rest: string, serverTag: string): OpenWeight | undefined {
  const fromName = SIZE.exec(rest)?.[0];
  const size = fromName ?? SIZE.exec(serverTag.toLowerCase())?.[0];
  const canonicalId = `${base}-${size}`;
  if (size === undefined || !OPEN_WEIGHT_IDS.has(canonicalId)) return undefined;
  const build = fromName === undefined ? "" : rest.slice(fromName.length).replace(/^-/, "");
  return { canonicalId, tag: [build, serverTag].filter((part) => part !== "").join(":") };
}
