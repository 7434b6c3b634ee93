import { COLON_ROUTES, SLASH_ROUTES } from "./name-tables.ts";
import { BEDROCK_SCOPES, BEDROCK_VENDORS, VENDOR_NAMESPACES } from "./vendor-tables.ts";

/** A name in the course of being unwrapped; `rest` still has to be recognised. */
export type Unwrapped = {
  readonly rest: string;
  readonly route: string;
  readonly vendor: string;
  /** Parts already cut off the end, in the order of the name, with their separators. */
  readonly suffix: string;
  /** A fine-tune's owner and name, with the leading `ft:`. */
  readonly fineTune: string;
  /** What an OpenRouter variant says. */
  readonly variant: string;
  /** The name is a file or a build of a local server. */
  readonly local: boolean;
  /** The name says nothing about its model: a deployment, an endpoint, a private profile. */
  readonly opaque: boolean;
  readonly steps: readonly string[];
};

/** The start of unwrapping: nothing is known yet. */
export function wrapped(name: string): Unwrapped {
  return {
    rest: name,
    route: "",
    vendor: "",
    suffix: "",
    fineTune: "",
    variant: "",
    local: false,
    opaque: false,
    steps: [],
  };
}

type Change = Partial<Omit<Unwrapped, "steps">>;

function change(name: Unwrapped, changes: Change, step: string): Unwrapped {
  return { ...name, ...changes, steps: [...name.steps, step] };
}

/** Rule 3: wrappers that are recognised by their fixed form. */
export function unwrapForm(name: Unwrapped): Unwrapped {
  const text = name.rest;
  const low = text.toLowerCase();
  if (low.startsWith("ft:")) return unwrapFineTune(name);
  if (low.startsWith("arn:")) return unwrapArn(name);
  if (low.startsWith("projects/") || low.startsWith("publishers/")) return unwrapVertex(name);
  if (low.startsWith("models/")) {
    return change(name, { rest: text.slice(7), route: "google" }, "rule 3: Gemini resource name");
  }
  if (low.startsWith("tunedmodels/")) {
    return change(name, { route: "google", opaque: true }, "rule 3: a tuned Gemini model");
  }
  if (low.startsWith("accounts/")) return unwrapFireworks(name);
  const hub = /^(?:hf\.co|huggingface\.co)\/[^/]+\/(.+)$/i.exec(text);
  if (hub?.[1] !== undefined) {
    const step = "rule 3: a Hugging Face repository run by Ollama";
    return change(name, { rest: hub[1], route: "ollama", local: true }, step);
  }
  const cloudflare = /^(?:workers-ai\/)?@(?:cf|hf)\/(.+)$/i.exec(text);
  if (cloudflare?.[1] !== undefined) {
    return change(name, { rest: cloudflare[1], route: "cloudflare" }, "rule 3: Workers AI");
  }
  if (low.endsWith(".gguf")) {
    const file = text.slice(0, -".gguf".length).split(/[/\\]/).at(-1) ?? "";
    const step = "rule 3: a model file of llama.cpp";
    return change(name, { rest: file.toLowerCase(), route: "llama_cpp", local: true }, step);
  }
  return name;
}

function unwrapFineTune(name: Unwrapped): Unwrapped {
  const [base = "", ...owner] = name.rest.slice(3).split(":");
  const mistral = /^(?:open-)?(?:mistral|mixtral|codestral|ministral)/i.test(base);
  const route = mistral ? "mistral" : "openai";
  const fineTune = `ft:${owner.join(":")}`;
  return change(name, { rest: base, route, fineTune }, `rule 3: a fine-tune of ${base}`);
}

function unwrapArn(name: Unwrapped): Unwrapped {
  const isBedrock = /^arn:[^:]*:bedrock:/i.test(name.rest);
  const inside = /:(?:inference-profile|foundation-model)\/(.+)$/i.exec(name.rest)?.[1];
  if (isBedrock && inside !== undefined) {
    return change(name, { rest: inside, route: "bedrock" }, "rule 3: ARN that names its model");
  }
  const route = isBedrock ? "bedrock" : "";
  return change(name, { route, opaque: true }, "rule 3: ARN of a private resource");
}

function unwrapVertex(name: Unwrapped): Unwrapped {
  const found = /(?:^|\/)publishers\/([^/]+)\/models\/([^/]+)$/i.exec(name.rest);
  const [, publisher, model] = found ?? [];
  if (publisher === undefined || model === undefined) {
    return change(name, { route: "vertex", opaque: true }, "rule 3: a private Vertex resource");
  }
  const vendor = VENDOR_NAMESPACES.get(publisher.toLowerCase()) ?? "";
  return change(name, { rest: model, route: "vertex", vendor }, "rule 3: Vertex resource name");
}

function unwrapFireworks(name: Unwrapped): Unwrapped {
  const model = /^accounts\/fireworks\/models\/([^/]+)$/i.exec(name.rest)?.[1];
  if (model === undefined) {
    return change(name, { route: "fireworks", opaque: true }, "rule 3: a private deployment");
  }
  return change(name, { rest: model, route: "fireworks" }, "rule 3: Fireworks resource name");
}

/** Rule 4: a route before a slash, then a vendor's namespace. */
export function unwrapSlashes(name: Unwrapped): Unwrapped {
  let current = name;
  const floating = current.rest.startsWith("~");
  if (floating) {
    const step = "rule 4: OpenRouter's mark of a moving name";
    current = change(current, { rest: current.rest.slice(1), route: "openrouter" }, step);
  }
  if (current.route === "") current = unwrapRoute(current);
  const [, namespace, rest] = /^([^/]+)\/(.+)$/.exec(current.rest) ?? [];
  const vendor = VENDOR_NAMESPACES.get((namespace ?? "").toLowerCase());
  if (rest === undefined || vendor === undefined || current.route === "azure") return current;
  const variant = /^([^:]+):([a-z]+)$/i.exec(rest);
  const step = `rule 4: namespace ${namespace}`;
  if (variant?.[1] !== undefined && variant[2] !== undefined && !current.local) {
    const route = current.route === "" ? "openrouter" : current.route;
    const changes = { rest: variant[1], vendor, route, variant: variant[2] };
    return change(current, changes, `${step}, rule 5: variant ${variant[2]}`);
  }
  const route = /-maas$/i.test(rest) ? "vertex" : current.route;
  return change(current, { rest, vendor, route }, step);
}

function unwrapRoute(name: Unwrapped): Unwrapped {
  const [, prefix, rest] = /^([^/]+)\/(.+)$/.exec(name.rest) ?? [];
  const route = SLASH_ROUTES.get((prefix ?? "").toLowerCase());
  if (rest === undefined || prefix === undefined || route === undefined) return name;
  // OpenRouter writes openai/gpt-4o:free, which is a namespace and not OpenAI's own service.
  const isNamespace = route === "openai" && /^[^/:]+:[a-z]+$/i.test(rest);
  if (isNamespace) return name;
  const region =
    route === "bedrock" ? /^(?:converse\/)?(?:[a-z]+(?:-[a-z]+)+-\d\/)?/.exec(rest) : null;
  const inner = rest.slice(region?.[0].length ?? 0);
  const unwrapped = change(name, { rest: inner, route }, `rule 4: route ${prefix}`);
  return /^(?:arn:|projects\/|accounts\/|@cf\/)/i.test(inner)
    ? { ...unwrapForm(unwrapped), route }
    : unwrapped;
}

/** Rule 4 for `provider:model`; only where the rest is known and is no tag of a local server. */
export function unwrapColon(name: Unwrapped, isModel: (id: string) => boolean): Unwrapped {
  const [, provider, rest] = /^([^:/]+):(.+)$/.exec(name.rest) ?? [];
  const route = COLON_ROUTES.get((provider ?? "").toLowerCase());
  if (route === undefined || rest === undefined || name.route !== "") return name;
  if (!isModel(rest.toLowerCase())) return name;
  return change(name, { rest, route }, `rule 4: provider ${provider}`);
}

/** Rule 5: Bedrock's scope, vendor and version, and Vertex's release after an at sign. */
export function unwrapCloud(name: Unwrapped, isModel: (id: string) => boolean): Unwrapped {
  const at = name.rest.indexOf("@");
  if (at > 0) {
    const route = name.route === "" ? "vertex" : name.route;
    const changes = { rest: name.rest.slice(0, at), route, suffix: name.rest.slice(at) };
    return change(name, changes, "rule 5: Vertex release");
  }
  const bedrock = unwrapBedrockVendor(name);
  if (bedrock.route !== "bedrock" || isModel(bedrock.rest.toLowerCase())) return bedrock;
  const version = /(?:-v\d+(?::\d+)?|-\d+:\d+)?(?::\d+k)?$/i.exec(bedrock.rest);
  const suffix = version?.[0] ?? "";
  if (suffix === "") return bedrock;
  const rest = bedrock.rest.slice(0, -suffix.length);
  return change(bedrock, { rest, suffix }, `rule 5: Bedrock version ${suffix.slice(1)}`);
}

function unwrapBedrockVendor(name: Unwrapped): Unwrapped {
  if (name.route !== "" && name.route !== "bedrock") return name;
  const parts = name.rest.split(".");
  const scoped = BEDROCK_SCOPES.has((parts[0] ?? "").toLowerCase()) && parts.length > 2;
  const head = parts.slice(scoped ? 1 : 0);
  const vendor = BEDROCK_VENDORS.get((head[0] ?? "").toLowerCase());
  const rest = head.slice(1).join(".");
  if (vendor === undefined || rest === "" || !/^[a-z]/i.test(rest)) return name;
  const scope = scoped ? ` in scope ${parts[0]}` : "";
  return change(name, { rest, vendor, route: "bedrock" }, `rule 5: Bedrock id${scope}`);
}
