/** What a statement rests on. Only randomised evidence may act without a person. */
export type Evidence =
  | "randomised"
  | "structural_bound"
  | "observational"
  | "deterministic"
  | "preset";
