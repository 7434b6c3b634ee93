/** A metric that callers score: its range and which way is better. */
export interface ScoreScale {
  readonly max: number;
  readonly better: "higher" | "lower";
}

/** Ranges start at 0. Own names are 0 to 1, higher is better. */
export const SCORE_SCALES: Readonly<Record<string, ScoreScale>> = {
  quality: { max: 100, better: "higher" },
  coherence: { max: 1, better: "higher" },
  creativity: { max: 1, better: "higher" },
  hallucination: { max: 1, better: "lower" },
};

const OWN_SCALE: ScoreScale = { max: 1, better: "higher" };

export function scoreScale(name: string): ScoreScale {
  return Object.hasOwn(SCORE_SCALES, name) ? (SCORE_SCALES[name] ?? OWN_SCALE) : OWN_SCALE;
}
