/** A phase of an agent's work, by its short name. */
export type Phase =
  | "planning"
  | "execution"
  | "reflection"
  | "summarization"
  | "error_recovery"
  | "validation";

export interface PhaseFacts {
  readonly phase: Phase;
  /** Number in the proto enum and in store keys. */
  readonly number: number;
  readonly description: string;
  /** Settings of a model without own ones. */
  readonly temperature: number;
  readonly maxTokens: number;
  /** Whether the phase asks the model to reason, as the seed's planning and reflection do. */
  readonly enableReasoning: boolean;
}

/** The six phases of the seed, with the settings that all its models share. */
export const PHASES: readonly PhaseFacts[] = [
  fact("planning", 1, "Task decomposition, strategy formation", 0.3, 3000),
  fact("execution", 2, "Tool calling, action execution", 0.7, 2000),
  fact("reflection", 3, "Self-correction, error analysis", 0.8, 2500),
  fact("summarization", 4, "Result synthesis, final answers", 0.2, 1000),
  fact("error_recovery", 5, "Error handling, retry strategies", 0.5, 1500),
  fact("validation", 6, "Result verification, quality checks", 0.1, 1000),
];

const byName = new Map(PHASES.map((facts) => [facts.phase, facts]));
const byNumber = new Map(PHASES.map((facts) => [facts.number, facts.phase]));

export function phaseFacts(phase: Phase): PhaseFacts {
  const facts = byName.get(phase);
  if (!facts) throw new RangeError(`no phase ${phase}`);
  return facts;
}

/** The phase of a number, undefined for 0 and unknown numbers. */
export function phaseOfNumber(number: number): Phase | undefined {
  return byNumber.get(number);
}

export function isPhase(name: string): name is Phase {
  return byName.has(name as Phase);
}

function fact(
  phase: Phase,
  number: number,
  description: string,
  temperature: number,
  maxTokens: number,
): PhaseFacts {
  const enableReasoning = phase === "planning" || phase === "reflection";
  return { phase, number, description, temperature, maxTokens, enableReasoning };
}
