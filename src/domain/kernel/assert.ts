/** A broken assumption of our own code: never the caller's fault, never caught below main. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Crashes unless `condition` holds; `why` says why it must. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AssertionError(why);
}
