import { create } from "@bufbuild/protobuf";
import type { Experiment } from "../../domain/experiment/experiment.ts";
import type {
  Comparison,
  Decision,
  ExperimentChecks,
  Winner,
} from "../../domain/experiment/verdict.ts";
import type { ParameterComparison } from "../../engine/experiments/verdicts.ts";
import {
  type ExperimentCheck,
  ExperimentCheckSchema,
  ExperimentComparisonSchema,
  ExperimentWinnerSchema,
  type ExperimentComparison as WireComparison,
  ExperimentDecision as WireDecision,
  type ExperimentWinner as WireWinner,
} from "../../gen/attuned/v1/experiment_pb.ts";
import { evidenceToWire } from "./evidence.ts";
import { timestampToWire } from "./time.ts";

const DECISIONS: Readonly<Record<Decision, WireDecision>> = {
  undecided: WireDecision.UNDECIDED,
  claimed: WireDecision.CLAIMED,
  better: WireDecision.BETTER,
  worse: WireDecision.WORSE,
  harmful: WireDecision.HARMFUL,
  futile: WireDecision.FUTILE,
  not_worse: WireDecision.NOT_WORSE,
};

export function comparisonToWire(found: Comparison): WireComparison {
  const { effect, expectedEffect, smallestEffect, interval } = found;
  return create(ExperimentComparisonSchema, {
    experimentId: found.experimentId,
    arm: found.arm,
    name: found.name,
    metric: found.metric,
    primary: found.isPrimary,
    units: BigInt(found.units),
    ...(effect === undefined ? {} : { effect }),
    interval: { low: interval.low, high: interval.high },
    ...(expectedEffect === undefined ? {} : { expectedEffect }),
    decision: DECISIONS[found.decision],
    confidence: found.confidence,
    ...(smallestEffect === undefined ? {} : { smallestEffect }),
    evidence: evidenceToWire(found.evidence),
    text: found.text,
  });
}

/** The same with what the arms served for a parameter. */
export function parameterComparisonToWire(found: ParameterComparison): WireComparison {
  const wire = comparisonToWire(found);
  wire.value = found.value;
  if (found.controlValue !== undefined) wire.controlValue = found.controlValue;
  return wire;
}

export function checksToWire(checks: ExperimentChecks): ExperimentCheck[] {
  const ratio = { check: "SAMPLE_RATIO", arm: 0, passed: checks.isRatioKept };
  return [
    create(ExperimentCheckSchema, { ...ratio, logEvidence: checks.ratioLogEvidence }),
    ...checks.reporting.map(({ arm, isAlike, logEvidence }) =>
      create(ExperimentCheckSchema, { check: "REPORTING", arm, passed: isAlike, logEvidence }),
    ),
  ];
}

export function winnerToWire(experiment: Experiment, winner: Winner): WireWinner {
  return create(ExperimentWinnerSchema, {
    arm: winner.arm,
    name: experiment.arms[winner.arm]?.name ?? "",
    claimedAt: timestampToWire(winner.claimedAtMs),
    evidence: evidenceToWire("randomised"),
    units: BigInt(winner.units),
  });
}
