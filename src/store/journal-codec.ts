import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { phaseFacts, phaseOfNumber } from "../domain/config/phase.ts";
import { scopeKey } from "../domain/config/scope.ts";
import { canonicalSettings, type Settings } from "../domain/config/settings.ts";
import { assert } from "../domain/kernel/assert.ts";
import type { Arm, Outcome } from "../domain/outcome/outcome.ts";
import { numberOfStatus, statusOfNumber } from "../domain/outcome/status.ts";
import {
  type JournalArm,
  JournalArmSchema,
  type JournalOutcome,
  JournalOutcomeSchema,
  JournalRecordSchema,
} from "../gen/attuned/storage/v1/journal_pb.ts";

/** Encodes the outcomes of one group commit. An arm stands once, however many outcomes share it. */
export function encodeJournalRecord(
  outcomes: readonly Outcome[],
  receivedAtMs: number,
): Uint8Array {
  const places = new Map<string, number>();
  const arms: JournalArm[] = [];
  const encoded = outcomes.map((outcome) => {
    const key = `${scopeKey(outcome.arm.scope)}\u0000${outcome.arm.configId}`;
    let place = places.get(key);
    if (place === undefined) {
      place = arms.length;
      places.set(key, place);
      arms.push(encodeArm(outcome.arm));
    }
    return encodeOutcome(outcome, place);
  });
  return toBinary(
    JournalRecordSchema,
    create(JournalRecordSchema, { receivedAtMs, arms, outcomes: encoded }),
  );
}

/** The outcomes of a record, in the order of acceptance. */
export function decodeJournalRecord(bytes: Uint8Array): {
  outcomes: Outcome[];
  receivedAtMs: number;
} {
  const record = fromBinary(JournalRecordSchema, bytes);
  const arms = record.arms.map(decodeArm);
  return {
    receivedAtMs: record.receivedAtMs,
    outcomes: record.outcomes.map((outcome) => {
      const arm = arms[outcome.arm];
      assert(arm, "an outcome refers to an arm of its record");
      return decodeOutcome(outcome, arm);
    }),
  };
}

function encodeArm(arm: Arm): JournalArm {
  return create(JournalArmSchema, {
    model: arm.scope.model,
    phase: phaseFacts(arm.scope.phase).number,
    dimensions: [...arm.scope.dimensions],
    configId: arm.configId,
    settings: canonicalSettings(arm.settings),
  });
}

function decodeArm(arm: JournalArm): Arm {
  const phase = phaseOfNumber(arm.phase);
  assert(phase, "a journalled arm has a phase");
  return {
    scope: { model: arm.model, phase, dimensions: arm.dimensions },
    configId: arm.configId,
    settings: JSON.parse(arm.settings) as Settings,
  };
}

function encodeOutcome(outcome: Outcome, arm: number): JournalOutcome {
  const { status, appliedSettings, arm: _arm, ...same } = outcome;
  return create(JournalOutcomeSchema, {
    ...same,
    arm,
    status: numberOfStatus(status),
    appliedSettings: appliedSettings ? canonicalSettings(appliedSettings) : "",
  });
}

function decodeOutcome(stored: JournalOutcome, arm: Arm): Outcome {
  const {
    $typeName: _type,
    $unknown: _unknown,
    status: number,
    appliedSettings,
    arm: _arm,
    ...same
  } = stored;
  const status = statusOfNumber(number);
  assert(status, "a journalled outcome has a status");
  return {
    ...same,
    arm,
    status,
    ...(appliedSettings === "" ? {} : { appliedSettings: JSON.parse(appliedSettings) as Settings }),
  };
}
