import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SETTING_FIELDS, type Settings } from "../domain/config/settings.ts";
import { STOP_SEQUENCE_LENGTH_MAX, STOP_SEQUENCES_MAX } from "../domain/kernel/limits.ts";
import { anyPhase, anySettings, anyText, armAt } from "../domain/outcome/outcome-fixtures.ts";
import { TEST_KEYS } from "./engine-fixtures.ts";
import { openToken, type SharedDecision, sealToken } from "./token.ts";
import type { TokenKey } from "./token-keys.ts";

const anyDecision: fc.Arbitrary<SharedDecision> = fc.record({
  arm: fc.record({
    scope: fc.record({
      model: anyText,
      phase: anyPhase,
      dimensions: fc.array(anyText, { maxLength: 4 }),
    }),
    configId: anyText,
    settings: anySettings,
  }),
  revision: fc.nat(),
  decidedMinute: fc.nat(),
});

const DECISION: SharedDecision = { arm: armAt(0.7), revision: 17, decidedMinute: 30_000_000 };

test("what is sealed opens as it was", () => {
  fc.assert(
    fc.property(anyDecision, (decision) => {
      expect(openToken(sealToken(decision, TEST_KEYS), TEST_KEYS)).toEqual(decision);
    }),
  );
});

test("a token is safe in URLs, headers and JSON", () => {
  expect(sealToken(DECISION, TEST_KEYS)).toMatch(/^[A-Za-z0-9_-]+$/);
});

describe("a token is refused", () => {
  const token = sealToken(DECISION, TEST_KEYS);
  const bytes = Buffer.from(token, "base64url");

  test("with any single bit flipped", () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (openToken(damaged.toString("base64url"), TEST_KEYS))
        throw new Error(`bit ${bit} can be flipped`);
    }
  });

  test("cut short or made longer anywhere", () => {
    for (let length = 0; length < token.length; length++)
      expect(openToken(token.slice(0, length), TEST_KEYS)).toBeUndefined();
    for (const more of ["A", "AAAA", "=", " ", "\n"])
      expect(openToken(token + more, TEST_KEYS)).toBeUndefined();
  });

  test("with a character changed, also where decoding forgives it", () => {
    for (let i = 0; i < token.length; i++)
      for (const other of ["A", "b", "/", "+", "-", "é"]) {
        const damaged = token.slice(0, i) + other + token.slice(i + 1);
        if (damaged !== token) expect(openToken(damaged, TEST_KEYS)).toBeUndefined();
      }
  });

  test("sealed with another key, whether or not its id is known", () => {
    const [key] = TEST_KEYS;
    const other = { ...key, secret: new Uint8Array(32).fill(8) };
    const unknown = { id: Uint8Array.of(9, 9, 9, 9), secret: key.secret };
    expect(openToken(sealToken(DECISION, [other]), TEST_KEYS)).toBeUndefined();
    expect(openToken(sealToken(DECISION, [unknown]), TEST_KEYS)).toBeUndefined();
  });

  test("made of anything else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(openToken(text, TEST_KEYS)).toBeUndefined();
      }),
    );
  });
});

test("keys rotate with overlap: the newest seals, all of them open", () => {
  const [old] = TEST_KEYS;
  const fresh: TokenKey = { id: Uint8Array.of(5, 6, 7, 8), secret: new Uint8Array(32).fill(1) };
  const before = sealToken(DECISION, [old]);
  const after = sealToken(DECISION, [fresh, old]);
  expect(openToken(before, [fresh, old])).toEqual(DECISION);
  expect(openToken(after, [fresh])).toEqual(DECISION);
  expect(openToken(after, [old])).toBeUndefined();
});

test("the token of the largest settings there are opens", () => {
  const long = "\u0001".repeat(STOP_SEQUENCE_LENGTH_MAX);
  const settings: Settings = {
    stopSequences: Array(STOP_SEQUENCES_MAX).fill(long),
    responseFormat: "\u0001".repeat(256),
  };
  const name = "\uffff".repeat(256);
  const scope = { model: name, phase: "planning", dimensions: [name, name, name, name] } as const;
  const decision = { ...DECISION, arm: { ...DECISION.arm, scope, settings } };
  expect(SETTING_FIELDS.filter(({ kind }) => kind === "texts")).toHaveLength(1);
  expect(openToken(sealToken(decision, TEST_KEYS), TEST_KEYS)).toEqual(decision);
});
