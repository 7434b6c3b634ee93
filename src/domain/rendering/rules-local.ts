import type { ParamRule } from "./param-rule.ts";

const VLLM = "https://docs.vllm.ai/en/latest/api/vllm/sampling_params.html";
const asOf = "2026-11-22";

/** Smallest top_p that vLLM takes in practice: zero is refused, this keeps one token. */
const VLLM_TOP_P_MIN = 1e-6;

export const LOCAL_RULES: readonly ParamRule[] = [
  {
    id: "vllm-top-p-range",
    apis: ["openai_compatible.vllm"],
    param: "topP",
    effect: { kind: "range", min: VLLM_TOP_P_MIN, max: 1 },
    reason: "CLAMPED_TO_RANGE",
    message: "top_p is above 0 and at most 1",
    evidence: VLLM,
    asOf,
  },
  {
    id: "kimi-k2-temperature",
    apis: ["openai.chat"],
    param: "temperature",
    model: /^kimi-k(?:2\.[56]|3)/,
    effect: { kind: "omit" },
    reason: "FIXED_BY_PROVIDER",
    message: "the provider fixes the temperature of this model",
    evidence: "https://platform.kimi.ai/docs/api/models-overview",
    asOf,
  },
  {
    id: "kimi-k2-top-p",
    apis: ["openai.chat"],
    param: "topP",
    model: /^kimi-k(?:2\.[56]|3)/,
    effect: { kind: "omit" },
    reason: "FIXED_BY_PROVIDER",
    message: "the provider fixes top_p of this model",
    evidence: "https://platform.kimi.ai/docs/api/models-overview",
    asOf,
  },
];
