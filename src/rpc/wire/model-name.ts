import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ModelNameKind, ResolvedName } from "../../domain/catalog/resolved-name.ts";
import {
  type ResolveModelNameResponseSchema,
  ModelNameKind as WireKind,
} from "../../gen/attuned/v1/model_service_pb.ts";

const KINDS: Readonly<Record<ModelNameKind, WireKind>> = {
  EXACT: WireKind.EXACT,
  ALIAS: WireKind.ALIAS,
  SNAPSHOT: WireKind.SNAPSHOT,
  FLOATING_ALIAS: WireKind.FLOATING_ALIAS,
  FINE_TUNE: WireKind.FINE_TUNE,
  LOCAL_TAG: WireKind.LOCAL_TAG,
  VARIANT: WireKind.VARIANT,
  FAMILY: WireKind.FAMILY,
  OPAQUE: WireKind.OPAQUE,
  UNKNOWN: WireKind.UNKNOWN,
  INVALID: WireKind.INVALID,
};

export function modelNameToWire(
  name: ResolvedName,
  suggestions: readonly string[],
): MessageInitShape<typeof ResolveModelNameResponseSchema> {
  return {
    ...name,
    kind: KINDS[name.kind],
    steps: [...name.steps],
    warnings: [...name.warnings],
    suggestions: [...suggestions],
  };
}
