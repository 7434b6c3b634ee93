import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anySettings } from "../outcome/outcome-fixtures.ts";
import { configIdOf, type Digest } from "./config-id.ts";
import type { Settings } from "./settings.ts";

const digest: Digest = (text) => createHash("sha256").update(text, "utf8").digest();
const idOf = (modelKey: string, settings: Settings, promptDigest?: string) =>
  configIdOf(
    { modelKey, settings, ...(promptDigest === undefined ? {} : { promptDigest }) },
    digest,
  );

test("ids stay what they are: stored arms and tokens of running agents name them", () => {
  expect(idOf("gpt-4", { temperature: 0.7 })).toBe("c1-2dcf0cac2f3489db3c4c");
  expect(idOf("gpt-4", {})).toBe("c1-a177187ca1729c917cb2");
  expect(
    idOf("gpt-4", {
      temperature: 0.3,
      maxTokens: 3000,
      topP: 0.9,
      timeoutSeconds: 30,
      maxRetries: 3,
    }),
  ).toBe("c1-06a447e704f1254d1798");
  expect(idOf("gpt-4", { temperature: 0.7 }, "p")).toBe("c1-f0dd457fc64cc80fdba0");
});

test("an id is the hash of model, sorted settings and prompts", () => {
  const content = '["c1","gpt-4","{\\"maxTokens\\":5,\\"temperature\\":0.7}",""]';
  const hex = createHash("sha256").update(content).digest("hex").slice(0, 20);
  expect(idOf("gpt-4", { temperature: 0.7, maxTokens: 5 })).toBe(`c1-${hex}`);
});

test("the order of the fields and undefined ones do not matter, everything else does", () => {
  fc.assert(
    fc.property(anySettings, anySettings, (a, b) => {
      const turned = Object.fromEntries(Object.entries(a).toReversed()) as Settings;
      expect(idOf("m", { ...turned, seed: turned.seed } as Settings)).toBe(idOf("m", a));
      const same =
        JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
      expect(idOf("m", a) === idOf("m", b)).toBe(same);
      expect(idOf("n", a)).not.toBe(idOf("m", a));
      expect(idOf("m", a, "p")).not.toBe(idOf("m", a));
    }),
  );
});
