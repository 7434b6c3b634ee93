/**
 * A computation that may be left alone between its steps and gone on with later: whoever runs it beside other work does so in short
 * slices. The result is the same in one go or in many.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Runs a computation to its end in one go. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
