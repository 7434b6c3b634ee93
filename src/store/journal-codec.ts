import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { phaseFacts, phaseOfNumber } from "../domain/config/phase.ts";
import { scopeKey } from "../domain/config/scope.ts";
import { canonicalSettings, type Settings } from "../domain/config/settings.ts";
import { assert } from "../domain/kernel/assert.ts";
import { CLOCK_SKEW_KINDS } from "../domain/outcome/clock-skew.ts";
import type { Correction } from "../domain/outcome/correction.ts";
import type { Arm, AssignmentRef, Outcome } from "../domain/outcome/outcome.ts";
import { numberOfStatus, statusOfNumber } from "../domain/outcome/status.ts";
import {
  type JournalArm,
  JournalArmSchema,
  type JournalAssignment,
  type JournalCorrection,
  JournalCorrectionSchema,
  type JournalOutcome,
  JournalOutcomeSchema,
  JournalRecordSchema,
} from "../gen/attuned/storage/v1/journal_pb.ts";

/** What one group commit stores: outcomes in the order of acceptance, then corrections. */
export interface JournalRecord {
  readonly receivedAtMs: number;
  readonly outcomes: readonly Outcome[];
  readonly corrections: readonly Correction[];
}

/** Outcomes or corrections that are encoded in one step. */
const STEP_ITEMS = 32;

/** Encodes one group commit. An arm stands once, however many outcomes share it. */
export function encodeJournalRecord(record: JournalRecord): Uint8Array {
  const steps = encodeJournalRecordInSteps(record);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same in short steps. The bytes of a message are those of its parts, one after the other. */
export function* encodeJournalRecordInSteps({
  outcomes,
  corrections,
  receivedAtMs,
}: JournalRecord): Generator<undefined, Uint8Array> {
  const arms = new ArmPlaces();
  const parts: Uint8Array[] = [];
  for (const some of inSteps(outcomes)) {
    const encoded = some.map((outcome) => encodeOutcome(outcome, arms.placeOf(outcome.arm)));
    parts.push(toBinary(JournalRecordSchema, create(JournalRecordSchema, { outcomes: encoded })));
    yield;
  }
  for (const some of inSteps(corrections)) {
    const encoded = some.map((item) => encodeCorrection(item, arms.placeOf(item.arm)));
    parts.push(
      toBinary(JournalRecordSchema, create(JournalRecordSchema, { corrections: encoded })),
    );
    yield;
  }
  const head = create(JournalRecordSchema, { receivedAtMs, arms: arms.encoded });
  return Buffer.concat([toBinary(JournalRecordSchema, head), ...parts]);
}

function* inSteps<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += STEP_ITEMS) yield items.slice(at, at + STEP_ITEMS);
}

/** The arms of a record, each at a place of its own. */
class ArmPlaces {
  readonly encoded: JournalArm[] = [];
  readonly #places = new Map<string, number>();
  readonly #placesByArm = new Map<Arm, number>();

  placeOf(arm: Arm): number {
    const known = this.#placesByArm.get(arm);
    if (known !== undefined) return known;
    const key = `${scopeKey(arm.scope)}\u0000${arm.configId}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.encoded.length;
      this.#places.set(key, place);
      this.encoded.push(encodeArm(arm));
    }
    this.#placesByArm.set(arm, place);
    return place;
  }
}

/** What a record holds. */
export function decodeJournalRecord(bytes: Uint8Array): JournalRecord {
  const record = fromBinary(JournalRecordSchema, bytes);
  const arms = record.arms.map(decodeArm);
  const armAt = (place: number): Arm => {
    const arm = arms[place];
    assert(arm, "an entry refers to an arm of its record");
    return arm;
  };
  return {
    receivedAtMs: record.receivedAtMs,
    outcomes: record.outcomes.map((outcome) => decodeOutcome(outcome, armAt(outcome.arm))),
    corrections: record.corrections.map((correction) =>
      decodeCorrection(correction, armAt(correction.arm)),
    ),
  };
}

/** When a record was received, in milliseconds since 1970, without decoding the rest of it. */
export function journalTime(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  const [field] = reader.tag();
  assert(field === JournalRecordSchema.field.receivedAtMs.number, "a record begins with its time");
  return reader.double();
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
  const { status, appliedSettings, producer, clockSkew, arm: _arm, ...same } = outcome;
  return create(JournalOutcomeSchema, {
    ...same,
    ...(producer ? { producerId: producer.producerId, sequence: BigInt(producer.sequence) } : {}),
    arm,
    status: numberOfStatus(status),
    appliedSettings: appliedSettings ? canonicalSettings(appliedSettings) : "",
    ...(clockSkew
      ? { clockSkew: CLOCK_SKEW_KINDS.indexOf(clockSkew.kind) + 1, clockSkewMs: clockSkew.ms }
      : {}),
  });
}

function decodeOutcome(stored: JournalOutcome, arm: Arm): Outcome {
  const {
    $typeName: _type,
    $unknown: _unknown,
    status: number,
    appliedSettings,
    producerId,
    sequence,
    assignment,
    clockSkew,
    clockSkewMs,
    arm: _arm,
    ...same
  } = stored;
  const skewKind = CLOCK_SKEW_KINDS[clockSkew - 1];
  const status = statusOfNumber(number);
  assert(status, "a journalled outcome has a status");
  return {
    ...same,
    arm,
    status,
    ...(assignment ? { assignment: decodeAssignment(assignment) } : {}),
    ...(skewKind ? { clockSkew: { kind: skewKind, ms: clockSkewMs } } : {}),
    ...(sequence === undefined ? {} : { producer: { producerId, sequence: Number(sequence) } }),
    ...(appliedSettings === "" ? {} : { appliedSettings: JSON.parse(appliedSettings) as Settings }),
  };
}

function encodeCorrection(
  { standing, isFailed = false, arm: _arm, ...same }: Correction,
  arm: number,
): JournalCorrection {
  return create(JournalCorrectionSchema, {
    ...same,
    arm,
    ofUnit: same.assignment !== undefined && !standing,
    uncounted: standing !== undefined && standing.report === undefined,
    report: standing?.report ?? 0,
    failed: isFailed,
  });
}

function decodeCorrection(stored: JournalCorrection, arm: Arm): Correction {
  const { hour, metric, before, after, assignment, ofUnit, uncounted, report, failed } = stored;
  const correction = { arm, hour, metric, before, after, isFailed: failed };
  if (!assignment) return correction;
  const unit = { ...correction, assignment: decodeAssignment(assignment) };
  if (ofUnit) return unit;
  return { ...unit, standing: { report: uncounted ? undefined : report, isFailed: failed } };
}

function decodeAssignment(stored: JournalAssignment): AssignmentRef {
  const { experimentId, boot, sequence, arm } = stored;
  return { experimentId, boot, sequence, arm };
}
