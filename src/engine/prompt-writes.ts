import type { ConfigurationChange, ParameterChange } from "../domain/config/change.ts";
import type { ConfigState, StoredPrompt } from "../domain/config/registry.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { type Author, acceptedChanges } from "./author.ts";
import type { ChangeContext } from "./change.ts";

/** A stored template to be: undefined removes it. */
export interface PromptWrite {
  readonly model: string;
  readonly type: string;
  readonly text: string | undefined;
}

/** The state after prompts were written, and what that adds to a batch. Prompts that are as they were add nothing. */
export function writePrompts(
  before: ConfigState,
  write: {
    readonly prompts: readonly PromptWrite[];
    readonly revision: number;
    readonly author: Author;
  },
  context: ChangeContext,
): {
  readonly state: ConfigState;
  readonly ops: readonly StoreOp[];
  readonly changes: readonly ConfigurationChange[];
} {
  const { revision, author } = write;
  let { prompts } = before;
  const ops: StoreOp[] = [];
  const changes: ConfigurationChange[] = [];
  for (const { model, type, text } of write.prompts) {
    const present = prompts.get(model)?.get(type);
    if (present?.text === text) continue;
    const own = new Map(prompts.get(model));
    if (text === undefined) {
      own.delete(type);
      ops.push({ delete: keys.prompt(model, type) });
    } else {
      const { changedBy } = author;
      const stored: StoredPrompt = { model, type, text, revision, changedBy, atMs: context.nowMs };
      own.set(type, stored);
      ops.push({ put: keys.prompt(model, type), json: stored });
    }
    prompts = own.size === 0 ? prompts.delete(model) : prompts.set(model, own);
    const difference = promptChange(type, present?.text, text);
    changes.push(...acceptedChanges([difference], { model, revision }, author, context));
  }
  return { state: { ...before, prompts }, ops, changes };
}

/** What makes a model's own templates exactly `wanted`. */
export function promptsToBecome(
  state: ConfigState,
  model: string,
  wanted: readonly { readonly type: string; readonly text: string }[],
): PromptWrite[] {
  const texts = new Map(wanted.map(({ type, text }) => [type, text]));
  const types = [...new Set([...(state.prompts.get(model)?.keys() ?? []), ...texts.keys()])].sort();
  return types
    .map((type) => ({ model, type, text: texts.get(type) }))
    .filter(({ type, text }) => state.prompts.get(model)?.get(type)?.text !== text);
}

function promptChange(
  type: string,
  oldValue: string | undefined,
  newValue: string | undefined,
): ParameterChange {
  return {
    parameter: `prompts.${type}`,
    ...(oldValue === undefined ? {} : { oldValue }),
    ...(newValue === undefined ? {} : { newValue }),
  };
}
