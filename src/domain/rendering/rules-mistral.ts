import type { ParamRule } from "./param-rule.ts";

const apis = ["mistral.chat"] as const;
const REFERENCE = "https://docs.mistral.ai/api/endpoint/chat";
const asOf = "2026-11-22";

export const MISTRAL_RULES: readonly ParamRule[] = [
  {
    id: "mistral-temperature-range",
    apis,
    param: "temperature",
    effect: { kind: "range", min: 0, max: 1.5 },
    reason: "CLAMPED_TO_RANGE",
    message: "temperature is 0 to 1.5",
    evidence: REFERENCE,
    asOf,
  },
  {
    id: "mistral-top-p-range",
    apis,
    param: "topP",
    effect: { kind: "range", min: 0, max: 1 },
    reason: "CLAMPED_TO_RANGE",
    message: "top_p is 0 to 1",
    evidence: REFERENCE,
    asOf,
  },
];
