import { parse as parseYaml } from "yaml";
import { expandPath, OPTION_NAMES, OPTION_TABLE } from "./option-table.ts";
import { OptionsError } from "./options-error.ts";

/** Reads the options file: a YAML map of options by their flag. Errors: OptionsError. */
export function parseOptionsFile(
  path: string,
  readFile: (path: string) => string,
): Readonly<Record<string, string>> {
  let content: unknown;
  try {
    content = parseYaml(readFile(expandPath(path)));
  } catch (error) {
    throw new OptionsError(
      `cannot read the options file ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== "object" || Array.isArray(content))
    throw new OptionsError(`${path} must be a map of options`);
  const known = new Set<string>(OPTION_NAMES.map((name) => OPTION_TABLE[name].flag));
  for (const key of Object.keys(content)) {
    if (!known.has(key))
      throw new OptionsError(
        `${path} holds an unknown option ${JSON.stringify(key)}; known are ${[...known].join(", ")}`,
      );
  }
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(",") : String(value),
    ]),
  );
}
