import { REASONING_EFFORTS, type ReasoningEffort } from "../catalog/model-facts.ts";
import type { HeadroomTokens } from "./rendering.ts";

/**
 * Tokens that reasoning at each effort may take beside the answer: our proposal, doubled from
 * step to step, since no provider publishes one.
 */
export const HEADROOM_TOKENS: HeadroomTokens = {
  none: 0,
  minimal: 1024,
  low: 4096,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
  max: 32_768,
};

/** An effort as the provider accepts it. */
export type ChosenEffort = {
  readonly effort: ReasoningEffort;
  /** How it differs from what was asked for. */
  readonly change: "none" | "lowered" | "raised";
};

/** The effort that a text names, or undefined. */
export function effortNamed(text: string | undefined): ReasoningEffort | undefined {
  return REASONING_EFFORTS.find((effort) => effort === text);
}

/**
 * The accepted effort next below the one asked for, else the lowest above it. Reasoning is
 * never switched off by lowering: `none` is chosen only when it was asked for. Undefined where
 * nothing is accepted.
 */
export function chooseEffort(
  asked: ReasoningEffort,
  accepted: readonly ReasoningEffort[],
): ChosenEffort | undefined {
  if (accepted.includes(asked)) return { effort: asked, change: "none" };
  const steps = REASONING_EFFORTS.filter((one) => one !== "none" && accepted.includes(one));
  const rank = REASONING_EFFORTS.indexOf(asked);
  const lower = steps.filter((one) => REASONING_EFFORTS.indexOf(one) < rank).at(-1);
  if (lower !== undefined) return { effort: lower, change: "lowered" };
  const [lowest] = steps;
  return lowest === undefined ? undefined : { effort: lowest, change: "raised" };
}
