import type { ConfigurationChange } from "../domain/config/change.ts";
import { type Attributes, attributeViolations } from "../domain/config/scope.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { SNAPSHOT_METADATA_MAX } from "../domain/kernel/limits.ts";
import { keys } from "../store/keys.ts";
import { type Author, acceptedChanges, checkReason, historyOps } from "./author.ts";
import type { Change } from "./change.ts";
import {
  newestSnapshot,
  type Snapshot,
  type SnapshotScope,
  snapshotDifferences,
  snapshotOps,
  takeSnapshot,
} from "./snapshots.ts";

export interface RecordedSnapshot {
  readonly snapshot: Snapshot;
  readonly changes: readonly ConfigurationChange[];
}

/**
 * Records what a scope answers now, as a revision of its own. With a reason, what differs from the scope's newest snapshot before
 * goes into the history: what environment, files or overrides of every model changed since. Errors: REQUEST_MALFORMED,
 * ATTRIBUTES_INVALID.
 */
export function recordSnapshot(
  scope: SnapshotScope & { readonly model: string; readonly metadata: Attributes },
  author: Author,
): Change<RecordedSnapshot> {
  return {
    name: "record_snapshot",
    async plan(state, context) {
      checkReason(author);
      checkAttributes(scope.attributes, "attributes");
      checkAttributes(scope.metadata, "metadata");
      const revision = state.config.revision + 1;
      const next = { ...state.config, revision };
      const snapshot = takeSnapshot(next, scope, context);
      const before = author.reason === "" ? undefined : await newestSnapshot(context.store, scope);
      const { modelKey: model, attributes } = scope;
      const origin = {
        model,
        revision,
        ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      };
      const differences = before ? snapshotDifferences(before, snapshot) : [];
      const changes = acceptedChanges(differences, origin, author, context);
      return {
        ops: [
          { put: keys.meta("revision"), json: revision },
          ...historyOps(changes),
          ...(await snapshotOps(context.store, [snapshot])),
        ],
        next: { ...state, config: next },
        touched: new Set(),
        changes,
        result: { snapshot, changes },
      };
    },
  };
}

function checkAttributes(attributes: Attributes, path: string): void {
  const violations = attributeViolations(attributes, path);
  if (path === "metadata" && Object.keys(attributes).length > SNAPSHOT_METADATA_MAX) {
    violations.push({ field: path, message: `must have at most ${SNAPSHOT_METADATA_MAX} entries` });
  }
  if (violations.length === 0) return;
  const message = violations.map((v) => `${v.field} ${v.message}`).join("; ");
  throw new Fault("ATTRIBUTES_INVALID", message, { violations });
}
