import { LABEL_LENGTH_MAX, VERSION_NAME_LENGTH_MAX } from "../kernel/limits.ts";
import { canonicalJson } from "./canonical.ts";
import type { ModelConfig } from "./model-config.ts";
import { HEAD_LABEL } from "./registry.ts";

/** Stands for the newest version of a model wherever a version is named. */
export const LATEST = "latest";

const RESERVED: readonly string[] = [HEAD_LABEL, LATEST];
const LABEL = /^[a-z][a-z0-9_.-]*$/;

/** A prompt text as a version keeps it. */
export interface VersionPrompt {
  readonly type: string;
  readonly text: string;
}

/** What is wrong with a version's name, in words; undefined where nothing is. Names are compared as given: "v1" is not "1". */
export function versionNameViolation(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name.length > VERSION_NAME_LENGTH_MAX)
    return `must have at most ${VERSION_NAME_LENGTH_MAX} characters`;
  if (/[\s/\p{C}]/u.test(name)) return "must not hold spaces, slashes or control characters";
  return RESERVED.includes(name) ? `must not be ${RESERVED.join(" or ")}` : undefined;
}

/** What is wrong with a label's name, in words; undefined where nothing is. The first letter tells labels from revisions. */
export function labelViolation(label: string): string | undefined {
  if (label.length > LABEL_LENGTH_MAX) return `must have at most ${LABEL_LENGTH_MAX} characters`;
  if (!LABEL.test(label)) {
    return "must start with a lower-case letter, then letters, digits, dots, dashes and underscores";
  }
  return RESERVED.includes(label) ? `must not be ${RESERVED.join(" or ")}` : undefined;
}

/**
 * The text whose digest is a version's content hash: what a rollback brings back. Equal content gives equal text, in whatever order
 * fields were written. `stored` is null where nothing was stored for the model.
 */
export function versionContent(
  stored: ModelConfig | null,
  prompts: readonly VersionPrompt[],
): string {
  const texts = prompts
    .map(({ type, text }) => [type, text] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return canonicalJson([stored, texts]);
}

/** The path of a version, as the API shows it. */
export function versionPath(model: string, version: string): string {
  return `models/${model}/versions/${version}`;
}
