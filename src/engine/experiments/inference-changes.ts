import type { ExperimentEvidence } from "../../domain/experiment/evidence.ts";
import { NO_SEASONS, type Seasons } from "../../domain/experiment/season.ts";
import { keys, ranges } from "../../store/keys.ts";
import type { Store } from "../../store/store.ts";
import type { Change } from "../change.ts";
import type { Inference } from "../state.ts";

/**
 * Records how far evidence is folded and what the seasons claim, in one batch, so that after a crash both are of one moment. Answers
 * false, and changes nothing, where the inference is not the one that was gone on from: the log is still there for the next time.
 */
export function recordInference(
  from: Inference,
  decided: {
    readonly evidence: readonly ExperimentEvidence[];
    readonly seasons: Seasons;
    /** Models of which something was claimed: what is best there may have become another. */
    readonly models: readonly string[];
  },
): Change<boolean> {
  return {
    name: "record_inference",
    plan(state) {
      if (state.inference !== from)
        return { ops: [], next: state, touched: new Set(), result: false };
      const evidence = new Map(from.evidence);
      for (const changed of decided.evidence) evidence.set(changed.experimentId, changed);
      return {
        ops: [
          ...decided.evidence.map((changed) => ({
            put: keys.evidence(changed.experimentId),
            json: changed,
          })),
          { put: keys.meta("seasons"), json: decided.seasons },
        ],
        next: { ...state, inference: { evidence, seasons: decided.seasons } },
        touched: new Set(decided.models),
        result: true,
      };
    },
  };
}

/** What was recorded last. */
export async function loadInference(store: Store): Promise<Inference> {
  const evidence = new Map<string, ExperimentEvidence>();
  for await (const [, found] of store.scan<ExperimentEvidence>({ range: ranges.evidence }))
    evidence.set(found.experimentId, found);
  const seasons = (await store.json<Seasons>(keys.meta("seasons"))) ?? NO_SEASONS;
  return { evidence, seasons };
}
