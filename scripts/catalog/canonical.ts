import { NAME_ALIASES } from "../../src/domain/catalog/name-tables.ts";
import { matchOpenWeight } from "../../src/domain/catalog/open-weights.ts";
import { VENDOR_NAMESPACES } from "../../src/domain/catalog/vendor-tables.ts";

/** Ids ending in -latest that are models of their own, not the newest of a line. */
const OWN_FLOATING = /^(?:chat-latest|chatgpt-4o-latest|gemini-(?:pro|flash|flash-lite)-latest)$/;

/** Endings of a release; dropped where the model without them is listed as well. */
const DATED = /-(?:\d{4}|\d{4}-preview|\d\d-\d\d|\d\d-20\d\d|preview-\d\d-20\d\d|preview|beta)$/;

/** Entries that are no chat models, prices of another tier, or routers. */
const SKIPPED =
  /:(?!\d)|-batch$|-fast$|-free$|-ultrafast$|-spot$|-us$|embed|whisper|-tts|-image|image-|nano-banana|audio|-voice|-live|moderation|ocr|rerank|transcribe|computer-use|-guard|safeguard|sonic|titan|lyria|veo|imagen|translate|customtools|deep-research-(?:max-)?preview|thinking-exp|antigravity|omni-flash-preview|realtime|wizardlm|-vision-001|diffusion|cosmos|router|pareto|fusion|-instruct-v0|turbo-instruct|^gpt-chat|^gpt-5\.3$|^codex-mini/;

/**
 * The canonical id of a source's id: lower case, without vendor namespace, date and moving
 * suffix; undefined for what is no chat model of its own. Names that only a table can read are
 * looked up in the one that resolution uses.
 */
export function canonicalOf(sourceId: string, isBase: (id: string) => boolean): string | undefined {
  const low = sourceId.toLowerCase();
  if (SKIPPED.test(low) || low.startsWith("~") || low.startsWith("openrouter/")) return undefined;
  let id = low;
  const slash = low.indexOf("/");
  const bedrock = /^(?:amazon|writer)\.(.+?)-v\d+:\d+$/.exec(low)?.[1];
  if (bedrock !== undefined) {
    id = bedrock;
  } else if (slash > 0) {
    if (!VENDOR_NAMESPACES.has(low.slice(0, slash))) return undefined;
    id = low.slice(slash + 1);
  }
  if (id === "" || id.includes("/") || id.includes(":") || SKIPPED.test(id)) return undefined;
  if (id.startsWith("claude-") && id !== "claude-instant-1.2") {
    id = id.replace(/(?<=\d)\.(?=\d)/g, "-");
  }
  if (OWN_FLOATING.test(id)) return id;
  id = id.replace(/-latest$/, "").replace(/-(?:20\d\d-\d\d-\d\d|20\d{6})$/, "");
  id = id.replace(/^(nova-.+)-v\d$/, "$1").replace(/^qwen-(?=\d)/, "qwen");
  if (id.startsWith("command-")) id = id.replace(/-\d\d-20\d\d$/, "");
  id = NAME_ALIASES.get(id)?.canonicalId ?? id;
  const undated = id.replace(DATED, "");
  if (undated !== id && isBase(undated)) return undefined;
  if (/^(?:meta-)?(?:llama|codellama|mixtral|mistral-7b)/.test(id)) {
    const line = matchOpenWeight(id, "");
    // The sizes of a Llama line share one entry without a price, as servers differ.
    return line === undefined || (line.tag !== "" && id.includes("llama"))
      ? undefined
      : line.canonicalId;
  }
  return id;
}

/** The vendor that a namespace names, or undefined. */
export function vendorOfNamespace(sourceId: string): string | undefined {
  const slash = sourceId.indexOf("/");
  return slash < 0 ? undefined : VENDOR_NAMESPACES.get(sourceId.slice(0, slash).toLowerCase());
}
