/** Of the outcomes of the rarer side so many lie in hours that the other side has too, where both are compared within hours. */
const SHARED_MIN = 0.5;

/** Outcomes of a level in an hour, as far as they are counted. */
interface CountedLevel {
  readonly sums: { readonly n: number };
  readonly batches: readonly { readonly hour: number; readonly sums: { readonly n: number } }[];
}

/**
 * How two sides can be compared in time. `within_hours`: most of the rarer one's outcomes lie in closed hours that the other one has too,
 * so that what changes from hour to hour is in neither. `over_time`: they were used at other times, and whatever else changed then is in
 * the difference. `unknown`: the hours are not known, or not closed yet.
 */
export type TimeBasis = "within_hours" | "over_time" | "unknown";

/**
 * Which levels of one stratum were used in the same hours. It goes by counts alone and never by outcomes, so that what is compared how
 * follows from when levels were used.
 */
export class SharedHours {
  readonly #levels: readonly CountedLevel[];
  readonly #hours: readonly ReadonlyMap<number, number>[];
  readonly #closedBefore: number;

  constructor(levels: readonly CountedLevel[], closedBefore: number) {
    this.#levels = levels;
    this.#closedBefore = closedBefore;
    this.#hours = levels.map(({ batches }) => {
      const counts = new Map<number, number>();
      for (const { hour, sums } of batches) counts.set(hour, (counts.get(hour) ?? 0) + sums.n);
      return counts;
    });
  }

  /** How the levels of one side can be compared with those of the other. */
  basis(one: readonly number[], other: readonly number[]): TimeBasis {
    const [rare, common] = this.#count(one) <= this.#count(other) ? [one, other] : [other, one];
    const total = this.#count(rare);
    const [mine, theirs] = [this.#of(rare), this.#of(common)];
    let [known, shared, closed] = [0, 0, 0];
    for (const [hour, count] of mine) {
      known += count;
      if (!theirs.has(hour)) continue;
      shared += count;
      if (hour < this.#closedBefore) closed += count;
    }
    if (total > 0 && closed >= SHARED_MIN * total) return "within_hours";
    return known >= SHARED_MIN * total && theirs.size > 0 && shared < SHARED_MIN * total
      ? "over_time"
      : "unknown";
  }

  #count(side: readonly number[]): number {
    return side.reduce((sum, index) => sum + (this.#levels[index]?.sums.n ?? 0), 0);
  }

  /** Outcomes of a side by hour. */
  #of(side: readonly number[]): ReadonlyMap<number, number> {
    const [only] = side;
    if (side.length === 1 && only !== undefined) return this.#hours[only] ?? new Map();
    const counts = new Map<number, number>();
    for (const index of side)
      for (const [hour, count] of this.#hours[index] ?? [])
        counts.set(hour, (counts.get(hour) ?? 0) + count);
    return counts;
  }
}
