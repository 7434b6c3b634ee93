import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXPORT_FORMAT, exportDocument, readExportDocument } from "./export-document.ts";
import { anyContent } from "./export-fixtures.ts";

function violationsOf(document: unknown): string[] {
  const read = readExportDocument(document);
  return "violations" in read
    ? read.violations.map(({ field, message }) => `${field} ${message}`)
    : [];
}

const withHashes = anyContent.map((content) => ({
  ...content,
  versions: content.versions.map((version) => ({ ...version, contentHash: "0".repeat(64) })),
}));

test("A008 what is written is read back as it was, and written the same again", () => {
  fc.assert(
    fc.property(withHashes, (content) => {
      const document = exportDocument(content);
      const read = readExportDocument(JSON.parse(JSON.stringify(document)));
      if ("violations" in read) throw new Error(JSON.stringify(read.violations));
      expect(JSON.stringify(exportDocument(read.content))).toBe(JSON.stringify(document));
    }),
  );
});

test("the order in which a store lists things is not in the document", () => {
  fc.assert(
    fc.property(withHashes, (content) => {
      const turned = {
        configs: content.configs.toReversed(),
        prompts: content.prompts.toReversed(),
        overrides: content.overrides.toReversed(),
        // The versions of one model keep theirs, which is that of saving.
        versions: content.versions.toSorted((a, b) =>
          a.model < b.model ? 1 : a.model > b.model ? -1 : 0,
        ),
        labels: content.labels.toReversed(),
      };
      expect(exportDocument(turned)).toEqual(exportDocument(content));
    }),
  );
});

describe("a document that a person wrote", () => {
  const base = { format: EXPORT_FORMAT };

  test("may leave lists out", () => {
    expect(readExportDocument(base)).toEqual({
      content: { configs: [], prompts: [], overrides: [], versions: [], labels: [] },
    });
  });

  test.each([
    ["no map", [], " must be a map"],
    ["another format", { format: "other/v1" }, "format must be attuned/v1"],
    ["an unknown list", { ...base, config: [] }, ' has no field "config"; did you mean configs?'],
    ["a map for a list", { ...base, configs: {} }, "configs must be a list"],
    [
      "an unknown field",
      { ...base, configs: [{ model_name: "m", temprature: 1 }] },
      'configs[0] has no field "temprature"; known are',
    ],
    [
      "a config without a name",
      { ...base, configs: [{}] },
      "configs[0].model_name must not be empty",
    ],
    [
      "a phase that is none",
      { ...base, configs: [{ model_name: "m", phases: { plannin: {} } }] },
      'configs[0].phases has no field "plannin"; did you mean planning?',
    ],
    [
      "a value out of range",
      { ...base, configs: [{ model_name: "m", phases: { planning: { temperature: 3 } } }] },
      "configs[0].phases.planning.temperature must be at least 0 and at most 2, is 3",
    ],
    [
      "a value of another type",
      { ...base, configs: [{ model_name: 1 }] },
      "configs[0].model_name must be a text; put it in quotes",
    ],
    [
      "a capability that is none",
      { ...base, configs: [{ model_name: "m", capabilities: ["flying"] }] },
      'configs[0].capabilities "flying" is no capability',
    ],
    [
      "one config twice",
      { ...base, configs: [{ model_name: "m" }, { model_name: " m " }] },
      "configs[1] is the same as configs[0]; keep one of them",
    ],
    [
      "a broken template",
      { ...base, prompts: [{ model: "m", type: "system", text: "{{" }] },
      "prompts[0].text ",
    ],
    [
      "an override that does nothing",
      { ...base, overrides: [{ model: "m" }] },
      "overrides[0].settings must set something, or enabled",
    ],
    [
      "a version's name with a slash",
      { ...base, versions: [{ model: "m", version: "a/b" }] },
      "versions[0].version must not hold spaces, slashes or control characters",
    ],
    [
      "a label of digits",
      { ...base, labels: [{ model: "m", label: "1", version: "v" }] },
      "labels[0].label must start with a lower-case letter",
    ],
  ])("with %s is refused", (_, document, expected) => {
    expect(violationsOf(document)).toContainEqual(expect.stringContaining(expected));
  });

  test("lists everything that is wrong, up to a bound", () => {
    const configs = Array.from({ length: 200 }, () => ({ model_name: "" }));
    expect(violationsOf({ ...base, configs })).toHaveLength(100);
  });
});
