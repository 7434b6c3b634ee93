import { createHmac } from "node:crypto";
import type { KeyedHash } from "./assignment.ts";
import { type Experiment, MILLION } from "./experiment.ts";
import type { EnrolledUnit } from "./unit.ts";

/** A running experiment on gpt-4 in the phase execution: control against another temperature, even shares. */
export function experimentOf(over: Partial<Experiment> = {}): Experiment {
  return {
    experimentId: "exp-1",
    name: "cooler",
    scope: { model: "gpt-4", phase: "execution", dimensions: ["", ""] },
    arms: [
      { name: "control", variant: "", changes: {}, weightPpm: MILLION / 2 },
      { name: "cooler", variant: "", changes: { temperature: 0.2 }, weightPpm: MILLION / 2 },
    ],
    metrics: [
      { metric: "success", missing: "failure", ttlMs: 60_000 },
      { metric: "quality", missing: "failure", ttlMs: 600_000 },
    ],
    unitWindowMs: 1_800_000,
    periodMs: 86_400_000,
    scoreFractionPpm: MILLION,
    designedEffect: 0.05,
    salt: "00".repeat(32),
    epoch: 1,
    state: "running",
    reason: "",
    createdAtMs: 0,
    createdBy: "system",
    startedAtMs: 0,
    stateChangedAtMs: 0,
    stateChangedBy: "system",
    stateReason: "",
    baseline: { temperature: 0.7 },
    fieldWriters: "",
    revision: 1,
    ...over,
  };
}

/** A unit as it is right after its draw, with two metrics. */
export function unitOf(over: Partial<EnrolledUnit> = {}): EnrolledUnit {
  return {
    experimentId: "exp-1",
    boot: 1,
    sequence: 0,
    key: "k",
    arm: 0,
    propensityPpm: MILLION / 2,
    epoch: 1,
    assignedAtMs: 1_000_000,
    scoreRequested: true,
    centres: [0.5, 0.5],
    reports: 0,
    counts: [0, 0],
    sums: [0, 0],
    scores: {},
    holders: {},
    ...over,
  };
}

/** The keyed hash of a salt in hexadecimal. */
export function keyedHash(salt: string): KeyedHash {
  const key = Buffer.from(salt, "hex");
  return (text) => createHmac("sha256", key).update(text, "utf8").digest();
}
