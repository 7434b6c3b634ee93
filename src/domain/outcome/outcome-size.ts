import type { Outcome } from "./outcome.ts";

/** Estimates of what an outcome takes in memory without its texts, and what an entry of a map does, in bytes. */
const OUTCOME_BYTES = 400;
const ENTRY_BYTES = 50;

/** About what an outcome takes in memory, in bytes. Its arm is shared and not counted. */
export function outcomeSize(outcome: Outcome): number {
  const { outcomeId, finishReason, unit, responseModel, appliedConfigId, externalRef } = outcome;
  let size = OUTCOME_BYTES + outcomeId.length + finishReason.length + unit.length;
  size += responseModel.length + appliedConfigId.length + externalRef.length;
  for (const metric of Object.keys(outcome.scores)) size += ENTRY_BYTES + metric.length;
  for (const [key, value] of Object.entries(outcome.labels))
    size += ENTRY_BYTES + key.length + value.length;
  for (const sequence of outcome.appliedSettings?.stopSequences ?? [])
    size += ENTRY_BYTES + sequence.length;
  return size;
}
