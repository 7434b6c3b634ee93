import type { ParamRule } from "./param-rule.ts";

const apis = ["google.generate"] as const;
const GEMINI_3 = "https://ai.google.dev/gemini-api/docs/gemini-3";
const REFERENCE = "https://ai.google.dev/api/generate-content";
const AI_SDK = "https://github.com/vercel/ai/tree/main/packages/google/src";
const asOf = "2026-11-22";

/** Gemini 3 and later, and the moving names that stand for the newest. */
const FROM_3 = /^gemini-(?:[3-9]|\d\d|pro-latest|flash-latest|flash-lite-latest|robotics-er-[2-9])/;

export const GOOGLE_RULES: readonly ParamRule[] = [
  {
    id: "google-3-temperature",
    apis,
    param: "temperature",
    model: FROM_3,
    advice: true,
    effect: { kind: "omit" },
    reason: "NOT_RECOMMENDED",
    message: "Google advises to leave temperature at its default; lower values may loop",
    evidence: GEMINI_3,
    asOf,
  },
  {
    id: "google-3-top-p",
    apis,
    param: "topP",
    model: FROM_3,
    advice: true,
    effect: { kind: "omit" },
    reason: "NOT_RECOMMENDED",
    message: "Google advises to leave sampling at its defaults",
    evidence: GEMINI_3,
    asOf,
  },
  {
    id: "google-25-presence-penalty",
    apis,
    param: "presencePenalty",
    model: /^gemini-2\.5/,
    effect: { kind: "omit" },
    reason: "UNSUPPORTED_BY_MODEL",
    message: "Gemini 2.5 refuses penalties",
    evidence: AI_SDK,
    asOf,
  },
  {
    id: "google-25-frequency-penalty",
    apis,
    param: "frequencyPenalty",
    model: /^gemini-2\.5/,
    effect: { kind: "omit" },
    reason: "UNSUPPORTED_BY_MODEL",
    message: "Gemini 2.5 refuses penalties",
    evidence: AI_SDK,
    asOf,
  },
  {
    id: "google-stop-count",
    apis,
    param: "stopSequences",
    effect: { kind: "items", max: 5 },
    reason: "CLAMPED_TO_RANGE",
    message: "at most 5 stop sequences are taken",
    evidence: REFERENCE,
    asOf,
  },
  {
    id: "google-temperature-range",
    apis,
    param: "temperature",
    effect: { kind: "range", min: 0, max: 2 },
    reason: "CLAMPED_TO_RANGE",
    message: "temperature is 0 to 2",
    evidence: REFERENCE,
    asOf,
  },
];
