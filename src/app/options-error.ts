/** The command line or the environment is wrong: says what and how to mend it. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
}
