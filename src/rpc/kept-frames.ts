import type { Resolution } from "../engine/lookups.ts";
import type { Frame } from "./server/hot-call.ts";

/** Encodings kept of one answer: both formats in two ways of rendering. Callers of one scope hardly ask for more. */
const FRAMES_PER_ANSWER_MAX = 4;

/** An answer as it is sent. */
export interface KeptFrame {
  readonly frame: Frame;
  /** Whether prompt and answer do not go well into the context window. */
  readonly isTight: boolean;
}

/**
 * Encoded answers, kept with the resolution that they are made of and forgotten with it: one resolution answers every lookup of its
 * scope until something changes or a minute ends, and encoding costs several times what the lookup does.
 */
export class KeptFrames {
  readonly #kept = new WeakMap<Resolution, Map<string, KeptFrame>>();

  find(resolution: Resolution, key: string): KeptFrame | undefined {
    return this.#kept.get(resolution)?.get(key);
  }

  keep(resolution: Resolution, key: string, made: KeptFrame): void {
    const kept = this.#kept.get(resolution);
    if (kept === undefined) this.#kept.set(resolution, new Map([[key, made]]));
    else if (kept.size < FRAMES_PER_ANSWER_MAX) kept.set(key, made);
  }
}
