import { OPTION_NAMES, OPTION_TABLE } from "../../src/app/option-table.ts";

/** Variables of the options of `attuned serve`, which deployments may set. */
export const optionVariables: readonly string[] = OPTION_NAMES.map(
  (name) => OPTION_TABLE[name].variable,
);

/** Their flags, without dashes. */
export const optionFlags: readonly string[] = OPTION_NAMES.map((name) => OPTION_TABLE[name].flag);
