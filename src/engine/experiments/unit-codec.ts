import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ReleasedUnit } from "../../domain/experiment/tally.ts";
import type { EnrolledUnit, SettledValue } from "../../domain/experiment/unit.ts";
import { assert } from "../../domain/kernel/assert.ts";
import {
  StoredReleaseSchema,
  type StoredUnit,
  StoredUnitSchema,
} from "../../gen/attuned/storage/v1/assignment_pb.ts";

/** A unit as the table holds it. */
export interface TableUnit {
  readonly unit: EnrolledUnit;
  readonly isReleased: boolean;
}

const KINDS = ["reported", "imputed", "censored", "ignored", "not_requested"] as const;

export function encodeUnit({ unit, isReleased }: TableUnit): Uint8Array {
  return toBinary(StoredUnitSchema, storedUnit(unit, isReleased));
}

export function decodeUnit(bytes: Uint8Array): TableUnit {
  const stored = fromBinary(StoredUnitSchema, bytes);
  return { unit: unitOf(stored), isReleased: stored.released };
}

export function encodeRelease({ unit, values }: ReleasedUnit): Uint8Array {
  return toBinary(
    StoredReleaseSchema,
    create(StoredReleaseSchema, {
      unit: storedUnit(unit, true),
      values: values.map((settled) => ({
        kind: KINDS.indexOf(settled.kind) + 1,
        value: "value" in settled ? settled.value : 0,
      })),
    }),
  );
}

export function decodeRelease(bytes: Uint8Array): ReleasedUnit {
  const stored = fromBinary(StoredReleaseSchema, bytes);
  assert(stored.unit, "a released unit is stored with itself");
  return {
    unit: unitOf(stored.unit),
    values: stored.values.map(({ kind, value }): SettledValue => {
      const name = KINDS[kind - 1];
      assert(name, "a stored value has a kind");
      return name === "reported" || name === "imputed" ? { kind: name, value } : { kind: name };
    }),
  };
}

function storedUnit(unit: EnrolledUnit, released: boolean): StoredUnit {
  return create(StoredUnitSchema, {
    ...unit,
    centres: [...unit.centres],
    counts: [...unit.counts],
    sums: [...unit.sums],
    scores: { ...unit.scores },
    holders: { ...unit.holders },
    released,
  });
}

function unitOf(stored: StoredUnit): EnrolledUnit {
  const { $typeName: _type, $unknown: _unknown, released: _released, ...unit } = stored;
  return unit;
}
