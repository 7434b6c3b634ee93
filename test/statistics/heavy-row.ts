/** One line of the table of the heavy simulations. */
export interface HeavyRow {
  readonly what: string;
  readonly measured: number;
  /** The most, or the least, that passes. */
  readonly target: { readonly atMost: number } | { readonly atLeast: number };
}

export function passes({ measured, target }: HeavyRow): boolean {
  return "atMost" in target ? measured <= target.atMost : measured >= target.atLeast;
}

export function atMost(what: string, measured: number, most: number): HeavyRow {
  return { what, measured, target: { atMost: most } };
}

export function atLeast(what: string, measured: number, least: number): HeavyRow {
  return { what, measured, target: { atLeast: least } };
}
