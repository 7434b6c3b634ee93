import { create } from "@bufbuild/protobuf";
import type { LowerLimit } from "../../domain/analysis/lower-limit.ts";
import {
  LowerLimitSchema,
  type LowerLimit as WireLimit,
} from "../../gen/attuned/v1/analysis_pb.ts";
import { evidenceToWire } from "./evidence.ts";

export function lowerLimitToWire(found: LowerLimit): WireLimit {
  const { lowestTolerable } = found;
  return create(LowerLimitSchema, {
    values: found.values.map((bound) => ({
      value: bound.limit,
      shareWithin: bound.shareWithin,
      lossAtMost: bound.lossAtMost,
      lossHigh: bound.lossHigh,
      successAtLeast: bound.keptAtLeast,
      successLow: bound.keptLow,
    })),
    sampleSize: BigInt(found.sampleSize),
    samplesNeeded: BigInt(found.samplesNeeded),
    ...(lowestTolerable ? { lowestTolerable: lowestTolerable.limit } : {}),
    toleratedLoss: found.toleratedLoss,
    evidence: evidenceToWire(found.evidence),
    conditions: [...found.conditions],
  });
}
