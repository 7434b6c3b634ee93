import type {
  DescField,
  DescMessage,
  JsonObject,
  JsonValue,
  MessageShape,
} from "@bufbuild/protobuf";
import { fromJson } from "@bufbuild/protobuf";
import type { Settings } from "../../gen/attuned/v1/settings_pb.ts";
import { SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";
import type { Pair } from "../arguments.ts";
import { jsonOrText } from "../arguments.ts";
import { UsageError } from "../failure.ts";
import { didYouMean } from "../suggest.ts";

/** The settings that `field=value` pairs name. UsageError for an unknown field or a value of the wrong type. */
export function settingsFromPairs(pairs: readonly Pair[], what: string): Settings {
  const json: JsonObject = {};
  for (const { key, value } of pairs) {
    const field = fieldNamed(SettingsSchema, key, what);
    json[field.jsonName] = fieldJson(SettingsSchema, field, value, what);
  }
  return fromJson(SettingsSchema, json);
}

/** The field of a message by its proto or its JSON name. UsageError with the nearest name otherwise. */
export function fieldNamed(schema: DescMessage, name: string, what: string): DescField {
  const found = schema.fields.find((field) => field.name === name || field.jsonName === name);
  if (found !== undefined) return found;
  const known = schema.fields.map((field) => field.name);
  throw new UsageError(
    `${what}: there is no field "${name}"${didYouMean(name, known) || `; known: ${known.join(", ")}`}`,
  );
}

/** The JSON of a field's value, read as JSON where that fits and as text otherwise. UsageError where neither does. */
export function fieldJson(
  schema: DescMessage,
  field: DescField,
  text: string,
  what: string,
): JsonValue {
  const candidates = [jsonOrText(text) as JsonValue, text];
  for (const candidate of candidates) {
    if (candidate !== null && parses(schema, { [field.jsonName]: candidate })) return candidate;
  }
  throw new UsageError(`${what}: ${field.name} cannot be "${text}"; it takes ${kindOf(field)}`);
}

function parses<T extends DescMessage>(schema: T, json: JsonObject): MessageShape<T> | undefined {
  try {
    return fromJson(schema, json);
  } catch {
    return undefined;
  }
}

function kindOf(field: DescField): string {
  if (field.fieldKind === "list") return 'a JSON list, for example ["a","b"]';
  if (field.fieldKind !== "scalar") return "JSON";
  const probe = field.scalar;
  const kinds: Readonly<Record<number, string>> = {
    1: "a number",
    5: "a whole number",
    8: "true or false",
    9: "text",
  };
  return kinds[probe] ?? "another type";
}
