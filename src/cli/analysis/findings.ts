import type { Evidence, Insight, TimeToAnswer } from "../../gen/attuned/v1/analysis_pb.ts";
import { EvidenceSchema, Evidence as EvidenceValue } from "../../gen/attuned/v1/analysis_pb.ts";
import { formatEnum } from "../terminal/format.ts";
import { printSentence } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

const MEANING: ReadonlyMap<number, string> = new Map([
  [EvidenceValue.RANDOMISED, "from a randomised comparison; may act where the policy allows it"],
  [EvidenceValue.STRUCTURAL_BOUND, "follows from how limits work"],
  [EvidenceValue.OBSERVATIONAL, "not randomised; may propose, never acts alone"],
  [EvidenceValue.DETERMINISTIC, "a fact that needs no statistics"],
  [EvidenceValue.PRESET, "a preset, without evidence"],
]);

/** What was found, in words, before any table. */
export function printFindings(insights: readonly Insight[], terminal: Terminal): void {
  for (const { text } of insights) printSentence(terminal, text, terminal.style.bold);
}

/** Metrics asked for that nothing was reported of. */
export function printAbsent(absent: readonly string[], terminal: Terminal): void {
  if (absent.length > 0)
    printSentence(terminal, `not reported, so not analysed: ${absent.join(", ")}`);
}

/** How long until a better answer, and what the present one rests on: the last lines of every analysis. */
export function printRest(
  evidence: Evidence,
  timeToAnswer: TimeToAnswer | undefined,
  terminal: Terminal,
): void {
  terminal.out("");
  if (timeToAnswer && timeToAnswer.text !== "")
    printSentence(terminal, `time to answer: ${timeToAnswer.text}`);
  printSentence(terminal, `evidence: ${evidenceText(evidence)}`);
}

/** The kind of evidence and what it may do, in words. */
export function evidenceText(evidence: Evidence): string {
  const meaning = MEANING.get(evidence) ?? "rests on nothing that is named";
  return `${formatEnum(EvidenceSchema, evidence)}: ${meaning}`;
}
