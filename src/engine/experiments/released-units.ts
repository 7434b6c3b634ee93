import type { Experiment } from "../../domain/experiment/experiment.ts";
import type { ExperimentTally, ReleasedUnit } from "../../domain/experiment/tally.ts";
import { keys, ranges } from "../../store/keys.ts";
import type { Engine } from "../engine.ts";
import { decodeRelease } from "./unit-codec.ts";

/**
 * Up to which time of assignment every unit of an experiment is released and in the log on disk. It moves with the clock and with
 * checkpoints, blind to arms and outcomes; without a unit that waits it is without end.
 */
export async function releasedUntil(
  { store, experiments }: Pick<Engine, "store" | "experiments">,
  experiment: Experiment,
): Promise<number> {
  const stored = await store.json<ExperimentTally>(keys.tally(experiment.experimentId));
  const { tally, pendingFromMs } = experiments.results(experiment);
  const isStored = releasedOf(tally) === (stored ? releasedOf(stored) : 0);
  return isStored ? (pendingFromMs ?? Number.POSITIVE_INFINITY) : (stored?.cutMs ?? 0);
}

/** The released units of an experiment in the order of assignment: those after a sequence, assigned before a time. */
export async function* releasedUnits(
  { store }: Pick<Engine, "store">,
  experimentId: string,
  wanted: { readonly after: number; readonly beforeMs: number },
): AsyncGenerator<ReleasedUnit, void, undefined> {
  const whole = ranges.releasedUnits(experimentId);
  const range = {
    gte: wanted.after < 0 ? whole.gte : keys.releasedUnit(experimentId, wanted.after + 1),
    lt: whole.lt,
  };
  for await (const [, bytes] of store.scanBytes({ range })) {
    const released = decodeRelease(bytes);
    if (released.unit.assignedAtMs >= wanted.beforeMs) return;
    yield released;
  }
}

function releasedOf({ arms }: ExperimentTally): number {
  return arms.reduce((sum, { released }) => sum + released, 0);
}
