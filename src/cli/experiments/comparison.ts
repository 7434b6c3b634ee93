import type { ExperimentComparison } from "../../gen/attuned/v1/experiment_pb.ts";
import { ExperimentDecision } from "../../gen/attuned/v1/experiment_pb.ts";
import { decimalsFor, formatFixed, formatInterval, formatSigned } from "../terminal/format.ts";
import type { Cell } from "../terminal/table.ts";
import type { Style } from "../terminal/terminal.ts";

/** Decisions as a person needs them: what is shown, and whether it is claimed. */
const WORDS: ReadonlyMap<ExperimentDecision, string> = new Map([
  [ExperimentDecision.UNDECIDED, "nothing shown yet"],
  [ExperimentDecision.CLAIMED, "better, claimed"],
  [ExperimentDecision.BETTER, "better here, not claimed"],
  [ExperimentDecision.WORSE, "worse"],
  [ExperimentDecision.HARMFUL, "worse by much"],
  [ExperimentDecision.FUTILE, "no worthwhile gain"],
  [ExperimentDecision.NOT_WORSE, "no worthwhile loss"],
]);

/** Whether the challenger is shown to be worse than control. */
export function isHarm({ decision }: ExperimentComparison): boolean {
  return decision === ExperimentDecision.WORSE || decision === ExperimentDecision.HARMFUL;
}

/** What is decided, good news green and bad news red. */
export function decisionCell(comparison: ExperimentComparison, style: Style): Cell {
  const text = WORDS.get(comparison.decision) ?? "-";
  if (isHarm(comparison)) return { text, paint: style.red };
  const isClaimed = comparison.decision === ExperimentDecision.CLAIMED;
  return isClaimed ? { text, paint: style.green } : text;
}

/** Effects of a comparison in the metric's unit, all with the decimals that suit its interval. */
interface EffectTexts {
  /** Challenger minus control. */
  readonly effect: string;
  readonly interval: string;
  /** What to expect once the challenger is served to everyone. */
  readonly expected: string;
  /** The smallest effect that so many units would show. */
  readonly smallest: string;
}

export function effectTexts(comparison: ExperimentComparison): EffectTexts {
  const { effect, expectedEffect, smallestEffect } = comparison;
  const { low, high } = comparison.interval ?? {};
  const decimals = decimalsFor([low ?? 0, high ?? 0]);
  const signed = (value: number | undefined) =>
    value === undefined ? formatFixed(value, decimals) : formatSigned(value, decimals);
  return {
    effect: signed(effect),
    interval: effect === undefined ? "-" : formatInterval(low, high, decimals),
    expected: signed(expectedEffect),
    smallest: formatFixed(smallestEffect, decimals),
  };
}
