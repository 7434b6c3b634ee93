/** Why a store could not be opened. Each ends the start with its own exit code. */
export type StoreProblem = "unreadable" | "damaged" | "locked" | "newer";

export class StoreOpenError extends Error {
  override readonly name = "StoreOpenError";
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.problem = problem;
  }
}
