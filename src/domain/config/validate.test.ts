import fc from "fast-check";
import { expect, test } from "vitest";
import { builtinCatalog } from "../catalog/builtin-catalog.ts";
import { resolveModelName } from "../catalog/names.ts";
import { modelNameViolation } from "./validate.ts";

const CONTEXT = { catalog: builtinCatalog(), isConfigKey: () => false };

test("a name that is no violation is a name to the resolution too, whatever is in it", () => {
  const character = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom("\u0085", "\u2028", "\u2029", "\ud800", "\u007f", " ", "/", ":"),
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 6 }), (characters) => {
      const name = characters.join("");
      const isInvalid = resolveModelName(name, CONTEXT).kind === "INVALID";
      expect(modelNameViolation(name) !== undefined).toBe(isInvalid);
    }),
  );
});
