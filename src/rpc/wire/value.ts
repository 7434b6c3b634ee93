import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";

/** A plain JSON value as google.protobuf.Value; undefined stays undefined. */
export function valueToWire(value: unknown): Value | undefined {
  return value === undefined ? undefined : fromJson(ValueSchema, value as JsonValue);
}
