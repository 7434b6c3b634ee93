import {
  advanceCut,
  allLogEvidence,
  type BettingState,
  emptyState,
  foldUnit,
} from "../../stats/betting.ts";
import { BETTING_TESTS, type BettingTest } from "../../stats/betting-design.ts";
import { reportingLogEvidence } from "../../stats/ratio-check.ts";
import {
  type ChallengerDesign,
  challengerDesigns,
  type DesignedExperiment,
  EXPECTED_REPORTING,
} from "./evidence-design.ts";
import type { Experiment } from "./experiment.ts";
import { betterOf } from "./metric-rule.ts";
import type { ReleasedUnit } from "./tally.ts";
import type { SettledValue } from "./unit.ts";

/** The evidence of one challenger against control in one metric, turned so that more is better. */
export interface MetricEvidence {
  readonly state: BettingState;
  /** The largest log evidence of each test so far: what is decided at a threshold of its own stays decided. */
  readonly peaks: Readonly<Record<BettingTest, number>>;
  /** Released units of both arms that said nothing of the metric and are left out. */
  readonly leftOut: number;
}

export interface ChallengerEvidence {
  readonly arm: number;
  /** In the order of the experiment's metrics. */
  readonly metrics: readonly MetricEvidence[];
  /** Of "reported or not" in the primary metric, and its largest log evidence so far. */
  readonly reporting: BettingState;
  readonly reportingPeak: number;
}

/**
 * Everything that inference knows of an experiment: a plain record that is stored as it is. It is a function of the experiment and of
 * the log of released units up to `through`, so that a replay of the log gives it again, bit for bit.
 */
export interface ExperimentEvidence {
  readonly experimentId: string;
  /** Sequence of the last released unit that is folded; -1 before the first. */
  readonly through: number;
  /** Every unit assigned before this time is folded, and none after. */
  readonly cutMs: number;
  /** Assignment of the first unit; undefined before any. */
  readonly firstAssignedAtMs?: number;
  /** Released units by arm. */
  readonly released: readonly number[];
  /** In the order of the challengers' arms. */
  readonly challengers: readonly ChallengerEvidence[];
}

export function emptyEvidence(experiment: Experiment): ExperimentEvidence {
  return {
    experimentId: experiment.experimentId,
    through: -1,
    cutMs: 0,
    released: experiment.arms.map(() => 0),
    challengers: challengerDesigns(experiment).map((design) => ({
      arm: design.arm,
      metrics: design.metrics.map((metric) => ({
        state: emptyState(metric),
        peaks: NO_PEAKS,
        leftOut: 0,
      })),
      reporting: emptyState(design.reporting),
      reportingPeak: 0,
    })),
  };
}

const NO_PEAKS = Object.fromEntries(BETTING_TESTS.map((test) => [test, 0])) as Record<
  BettingTest,
  number
>;

/** Folds released units for one experiment, with its designs at hand. */
export class EvidenceFold {
  readonly #metrics: DesignedExperiment["metrics"];
  readonly #designs: readonly ChallengerDesign[];

  constructor(experiment: DesignedExperiment) {
    this.#metrics = experiment.metrics;
    this.#designs = challengerDesigns(experiment);
  }

  /**
   * Folds one released unit, in the order of assignment. A unit of control counts for every challenger, one of a challenger for that one
   * alone: restricted to the two arms the draw is as good as one between them. Errors: throws where the order goes back.
   */
  fold(evidence: ExperimentEvidence, { unit, values }: ReleasedUnit): ExperimentEvidence {
    const { arm, sequence, assignedAtMs } = unit;
    return {
      ...evidence,
      through: sequence,
      firstAssignedAtMs: evidence.firstAssignedAtMs ?? assignedAtMs,
      released: evidence.released.map((count, index) => (index === arm ? count + 1 : count)),
      challengers: evidence.challengers.map((challenger, index) => {
        const design = this.#designs[index];
        if (!design || (arm !== 0 && arm !== challenger.arm)) return challenger;
        return this.#foldChallenger(challenger, design, { unit, values });
      }),
    };
  }

  /** Says that every unit assigned before a time is folded. Errors: throws where a cut goes back. */
  cut(evidence: ExperimentEvidence, cutMs: number): ExperimentEvidence {
    return {
      ...evidence,
      cutMs,
      challengers: evidence.challengers.map((challenger) => ({
        ...challenger,
        metrics: challenger.metrics.map((metric) => ({
          ...metric,
          state: advanceCut(metric.state, cutMs),
        })),
        reporting: advanceCut(challenger.reporting, cutMs),
      })),
    };
  }

  #foldChallenger(
    challenger: ChallengerEvidence,
    design: ChallengerDesign,
    { unit, values }: ReleasedUnit,
  ): ChallengerEvidence {
    const drawn = {
      index: unit.sequence,
      arm: unit.arm === 0 ? (0 as const) : (1 as const),
      propensity: design.propensity,
    };
    const metrics = challenger.metrics.map((metric, index) => {
      const rule = this.#metrics[index];
      const own = design.metrics[index];
      const value = values[index];
      if (!rule || !own || value === undefined || value.kind === "not_requested") return metric;
      if (!("value" in value)) return { ...metric, leftOut: metric.leftOut + 1 };
      const isMore = betterOf(rule.metric) === "higher";
      const centre = unit.centres[index] ?? 0.5;
      const state = foldUnit(own, metric.state, {
        ...drawn,
        outcome: isMore ? value.value : 1 - value.value,
        centre: isMore ? centre : 1 - centre,
      });
      return { ...metric, state, peaks: higherPeaks(metric.peaks, state) };
    });
    const report = reportOf(values[0]);
    if (report === undefined) return { ...challenger, metrics };
    const reporting = foldUnit(design.reporting, challenger.reporting, {
      ...drawn,
      outcome: report,
      centre: EXPECTED_REPORTING,
    });
    const reportingPeak = Math.max(challenger.reportingPeak, reportingLogEvidence(reporting));
    return { ...challenger, metrics, reporting, reportingPeak };
  }
}

/** Whether a unit reported the metric in time; undefined where it was not asked to. */
function reportOf(value: SettledValue | undefined): 0 | 1 | undefined {
  if (value === undefined || value.kind === "not_requested") return undefined;
  return value.kind === "reported" ? 1 : 0;
}

function higherPeaks(peaks: MetricEvidence["peaks"], state: BettingState): MetricEvidence["peaks"] {
  const now = allLogEvidence(state);
  return BETTING_TESTS.some((test) => now[test] > peaks[test])
    ? (Object.fromEntries(
        BETTING_TESTS.map((test) => [test, Math.max(peaks[test], now[test])]),
      ) as Record<BettingTest, number>)
    : peaks;
}
