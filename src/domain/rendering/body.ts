import type { RenderApi } from "../catalog/model-facts.ts";
import type { JsonValue } from "./rendering.ts";

/** A request field by its path; a dot leads into a nested object. */
export type Field = readonly [string, JsonValue];

/**
 * A request body of fields by path and of extra fields by name, in that order. An extra field
 * replaces one of the same name in its place. Names made of digits alone come first, as in
 * every JavaScript object; no provider has such a field.
 */
export function buildBody(
  fields: readonly Field[],
  extra: readonly Field[],
): Readonly<Record<string, JsonValue>> {
  const body = new Map<string, JsonValue>();
  for (const [path, value] of fields) {
    const [head = "", ...inner] = path.split(".");
    body.set(head, inner.length === 0 ? value : nest(body.get(head), inner, value));
  }
  for (const [name, value] of extra) body.set(name, value);
  return Object.fromEntries(body);
}

function nest(outer: JsonValue | undefined, path: readonly string[], value: JsonValue): JsonValue {
  const [head = "", ...inner] = path;
  const object =
    typeof outer === "object" && outer !== null && !Array.isArray(outer)
      ? (outer as { readonly [key: string]: JsonValue })
      : {};
  return { ...object, [head]: inner.length === 0 ? value : nest(object[head], inner, value) };
}

/** A response format as an API writes it; `json` is short for a JSON object. */
export function responseFormatFor(api: RenderApi, format: string): JsonValue {
  if (api === "google.generate") {
    if (format === "json" || format === "json_object") return "application/json";
    return format === "text" ? "text/plain" : format;
  }
  return { type: format === "json" ? "json_object" : format };
}
