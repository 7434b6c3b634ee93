import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labelViolation, versionContent, versionNameViolation } from "./version.ts";

describe("names", () => {
  test.each(["v1.0.0", "1.0.0", "2026-11-22", "Release~3", "ä", "v".repeat(128)])(
    "%j is a version",
    (name) => expect(versionNameViolation(name)).toBeUndefined(),
  );

  test.each(["", "a b", "a\tb", "a/b", "a\u0000", "a\u200bb", "latest", "head", "v".repeat(129)])(
    "%j is no version",
    (name) => expect(versionNameViolation(name)).toBeTypeOf("string"),
  );

  test.each(["production", "a", "a1_b.c-d", "l".repeat(64)])("%j is a label", (label) =>
    expect(labelViolation(label)).toBeUndefined(),
  );

  test("digits alone are no label, so that no label is taken for a revision", () => {
    fc.assert(fc.property(fc.nat(), (number) => labelViolation(String(number)) !== undefined));
  });
});

describe("content", () => {
  const config = { modelName: "m", phases: { planning: { temperature: 0.1, topP: 0.2 } } };
  const prompts = [
    { type: "system", text: "one" },
    { type: "few_shot", text: "two" },
  ];

  test("the order of fields and prompts is no content", () => {
    const turned = { phases: { planning: { topP: 0.2, temperature: 0.1 } }, modelName: "m" };
    expect(versionContent(turned, prompts.toReversed())).toBe(versionContent(config, prompts));
  });

  test("every field, every prompt and nothing stored are content", () => {
    const texts = [
      versionContent(config, prompts),
      versionContent({ ...config, enabled: true }, prompts),
      versionContent(config, prompts.slice(1)),
      versionContent(null, prompts),
      versionContent({ modelName: "m" }, []),
      versionContent(null, []),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});
