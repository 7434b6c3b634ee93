import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AssignmentTokenSchema } from "../gen/attuned/storage/v1/token_pb.ts";
import {
  openEnvelope,
  type SharedDecision,
  sealEnvelope,
  sharedFromWire,
  sharedToWire,
  TOKEN_VERSIONS,
} from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

/** The decision for one lookup of a unit of an experiment. */
export interface AssignmentDecision {
  /** What was served, config id and all. */
  readonly served: SharedDecision;
  /** Number of the decision within its start of the daemon. */
  readonly decisionId: number;
  readonly experimentId: string;
  readonly epoch: number;
  readonly boot: number;
  readonly sequence: number;
  readonly arm: number;
  readonly propensityPpm: number;
  /** What the unit is remembered by; empty for a lookup that is a unit of its own. */
  readonly unitKey: string;
  readonly scoreRequested: boolean;
  /** When this lookup was decided, which for a session is later than its assignment. */
  readonly decidedAtMs: number;
}

/** Seals an assignment, with the envelope of a shared token. */
export function sealAssignment(decision: AssignmentDecision, keys: TokenKeys): string {
  const { served, ...same } = decision;
  const message = create(AssignmentTokenSchema, { ...same, served: sharedToWire(served) });
  return sealEnvelope(TOKEN_VERSIONS.assignment, toBinary(AssignmentTokenSchema, message), keys);
}

/** Opens an assignment token; undefined for one that is damaged, forged, of another store or of another kind. */
export function openAssignment(token: string, keys: TokenKeys): AssignmentDecision | undefined {
  const content = openEnvelope(TOKEN_VERSIONS.assignment, token, keys);
  if (!content) return undefined;
  const {
    $typeName: _type,
    $unknown: _unknown,
    served: shared,
    ...same
  } = fromBinary(AssignmentTokenSchema, content);
  const served = shared && sharedFromWire(shared);
  return served && { ...same, served };
}
