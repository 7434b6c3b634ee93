import type { ReasoningEffort } from "../catalog/model-facts.ts";
import { chooseEffort } from "./effort.ts";
import { planAnthropic } from "./reasoning-anthropic.ts";
import { planGoogle } from "./reasoning-google.ts";
import {
  effortMoved,
  type ReasoningPlan,
  type ReasoningRequest,
  UNSAID,
  withoutEffort,
} from "./reasoning-parts.ts";

/** Plans the reasoning of a request; an effort that the model cannot take is left out or moved. */
export function planReasoning(request: ReasoningRequest): ReasoningPlan {
  if (request.asked === undefined) return UNSAID;
  switch (request.api) {
    case "anthropic.messages":
      return planAnthropic(request, request.asked);
    case "google.generate":
      return planGoogle(request, request.asked);
    case "openai_compatible.vllm":
      return planVllm(request, request.asked);
    default:
      return planEffortField(request, request.asked);
  }
}

const ALL_EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
const OLLAMA_EFFORTS = ["none", "low", "medium", "high"] as const;

function planEffortField(request: ReasoningRequest, asked: ReasoningEffort): ReasoningPlan {
  const { api, facts, headroomTokens } = request;
  const isLocal = api === "openai_compatible.ollama" || api === "openai_compatible.llamacpp";
  if (facts !== undefined && !facts.reasoning.supported) {
    return withoutEffort(asked, "the model does not reason", "facts-reasoning");
  }
  const listed = isLocal ? OLLAMA_EFFORTS : (facts?.reasoning.efforts ?? ALL_EFFORTS);
  if (listed.length === 0) {
    return withoutEffort(asked, "the model reasons without an effort setting", "facts-efforts");
  }
  // Chat Completions takes every effort but max, which only Responses has.
  const isChat = api === "openai.chat" && (facts === undefined || facts.vendor === "openai");
  const accepted = isChat ? listed.filter((effort) => effort !== "max") : listed;
  const chosen = chooseEffort(asked, accepted);
  if (chosen === undefined) {
    return withoutEffort(asked, "the model takes no effort in this API", "facts-efforts");
  }
  const field = api === "openai.responses" ? "reasoning.effort" : "reasoning_effort";
  return {
    state: chosen.effort === "none" ? "off" : "on",
    fields: [[field, chosen.effort]],
    headroom: headroomTokens[chosen.effort],
    adjustments: effortMoved(asked, chosen.effort, chosen.change, "facts-efforts"),
  };
}

/** vLLM switches thinking in the chat template; only gpt-oss has efforts. */
function planVllm(request: ReasoningRequest, asked: ReasoningEffort): ReasoningPlan {
  const { facts, modelId, headroomTokens } = request;
  if (facts !== undefined && !facts.reasoning.supported) {
    return withoutEffort(asked, "the model does not reason", "facts-reasoning");
  }
  if (modelId.startsWith("gpt-oss")) {
    const chosen = chooseEffort(asked, ["low", "medium", "high"]);
    const effort = chosen?.effort ?? "low";
    return {
      state: "on",
      fields: [["reasoning_effort", effort]],
      headroom: headroomTokens[effort],
      adjustments: effortMoved(asked, effort, chosen?.change ?? "none", "vllm-gpt-oss-effort"),
    };
  }
  const on = asked !== "none";
  return {
    state: on ? "on" : "off",
    fields: [["chat_template_kwargs.enable_thinking", on]],
    headroom: headroomTokens[asked],
    adjustments: [
      {
        param: "reasoning_effort",
        requested: asked,
        rendered: on,
        action: "renamed",
        reason: "RENAMED",
        message: "vLLM switches thinking by chat_template_kwargs.enable_thinking",
        ruleId: "vllm-thinking",
      },
    ],
  };
}
