import { parse as parseYaml } from "yaml";
import type { TokenGrant } from "../rpc/server/caller.ts";
import { ROLES, type Role } from "../rpc/server/roles.ts";
import { OptionsError } from "./options-error.ts";

/**
 * Parses the tokens file: a YAML list of {name, role, sha256}. The file holds digests only, so reading it gives no one a token.
 * Errors: OptionsError that names the entry.
 */
export function parseTokenGrants(text: string, path: string): TokenGrant[] {
  const content: unknown = parseYaml(text) ?? [];
  if (!Array.isArray(content))
    throw new OptionsError(`${path} must be a list of {name, role, sha256}`);
  return content.map((entry: unknown, index) => {
    const { name, role, sha256 } = (entry ?? {}) as Record<string, unknown>;
    const where = `${path}: entry ${index + 1}`;
    if (typeof name !== "string" || !/^[\w.@-]{1,64}$/.test(name)) {
      throw new OptionsError(
        `${where} needs a name of 1 to 64 letters, digits, dots, dashes, underscores or @`,
      );
    }
    if (!ROLES.includes(role as Role))
      throw new OptionsError(`${where} (${name}) needs a role: ${ROLES.join(", ")}`);
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new OptionsError(
        `${where} (${name}) needs the SHA-256 of its token in lowercase hexadecimal: printf %s TOKEN | sha256sum`,
      );
    }
    return { name, role: role as Role, tokenSha256: sha256 };
  });
}
