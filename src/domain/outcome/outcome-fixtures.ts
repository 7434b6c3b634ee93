import fc from "fast-check";
import { PHASES, type Phase } from "../config/phase.ts";
import {
  SETTING_FIELDS,
  type SettingField,
  type Settings,
  type SettingValue,
} from "../config/settings.ts";
import { CLOCK_SKEW_KINDS } from "./clock-skew.ts";
import type { Arm, Outcome } from "./outcome.ts";
import { OUTCOME_STATUSES } from "./status.ts";

/** An arm of the model `gpt-4` in the phase execution, served at a temperature. */
export function armAt(temperature: number, model = "gpt-4"): Arm {
  return {
    scope: { model, phase: "execution", dimensions: ["", ""] },
    configId: `c1-${model}-${temperature}`,
    settings: { temperature },
  };
}

/** A successful outcome with an id; `over` changes any of its fields. */
export function outcomeOf(outcomeId: string, over: Partial<Outcome> = {}): Outcome {
  return {
    outcomeId,
    content: 1,
    arm: armAt(0.7),
    status: "ok",
    occurredAtMs: 1_800_000_000_000,
    latencyMs: 100,
    costDerived: false,
    priceDate: "",
    finishReason: "stop",
    scores: {},
    unit: "",
    responseModel: "",
    appliedConfigId: "",
    externalRef: "",
    labels: {},
    ...over,
  };
}

/** Well-formed texts with what breaks encoders: NUL, quotes, characters beyond the basic plane. */
export const anyText: fc.Arbitrary<string> = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "",
      "\u0000",
      "\u0000\u0001",
      '"',
      "\\",
      "\uffff",
      "😀",
      "a\u0000b",
      "__proto__",
    ),
  )
  .map((text) => text.toWellFormed());

/** Settings with any subset of the fields, each within its range. */
export const anySettings: fc.Arbitrary<Settings> = fc
  .record(Object.fromEntries(SETTING_FIELDS.map((field) => [field.key, anyValueOf(field)])), {
    requiredKeys: [],
  })
  .map((settings) => settings as Settings);

function anyValueOf(field: SettingField): fc.Arbitrary<SettingValue> {
  const { kind, choices, min = 0, max = 2, minExclusive = false } = field;
  switch (kind) {
    case "boolean":
      return fc.boolean();
    case "text":
      return fc.constantFrom(...(choices ?? ["json", "text"]));
    case "texts":
      return fc.array(anyText, { minLength: 1, maxLength: 4 });
    case "integer":
      return fc.integer({ min, max });
    case "number":
      // Adding 0 turns -0, which JSON does not know, into 0.
      return fc
        .double({ min, max, minExcluded: minExclusive, noNaN: true })
        .map((value) => value + 0);
  }
}

export const anyPhase: fc.Arbitrary<Phase> = fc.constantFrom(...PHASES.map(({ phase }) => phase));

/** A config id is a hash of the settings: other settings never share it. */
const anyArm: fc.Arbitrary<Arm> = fc
  .record({
    scope: fc.record({
      model: anyText,
      phase: anyPhase,
      dimensions: fc.array(anyText, { maxLength: 4 }),
    }),
    configId: anyText,
    settings: anySettings,
  })
  .map((arm) => ({ ...arm, configId: `${arm.configId} ${JSON.stringify(arm.settings)}` }));

const count = fc.option(fc.integer({ min: 0, max: 1_000_000_000 }), { nil: undefined });
const measure = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined });
/** Keys that a plain object takes: `__proto__` is no key of its own in an object literal. */
const anyName = anyText.filter((name) => name !== "__proto__");

/** Outcomes as the door lets them through, and beyond. Sums over them are exact: measures that add up are whole. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc
  .record({
    outcomeId: fc.uuid(),
    content: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    arm: anyArm,
    status: fc.constantFrom(...OUTCOME_STATUSES.map(({ status }) => status)),
    occurredAtMs: fc.integer({ min: 0, max: 4e12 }),
    decidedAtMs: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
    clockSkew: fc.option(
      fc.record({
        kind: fc.constantFrom(...CLOCK_SKEW_KINDS),
        ms: fc.integer({ min: 1001, max: 4e12 }),
      }),
      { nil: undefined },
    ),
    latencyMs: measure,
    inputTokens: count,
    outputTokens: count,
    cachedInputTokens: count,
    reasoningTokens: count,
    costNanoUsd: fc.option(fc.integer({ min: 0, max: 1e14 }), { nil: undefined }),
    costDerived: fc.boolean(),
    priceDate: fc.constantFrom("", "2026-11-01"),
    producer: fc.option(
      fc.record({ producerId: anyText, sequence: fc.nat(Number.MAX_SAFE_INTEGER) }),
      { nil: undefined },
    ),
    finishReason: fc.constantFrom("", "stop", "length", "max_tokens"),
    retries: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
    iterations: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
    scores: fc.dictionary(
      fc.constantFrom("quality", "coherence", "hallucination", "constructor", "own.score"),
      fc.integer({ min: 0, max: 1 }),
    ),
    unit: anyText,
    responseModel: anyText,
    appliedConfigId: anyText,
    appliedSettings: fc.option(anySettings, { nil: undefined }),
    externalRef: anyText,
    labels: fc.dictionary(anyName, anyText, { maxKeys: 4 }),
  })
  .map(withoutUndefined);

/** Absent and undefined are the same to the program; tests compare what is there. */
export function withoutUndefined(outcome: Outcome): Outcome {
  return Object.fromEntries(
    Object.entries(outcome).filter(([, value]) => value !== undefined),
  ) as unknown as Outcome;
}
