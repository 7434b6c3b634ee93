import { UNITS_FOLDED_PER_PASS_MAX } from "../../domain/experiment/bounds.ts";
import {
  EvidenceFold,
  type ExperimentEvidence,
  emptyEvidence,
} from "../../domain/experiment/evidence.ts";
import type { Experiment } from "../../domain/experiment/experiment.ts";
import {
  type Claim,
  commonCut,
  evaluated,
  isWhole,
  SEASON_KINDS,
  type SeasonKind,
  type Seasons,
  seasonKind,
  unfinished,
  withSlots,
} from "../../domain/experiment/season.ts";
import type { Engine } from "../../engine/engine.ts";
import { recordInference } from "../../engine/experiments/inference-changes.ts";
import { releasedUnits, releasedUntil } from "../../engine/experiments/released-units.ts";
import type { LoopDecision } from "../../engine/loop.ts";
import type { Inference } from "../../engine/state.ts";
import type { Task } from "../task.ts";

/**
 * Folds the released units of experiments into their evidence, and lets the seasons claim at their common cuts. Both go to disk in one
 * batch; units that no batch holds are read again from the log.
 */
export function createWeighExperiments(engine: Engine): Task {
  return {
    name: "weigh-experiments",
    async run({ nowMs }) {
      const { inference, config } = engine.state;
      const { experiments } = config;
      const running = unfinished(inference.seasons, experiments.values(), inference.evidence);
      if (running.length === 0) return [];
      let seasons = withSlots(inference.seasons, running);
      const evidence = new Map(inference.evidence);
      const claims: Claim[] = [];
      for (const kind of SEASON_KINDS) {
        const weighed = await weighKind(engine, { kind, seasons, running, nowMs });
        for (const changed of weighed.changed) evidence.set(changed.experimentId, changed);
        const at = { cutMs: weighed.cutMs, nowMs, experiments, evidence };
        const result = evaluated(seasons, kind, at);
        seasons = result.seasons;
        claims.push(...result.claimed);
      }
      const changed = running.flatMap((experiment) =>
        worthWriting(experiment, inference, evidence),
      );
      const isSame = slotsOf(seasons) === slotsOf(inference.seasons);
      if (changed.length === 0 && isSame) return [];
      const models = claims.flatMap(
        ({ experimentId }) => experiments.get(experimentId)?.scope.model ?? [],
      );
      const isRecorded = await engine.commit(
        recordInference(inference, { evidence: changed, seasons, models }),
      );
      return isRecorded ? claims.flatMap((claim) => decisionOf(claim, experiments)) : [];
    },
  };
}

/** Brings the evidence of the unfinished experiments of a kind to the common cut, as far as one pass may go. */
async function weighKind(
  engine: Engine,
  of: {
    readonly kind: SeasonKind;
    readonly seasons: Seasons;
    readonly running: readonly Experiment[];
    readonly nowMs: number;
  },
): Promise<{ readonly cutMs: number; readonly changed: readonly ExperimentEvidence[] }> {
  const { kind, seasons, nowMs } = of;
  const { inference } = engine.state;
  const own = of.running.filter((experiment) => seasonKind(experiment) === kind);
  const released = new Map<string, number>();
  for (const experiment of own)
    released.set(experiment.experimentId, await releasedUntil(engine, experiment));
  const cutMs = commonCut(seasons, kind, {
    nowMs,
    experiments: own,
    releasedUntil: (experimentId) => released.get(experimentId) ?? 0,
  });
  const changed: ExperimentEvidence[] = [];
  for (const experiment of own) {
    const before = inference.evidence.get(experiment.experimentId) ?? emptyEvidence(experiment);
    changed.push(await foldedUntil(engine, experiment, { before, cutMs }));
  }
  return { cutMs, changed };
}

async function foldedUntil(
  engine: Engine,
  experiment: Experiment,
  { before, cutMs }: { readonly before: ExperimentEvidence; readonly cutMs: number },
): Promise<ExperimentEvidence> {
  // What is folded to a later cut waits for that one.
  if (before.cutMs >= cutMs) return before;
  const fold = new EvidenceFold(experiment);
  let evidence = before;
  let left = UNITS_FOLDED_PER_PASS_MAX;
  const log = releasedUnits(engine, experiment.experimentId, {
    after: before.through,
    beforeMs: cutMs,
  });
  for await (const released of log) {
    if (left === 0) return evidence;
    evidence = fold.fold(evidence, released);
    left -= 1;
  }
  return fold.cut(evidence, cutMs);
}

/** A cut that moved over no unit is not worth a write, unless it is the last one: the next pass finds it again. */
function worthWriting(
  experiment: Experiment,
  { evidence }: Inference,
  weighed: ReadonlyMap<string, ExperimentEvidence>,
): ExperimentEvidence[] {
  const before = evidence.get(experiment.experimentId);
  const after = weighed.get(experiment.experimentId);
  if (!after) return [];
  const isEnd = isWhole(experiment, after) && !isWhole(experiment, before);
  return isEnd || after.through !== (before?.through ?? -1) ? [after] : [];
}

/** Which slots there are and where they stand, as a text. */
function slotsOf({ seasons }: Seasons): string {
  return seasons
    .flatMap(({ number, ledger }) =>
      ledger.slots.map(({ id, state }) => `${number} ${id} ${state}`),
    )
    .join("\n");
}

function decisionOf(
  { experimentId, arm, season }: Claim,
  experiments: ReadonlyMap<string, Experiment>,
): LoopDecision[] {
  const experiment = experiments.get(experimentId);
  if (!experiment) return [];
  const { scope, arms, metrics } = experiment;
  return [
    {
      decision: "experiment_claimed",
      scope,
      reason: `${arms[arm]?.name ?? ""} is better than control in ${metrics[0]?.metric ?? ""}, claimed in season ${season}`,
      subjectId: experimentId,
      evidence: "randomised",
    },
  ];
}
