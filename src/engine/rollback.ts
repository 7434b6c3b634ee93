import type { ConfigurationChange } from "../domain/config/change.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import { type ConfigState, HEAD_LABEL, type StoredPrompt } from "../domain/config/registry.ts";
import type { ConfigWarning } from "../domain/config/validate.ts";
import type { VersionPrompt } from "../domain/config/version.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { keys } from "../store/keys.ts";
import { type Author, checkReason, historyOps } from "./author.ts";
import type { Change, ChangeContext } from "./change.ts";
import { checkEtag, checkRoom, etagOf } from "./config-changes.ts";
import { warningsOf } from "./config-check.ts";
import { pastConfigAt } from "./past-configs.ts";
import { writeStoredPrompts } from "./prompt-changes.ts";
import { snapshotOps } from "./snapshots.ts";
import { writeStoredLayers } from "./stored-layers.ts";
import { findVersion } from "./versions.ts";

/** What to go back to: a version or a label, which brings its prompts too, or a past revision. */
export type RollbackTarget =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "revision"; readonly revision: number };

export interface RollbackResult {
  readonly revision: number;
  readonly etag: string;
  readonly changes: readonly ConfigurationChange[];
  /** False where lookups serve a label instead of the newest write. */
  readonly served: boolean;
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Makes an earlier content the stored layer again, as a new revision; where it is the present one nothing is written. Errors:
 * REQUEST_MALFORMED, VERSION_NOT_FOUND, REVISION_COMPACTED, ETAG_STALE, TOO_MANY_MODELS.
 */
export function rollback(
  model: string,
  target: RollbackTarget,
  options: Author & { readonly etag: string },
): Change<RollbackResult> {
  return {
    name: "rollback",
    async plan(state, context) {
      checkReason(options);
      const before = state.config;
      const present = before.stored.get(model);
      const wanted = await contentOf(before, model, target, context);
      checkEtag(model, present, options.etag);
      const layer = wanted.stored ?? undefined;
      const etag = etagOf(layer);
      const isStored = etag === etagOf(present?.config);
      const served = before.label === HEAD_LABEL;
      if (isStored && wanted.texts.size === 0) {
        const warnings = warningsOf(before, model);
        const result = { revision: before.revision, etag, changes: [], served, warnings };
        return { ops: [], next: state, touched: new Set(), result };
      }
      if (layer && !present) checkRoom(before.stored.size + 1);
      const revision = before.revision + 1;
      const author = { reason: options.reason, changedBy: options.changedBy };
      const { texts } = wanted;
      const worded = writeStoredPrompts(before, { model, texts, revision, author }, context);
      const layers = new Map(isStored ? [] : [[model, layer]]);
      const written = await writeStoredLayers(worded.state, { layers, revision, author }, context);
      const changes = [...written.changes, ...worded.changes];
      return {
        ops: [
          ...written.ops,
          ...worded.ops,
          { put: keys.meta("revision"), json: revision },
          ...historyOps(changes),
          ...(await snapshotOps(context.store, written.snapshots)),
        ],
        next: { ...state, config: written.state },
        touched: new Set([model]),
        changes,
        result: { revision, etag, changes, served, warnings: warningsOf(written.state, model) },
      };
    },
  };
}

async function contentOf(
  state: ConfigState,
  model: string,
  target: RollbackTarget,
  { store }: ChangeContext,
): Promise<{
  readonly stored: ModelConfig | null;
  /** Templates of the model that become others; undefined removes one. */
  readonly texts: ReadonlyMap<string, string | undefined>;
}> {
  if (target.kind === "version") {
    const { stored, prompts } = await findVersion(store, model, target.version);
    return { stored, texts: textsToBecome(state.prompts.get(model), prompts) };
  }
  const { revision } = target;
  if (revision < 0 || revision > state.revision) {
    const message = `must be a revision from 0 to ${state.revision}, is ${revision}`;
    throw new Fault("REQUEST_MALFORMED", `revision ${message}`, {
      violations: [{ field: "revision", message }],
    });
  }
  const { stored } = await pastConfigAt(store, state, { model, revision });
  return { stored, texts: new Map() };
}

/** What makes a model's own templates exactly the wanted ones. */
function textsToBecome(
  present: ReadonlyMap<string, StoredPrompt> | undefined,
  wanted: readonly VersionPrompt[],
): Map<string, string | undefined> {
  const texts = new Map(wanted.map(({ type, text }) => [type, text]));
  const types = [...new Set([...(present?.keys() ?? []), ...texts.keys()])].sort();
  return new Map(
    types
      .filter((type) => present?.get(type)?.text !== texts.get(type))
      .map((type) => [type, texts.get(type)]),
  );
}
