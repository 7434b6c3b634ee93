import type { ConfigState } from "../config/registry.ts";
import type { Violation } from "../kernel/fault.ts";
import { builtinPrompt, PROMPT_TYPES } from "./builtin-prompts.ts";

/** Stored templates together: in the worst case 100 MB, in a usual one a few. */
export const PROMPTS_MAX = 1_000;

const TYPE = /^[a-z0-9_-]{1,64}$/;

/** The template that a model gets for a type. */
export type ServedPrompt = {
  /** Whose text it is: the model's, or empty for the one that models share. */
  readonly model: string;
  readonly type: string;
  readonly text: string;
  readonly source: "builtin" | "stored";
  /** Revision of the write that brought it; 0 for what came with the program. */
  readonly revision: number;
};

/** The name of a model by which its config goes, and the one by which the catalog knows it. */
export type PromptedModel = { readonly modelKey: string; readonly canonicalId: string };

/** What is wrong with a type's name; nothing where it is one. */
export function promptTypeViolations(type: string, field: string): Violation[] {
  if (TYPE.test(type)) return [];
  const message = `must be 1 to 64 lower-case letters, digits, dashes or underscores, is ${JSON.stringify(type.slice(0, 80))}`;
  return [{ field, message }];
}

/**
 * The template that is served: the one stored for the model, else the one stored for all, else the
 * model's own that comes with the program, else the default. Undefined for a type of someone's own
 * that nobody stored.
 */
export function servedPrompt(
  state: Pick<ConfigState, "prompts">,
  { modelKey, canonicalId }: PromptedModel,
  type: string,
): ServedPrompt | undefined {
  const stored = state.prompts.get(modelKey)?.get(type) ?? state.prompts.get("")?.get(type);
  if (stored !== undefined) {
    const { model, text, revision } = stored;
    return { model, type, text, source: "stored", revision };
  }
  const text = builtinPrompt([modelKey, canonicalId], type);
  return text === undefined
    ? undefined
    : { model: modelKey, type, text, source: "builtin", revision: 0 };
}

/** The types that a model has a template for, in ascending order. */
export function promptTypes(
  state: Pick<ConfigState, "prompts">,
  modelKey: string,
): readonly string[] {
  const stored = ["", modelKey].flatMap((model) => [...(state.prompts.get(model)?.keys() ?? [])]);
  return [...new Set([...PROMPT_TYPES, ...stored])].sort();
}
