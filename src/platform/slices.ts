/** A computation in steps, as generators are: none of them longer than a slice. */
interface Steps<T> {
  next(): IteratorResult<undefined, T>;
}

/** The longest that one computation holds the event loop, in milliseconds; lookups wait for no more than that. */
const SLICE_MS = 0.5;

/** Runs a computation in short slices, with everything else that waits in between. */
export async function inSlices<T>(
  steps: Steps<T>,
  nowMs: () => number = () => performance.now(),
): Promise<T> {
  for (;;) {
    const end = nowMs() + SLICE_MS;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (nowMs() < end);
    await new Promise<void>((resume) => setImmediate(resume));
  }
}

/** Something to await between the items of a long loop: it gives way once a slice is over, and else costs nothing. */
export function createSlicer(nowMs: () => number = () => performance.now()): () => Promise<void> {
  let end = nowMs() + SLICE_MS;
  const done = Promise.resolve();
  return () => {
    if (nowMs() < end) return done;
    return new Promise<void>((resume) => setImmediate(resume)).then(() => {
      end = nowMs() + SLICE_MS;
    });
  };
}
