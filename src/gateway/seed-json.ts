import {
  type DescEnum,
  type DescMessage,
  isFieldSet,
  type JsonObject,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import type { GenEnum } from "@bufbuild/protobuf/codegenv2";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** Messages with a JSON form of their own. */
const OWN_FORM = /^google\.protobuf\.(Timestamp|Value|Struct|ListValue|Duration)$/;

/**
 * A message as the seed's routes write it: keys in snake_case, enums by their short names, whole numbers as numbers, lists and maps
 * also where they are empty. What is optional and not set is left out, and so is an enum's zero.
 */
export function toSeedJson(message: Message, schema: DescMessage): JsonObject {
  return objectOf(reflect(schema, message));
}

/** The short name of an enum's value: PHASE_ERROR_RECOVERY is "error_recovery". */
export function shortEnumName(schema: DescEnum, number: number): string {
  const name = schema.value[number]?.name ?? String(number);
  return name.slice(schema.sharedPrefix?.length ?? 0).toLowerCase();
}

/** The value of a short or full name; undefined where no value but zero has it. */
export function enumNumber<T extends number>(schema: GenEnum<T>, name: string): T | undefined {
  const wanted = name.toLowerCase();
  const found = schema.values.find(
    ({ name: full, number }) =>
      number !== 0 && (full.toLowerCase() === wanted || shortEnumName(schema, number) === wanted),
  );
  return found?.number as T | undefined;
}

function objectOf(message: ReflectMessage): JsonObject {
  const json: JsonObject = {};
  for (const field of message.fields) {
    switch (field.fieldKind) {
      case "list":
        json[field.name] = [...message.get(field)].map((item) => jsonOf(item, enumOf(field)));
        break;
      case "map":
        json[field.name] = Object.fromEntries(
          [...message.get(field)].map(([key, value]) => [String(key), jsonOf(value, undefined)]),
        );
        break;
      default: {
        const value: unknown = message.get(field);
        const isAbsent =
          field.presence !== FeatureSet_FieldPresence.IMPLICIT &&
          !isFieldSet(message.message, field);
        if (isAbsent || (field.fieldKind === "enum" && value === 0)) break;
        json[field.name] = jsonOf(value, enumOf(field));
      }
    }
  }
  return json;
}

function enumOf(field: ReflectMessage["fields"][number]): DescEnum | undefined {
  return "enum" in field ? field.enum : undefined;
}

function jsonOf(value: unknown, schema: DescEnum | undefined): JsonValue {
  if (isReflectMessage(value)) {
    return OWN_FORM.test(value.desc.typeName) ? toJson(value.desc, value.message) : objectOf(value);
  }
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return schema ? shortEnumName(schema, value) : value;
  return typeof value === "boolean" ? value : String(value);
}

function isReflectMessage(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "desc" in value && "message" in value;
}
