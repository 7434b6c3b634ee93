import type { ConfigurationChange, ParameterChange } from "../domain/config/change.ts";
import { Fault, type Violation } from "../domain/kernel/fault.ts";
import { REASON_LENGTH_MAX } from "../domain/kernel/limits.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import type { ChangeContext } from "./change.ts";

/** Who writes, and why. */
export interface Author {
  readonly reason: string;
  readonly changedBy: string;
}

/** What is wrong with an author's reason. */
export function reasonViolations({ reason }: Pick<Author, "reason">): Violation[] {
  if (reason.length <= REASON_LENGTH_MAX) return [];
  return [{ field: "reason", message: `must have at most ${REASON_LENGTH_MAX} characters` }];
}

/** Errors: REQUEST_MALFORMED for a reason that is too long. */
export function checkReason(author: Pick<Author, "reason">): void {
  const violations = reasonViolations(author);
  if (violations.length === 0) return;
  throw new Fault("REQUEST_MALFORMED", `reason ${violations[0]?.message}`, { violations });
}

/** Where and when parameters became others. */
export type ChangeOrigin = Pick<
  ConfigurationChange,
  "model" | "revision" | "attributes" | "overrideId"
>;

/** Differences as entries of the history. */
export function acceptedChanges(
  differences: readonly ParameterChange[],
  origin: ChangeOrigin,
  author: Author,
  context: ChangeContext,
): ConfigurationChange[] {
  return differences.map((difference) => ({
    ...difference,
    changeId: context.createId("chg"),
    atMs: context.nowMs,
    reason: author.reason,
    changedBy: author.changedBy,
    ...origin,
  }));
}

/** Ops that write the history of one revision: each change in the order of revisions, and by its model. */
export function historyOps(changes: readonly ConfigurationChange[]): StoreOp[] {
  return changes.flatMap((change, index) => [
    { put: keys.change(change.revision, index), json: change },
    { put: keys.changeOfModel(change.model, change.revision, index), json: change },
  ]);
}
