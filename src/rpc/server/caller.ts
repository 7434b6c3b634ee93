import { timingSafeEqual } from "node:crypto";
import { createContextKey } from "@connectrpc/connect";
import { Fault } from "../../domain/kernel/fault.ts";
import { sha256 } from "../../platform/digest.ts";
import type { Role } from "./roles.ts";
import { higherRole } from "./roles.ts";

/** A way in: one listener and what its callers may do without credentials. */
export interface Door {
  /** For logs, for example `agents`, `agents-socket`, `admin-socket`, `management`. */
  readonly name: string;
  /** Role of a caller without a token. */
  readonly role: Role;
  /** Who a caller without a token is, for `changed_by`. */
  readonly identity: string;
}

/** Who calls. */
export interface Caller {
  /** For `changed_by`: the name of the token, else the identity that the door gives. */
  readonly name: string;
  readonly role: Role;
  /** Name of the door the call came through. */
  readonly door: string;
}

/** Identity of a caller that nothing identifies. */
export const ANONYMOUS = "system";

/** A credential: the SHA-256 of the token in lowercase hexadecimal, and what it stands for. The token itself is not kept. */
export interface TokenGrant {
  readonly tokenSha256: string;
  readonly name: string;
  readonly role: Role;
}

/** The door of a call, set by the listener's handler. */
export const doorKey = createContextKey<Door>(
  { name: "unknown", role: "read", identity: ANONYMOUS },
  { description: "door" },
);

/** The caller of a call. Services read it with `context.values.get(callerKey)`. */
export const callerKey = createContextKey<Caller>(
  { name: ANONYMOUS, role: "read", door: "unknown" },
  { description: "caller" },
);

/**
 * Finds who calls from the door and the Authorization header. A token raises the role that the door gives and never lowers it.
 * Throws CREDENTIALS_INVALID for a header that is not a known token: a caller that shows credentials means to be known.
 */
export function identifyCaller(
  door: Door,
  authorization: string | null,
  grants: readonly TokenGrant[],
): Caller {
  if (authorization === null) return { name: door.identity, role: door.role, door: door.name };
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  const grant = token === undefined ? undefined : findGrant(token, grants);
  if (grant === undefined) {
    throw new Fault(
      "CREDENTIALS_INVALID",
      "the Authorization header holds no token that this daemon knows; send a valid `Bearer` token or none",
    );
  }
  return { name: grant.name, role: higherRole(door.role, grant.role), door: door.name };
}

/** Compares with every grant, so that the time says neither which one fits nor how much of it. */
function findGrant(token: string, grants: readonly TokenGrant[]): TokenGrant | undefined {
  const presented = sha256(token);
  let found: TokenGrant | undefined;
  for (const grant of grants) {
    const known = Buffer.from(grant.tokenSha256, "hex");
    if (known.length === presented.length && timingSafeEqual(known, presented)) found = grant;
  }
  return found;
}
