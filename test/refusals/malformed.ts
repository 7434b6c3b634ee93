import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

/** A body that cannot be parsed as a message, and what is wrong with it. */
export interface Malformed {
  readonly what: string;
  readonly body: string;
}

/** Messages with a JSON form of their own: only wrong types are sent for these, not wrong fields. */
const WELL_KNOWN = /^google\.protobuf\./;
const DEPTH_MAX = 3;

/** Every way in which a body can fail to be a message of this type: each field with values of wrong types, at every depth. */
export function malformedBodies(message: DescMessage): Malformed[] {
  return [
    { what: "no JSON", body: "{" },
    { what: "an empty body", body: "" },
    { what: "an array", body: "[]" },
    { what: "a string", body: '"text"' },
    { what: "invalid UTF-8", body: '{"\ud800":1}' },
    ...wrongFields(message, DEPTH_MAX).map(({ what, value }) => ({
      what,
      body: JSON.stringify(value),
    })),
  ];
}

interface Wrong {
  readonly what: string;
  readonly value: unknown;
}

function wrongFields(message: DescMessage, depth: number): Wrong[] {
  const unknown: Wrong = { what: "an unknown field", value: { noSuchField: 1 } };
  const ownDepth = depth - 1;
  return [
    unknown,
    ...message.fields.flatMap((field) =>
      wrongValues(field, ownDepth).map(({ what, value }) => ({
        what: `${field.jsonName}: ${what}`,
        value: { [field.jsonName]: value },
      })),
    ),
  ];
}

function wrongValues(field: DescField, depth: number): Wrong[] {
  switch (field.fieldKind) {
    case "list": {
      const element: Wrong[] =
        field.listKind === "message"
          ? wrongMessages(field.message, depth)
          : field.listKind === "enum"
            ? wrongEnums()
            : wrongScalars(field.scalar);
      return [
        { what: "an object for a list", value: {} },
        { what: "null in a list", value: [null] },
        ...element.map(({ what, value }) => ({ what: `[${what}]`, value: [value] })),
      ];
    }
    case "map":
      return [
        { what: "a list for a map", value: [] },
        { what: "a text for a map", value: "text" },
        ...(field.mapKind === "scalar" ? wrongScalars(field.scalar) : []).map(
          ({ what, value }) => ({ what: `{key: ${what}}`, value: { key: value } }),
        ),
      ];
    case "message":
      return wrongMessages(field.message, depth);
    case "enum":
      return wrongEnums();
    case "scalar":
      return wrongScalars(field.scalar);
  }
}

function wrongMessages(message: DescMessage, depth: number): Wrong[] {
  if (message.typeName === "google.protobuf.Value") return [];
  const types: Wrong[] = [
    { what: "a number for a message", value: 5 },
    { what: "a list for a message", value: [] },
    { what: "a text for a message", value: "text" },
  ];
  if (WELL_KNOWN.test(message.typeName) || depth === 0) return types;
  return [...types, ...wrongFields(message, depth)];
}

function wrongEnums(): Wrong[] {
  return [
    { what: "an unknown enum name", value: "NO_SUCH_NAME" },
    { what: "a short enum name", value: "planning" },
    { what: "an object for an enum", value: {} },
    { what: "a fraction for an enum", value: 1.5 },
  ];
}

function wrongScalars(scalar: ScalarType): Wrong[] {
  const object: Wrong = { what: "an object for a scalar", value: {} };
  const list: Wrong = { what: "a list for a scalar", value: [] };
  switch (scalar) {
    case ScalarType.STRING:
      return [object, list, { what: "a number for a text", value: 5 }];
    case ScalarType.BOOL:
      return [object, list, { what: "a text for a boolean", value: "true" }];
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return [object, list, { what: "a text for a number", value: "many" }];
    default:
      return [
        object,
        list,
        { what: "a text for a whole number", value: "many" },
        { what: "a fraction for a whole number", value: 1.5 },
        { what: "a whole number beyond 64 bits", value: "99999999999999999999" },
      ];
  }
}
