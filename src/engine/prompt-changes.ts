import type { ChangeValue, ConfigurationChange, ParameterChange } from "../domain/config/change.ts";
import type { ConfigState, StoredPrompt } from "../domain/config/registry.ts";
import { Fault } from "../domain/kernel/fault.ts";
import type { PersistentMap } from "../domain/kernel/persistent-map.ts";
import { PROMPTS_MAX, promptTypeViolations } from "../domain/prompt/served-prompt.ts";
import { parseTemplate } from "../domain/prompt/template.ts";
import { sha256 } from "../platform/digest.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { type Author, acceptedChanges, historyOps, reasonViolations } from "./author.ts";
import type { Change, ChangeContext, Touched } from "./change.ts";

/** Longest text of a template that the history holds in full, in characters; of longer ones it holds the start and the digest. */
const HISTORY_TEXT_LENGTH_MAX = 2_000;
const HISTORY_START_LENGTH = 200;

interface WriteOptions extends Author {
  /** Refuses the write unless it names the present content; empty writes in any case. */
  readonly etag: string;
}

/** A template to store. */
export interface PromptWrite {
  /** Key of the model; empty for the template that models share. */
  readonly model: string;
  readonly type: string;
  /** Empty removes the stored one. */
  readonly text: string;
}

export interface PromptWriteResult {
  /** The state after the write. */
  readonly state: ConfigState;
  readonly etag: string;
  readonly change: ConfigurationChange | undefined;
}

/** Stores or removes a prompt template. Errors: PROMPT_INVALID, ETAG_STALE, TOO_MANY_PROMPTS. */
export function putPrompt(
  { model, type, text }: PromptWrite,
  options: WriteOptions,
): Change<PromptWriteResult> {
  return {
    name: "put_prompt",
    plan(state, context) {
      requireValidPrompt({ model, type, text }, options);
      const before = state.config;
      const present = before.prompts.get(model)?.get(type)?.text;
      checkPromptEtag({ model, type }, present, options.etag);
      const etag = promptEtagOf(text === "" ? undefined : text);
      if ((present ?? "") === text) {
        const result = { state: before, etag, change: undefined };
        return { ops: [], next: state, touched: new Set(), result };
      }
      const revision = before.revision + 1;
      const texts = new Map([[type, text === "" ? undefined : text]]);
      const author = { reason: options.reason, changedBy: options.changedBy };
      const written = writeStoredPrompts(before, { model, texts, revision, author }, context);
      return {
        ops: [
          ...written.ops,
          { put: keys.meta("revision"), json: revision },
          ...historyOps(written.changes),
        ],
        next: { ...state, config: written.state },
        touched: written.touched,
        changes: written.changes,
        result: { state: written.state, etag, change: written.changes[0] },
      };
    },
  };
}

/** Stored templates after a write, and what the write adds to its batch; the revision itself and the history are the caller's. */
export interface PromptsWritten {
  readonly state: ConfigState;
  readonly ops: readonly StoreOp[];
  readonly changes: readonly ConfigurationChange[];
  readonly touched: Touched;
}

/**
 * Stores or removes (undefined) templates of a model; those that are as they were stay untouched. `revision` is the one that the
 * write takes. Texts were checked before. Errors: TOO_MANY_PROMPTS.
 */
export function writeStoredPrompts(
  before: ConfigState,
  write: {
    readonly model: string;
    readonly texts: ReadonlyMap<string, string | undefined>;
    readonly revision: number;
    readonly author: Author;
  },
  context: ChangeContext,
): PromptsWritten {
  const { model, revision, author } = write;
  const own = new Map(before.prompts.get(model));
  const ops: StoreOp[] = [];
  const differences: ParameterChange[] = [];
  for (const [type, text] of write.texts) {
    const present = own.get(type)?.text;
    if (present === text) continue;
    differences.push({
      parameter: `prompt.${type}`,
      ...(present === undefined ? {} : { oldValue: historyValue(present) }),
      ...(text === undefined ? {} : { newValue: historyValue(text) }),
    });
    if (text === undefined) {
      own.delete(type);
      ops.push({ delete: keys.prompt(model, type) });
      continue;
    }
    const { changedBy } = author;
    const stored: StoredPrompt = { model, type, text, revision, changedBy, atMs: context.nowMs };
    own.set(type, stored);
    ops.push({ put: keys.prompt(model, type), json: stored });
  }
  const prompts = own.size === 0 ? before.prompts.delete(model) : before.prompts.set(model, own);
  checkRoom(before.prompts, prompts);
  return {
    state: { ...before, revision, prompts },
    ops,
    changes: acceptedChanges(differences, { model, revision }, author, context),
    // The template that models share is part of every model's config id.
    touched: model === "" ? "all" : new Set([model]),
  };
}

/** Names the text of a stored template: equal text, equal etag; also where nothing is stored. */
export function promptEtagOf(text: string | undefined): string {
  const content = text === undefined ? "" : `prompt ${text}`;
  return Buffer.from(sha256(content).subarray(0, 9)).toString("base64url");
}

function requireValidPrompt({ type, text }: PromptWrite, options: WriteOptions): void {
  const parsed = text === "" ? undefined : parseTemplate(text);
  const violations = [
    ...promptTypeViolations(type, "template.type"),
    ...(parsed?.kind === "invalid" ? parsed.violations : []),
    ...reasonViolations(options),
  ];
  if (violations.length === 0) return;
  const message = violations.map((v) => `${v.field} ${v.message}`).join("; ");
  throw new Fault("PROMPT_INVALID", message, { violations });
}

function checkPromptEtag(
  { model, type }: Pick<PromptWrite, "model" | "type">,
  present: string | undefined,
  etag: string,
): void {
  const current = promptEtagOf(present);
  if (etag === "" || etag === current) return;
  const whose = model === "" ? "that models share" : `of ${JSON.stringify(model)}`;
  throw new Fault(
    "ETAG_STALE",
    `the template ${type} ${whose} was changed meanwhile; read it again, and write with etag ${current}`,
    { metadata: { model, type, etag: current } },
  );
}

type Prompts = PersistentMap<ReadonlyMap<string, StoredPrompt>>;

function checkRoom(before: Prompts, after: Prompts): void {
  const count = countOf(after);
  if (count <= PROMPTS_MAX || count <= countOf(before)) return;
  throw new Fault(
    "TOO_MANY_PROMPTS",
    `${PROMPTS_MAX} prompt templates are stored; remove one first by writing an empty text`,
    { metadata: { max: String(PROMPTS_MAX) } },
  );
}

/** Stored templates of all models. */
function countOf(prompts: Prompts): number {
  let count = 0;
  for (const [, own] of prompts.entries()) count += own.size;
  return count;
}

/** A text as the history holds it: pages of full texts would be too large to answer. */
function historyValue(text: string): ChangeValue {
  if (text.length <= HISTORY_TEXT_LENGTH_MAX) return text;
  return {
    start: text.slice(0, HISTORY_START_LENGTH).toWellFormed(),
    characters: text.length,
    etag: promptEtagOf(text),
  };
}
