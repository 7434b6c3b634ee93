// The options of `attuned serve` that deployments may set, by flag; each has a variable of the same name.
export const optionFlags: readonly string[] = [
  "listen",
  "management",
  "socket",
  "agents-role",
  "allowed-hosts",
  "data-dir",
  "config-dir",
  "config",
  "label",
  "loop-interval",
  "log-format",
  "log-level",
];

export const optionVariables: readonly string[] = optionFlags.map(
  (flag) => `ATTUNED_${flag.toUpperCase().replaceAll("-", "_")}`,
);
