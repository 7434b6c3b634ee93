import { EXIT_CODE } from "./exit-code.ts";

/** The command line is wrong. The message says what is wrong and what would be right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command ended without success for a reason that is not an answer of the daemon. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_CODE.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
