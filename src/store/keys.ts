/**
 * The key layout, and the only place where keys are built. Parts are separated by NUL, which no name may hold, so that no key of
 * one name is a prefix of another's; numbers are padded so that their order is the keys' order.
 *
 *   m NUL name                              metadata: schema, store, revision, checkpoint
 *   c NUL model                             stored layer of a model config
 *   h NUL revision NUL index                configuration change
 *   g NUL model NUL revision NUL index      the same change by model
 *   j NUL sequence                          journal record: the outcomes of one group commit
 *   a NUL scope NUL configId                arm: its scope and settings
 *   l NUL scope NUL configId NUL hour       cell
 *   i NUL sequence                          outcome ids that a checkpoint added to the window
 *   D NUL scope NUL configId NUL day        cell of a day whose hours were merged
 *   L NUL scope NUL configId                totals: the sum of all cells of an arm
 *   S NUL scope NUL configId NUL day        distributions of a day
 *   F NUL sequence                          targets of feedback that a checkpoint added
 *   G NUL sequence NUL index                scores by metric and source of an outcome that got feedback, by its place in the journal
 *   P NUL producerId                        sequence numbers that were seen of a producer
 *   d NUL openedAtMs NUL driftId            drift
 *   r NUL createdAtMs NUL recommendationId  recommendation
 *   v NUL overrideId                        override or pin
 *   p NUL model NUL type                    stored prompt template
 *   s NUL model NUL version                 saved version, with its content
 *   t NUL model NUL revision NUL version    the same version's place in the order of saving
 *   b NUL model NUL label                   label: the version it points to
 *   k NUL model NUL revision                stored layer of a model as of a revision, or null where it was removed
 *   n NUL snapshotId                        recorded snapshot
 *   q NUL sequence                          the snapshot's place in the order of recording
 *   w NUL scope                             id of the newest snapshot of a scope
 *   X NUL experimentId                      experiment
 *   V NUL model NUL name                    variant of a model config
 *   U NUL sequence                          unit of an experiment, from its assignment to the end of its period
 *   E NUL sequence                          scores of a unit as a whole, by metric and source
 *   Y NUL experimentId NUL sequence         unit that was released for inference
 *   T NUL experimentId                      what the released units of an experiment add up to
 *   e NUL experimentId                      evidence of an experiment: what inference knows of its released units
 *   W NUL scope NUL configId                what the watch for drifts knows of an arm
 *   W NUL scope                             the same of a scope: which models answered
 *   o NUL d|r NUL id                        drift or recommendation that still matters, the whole record again: what boot reads
 */
const NUL = "\u0000";
/** Sorts right after NUL: what a range of all keys with the same first parts ends before, whatever the next part holds. */
const AFTER_NUL = "\u0001";
const DIGITS = 16;

export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
}

function key(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (typeof part === "number" ? padded(part) : part)).join(NUL);
}

function padded(number: number): string {
  return String(number).padStart(DIGITS, "0");
}

/** All keys that start with the given parts. */
function below(...parts: readonly (string | number)[]): KeyRange {
  const prefix = key(...parts);
  return { gte: prefix + NUL, lt: prefix + AFTER_NUL };
}

export const keys = {
  meta: (
    name:
      | "schema"
      | "store"
      | "revision"
      | "checkpoint"
      | "sources"
      | "idSeed"
      | "sequences"
      | "unitsThrough"
      | "seasons"
      | "watchedThrough"
      | "scoreNames",
  ) => key("m", name),
  config: (model: string) => key("c", model),
  change: (revision: number, index: number) => key("h", revision, index),
  changeOfModel: (model: string, revision: number, index: number) =>
    key("g", model, revision, index),
  journal: (sequence: number) => key("j", sequence),
  arm: (scope: string, configId: string) => key("a", scope, configId),
  cell: (scope: string, configId: string, hour: number) => key("l", scope, configId, hour),
  outcomeIds: (sequence: number) => key("i", sequence),
  dailyCell: (scope: string, configId: string, day: number) => key("D", scope, configId, day),
  totals: (scope: string, configId: string) => key("L", scope, configId),
  distributions: (scope: string, configId: string, day: number) => key("S", scope, configId, day),
  targets: (sequence: number) => key("F", sequence),
  targetScores: (sequence: number, index: number) => key("G", sequence, index),
  producer: (producerId: string) => key("P", producerId),
  drift: (openedAtMs: number, driftId: string) => key("d", openedAtMs, driftId),
  recommendation: (createdAtMs: number, id: string) => key("r", createdAtMs, id),
  override: (overrideId: string) => key("v", overrideId),
  prompt: (model: string, type: string) => key("p", model, type),
  version: (model: string, version: string) => key("s", model, version),
  versionOrder: (model: string, revision: number, version: string) =>
    key("t", model, revision, version),
  label: (model: string, label: string) => key("b", model, label),
  pastConfig: (model: string, revision: number) => key("k", model, revision),
  snapshot: (snapshotId: string) => key("n", snapshotId),
  snapshotOrder: (sequence: number) => key("q", sequence),
  newestSnapshot: (scope: string) => key("w", scope),
  experiment: (experimentId: string) => key("X", experimentId),
  variant: (model: string, name: string) => key("V", model, name),
  unit: (sequence: number) => key("U", sequence),
  unitScores: (sequence: number) => key("E", sequence),
  releasedUnit: (experimentId: string, sequence: number) => key("Y", experimentId, sequence),
  tally: (experimentId: string) => key("T", experimentId),
  evidence: (experimentId: string) => key("e", experimentId),
  watchedArm: (scope: string, configId: string) => key("W", scope, configId),
  watchedScope: (scope: string) => key("W", scope),
  liveDrift: (driftId: string) => key("o", "d", driftId),
  liveRecommendation: (id: string) => key("o", "r", id),
};

export const ranges = {
  configs: below("c"),
  changes: below("h"),
  changesOfModel: (model: string) => below("g", model),
  journal: below("j"),
  arms: below("a"),
  armsOfScope: (scope: string) => below("a", scope),
  cellsOfArm: (scope: string, configId: string) => below("l", scope, configId),
  cellsOfScope: (scope: string) => below("l", scope),
  outcomeIds: below("i"),
  producers: below("P"),
  dailyCells: below("D"),
  dailyCellsOfArm: (scope: string, configId: string) => below("D", scope, configId),
  totals: below("L"),
  totalsOfScope: (scope: string) => below("L", scope),
  distributionsOfArm: (scope: string, configId: string) => below("S", scope, configId),
  targets: below("F"),
  targetScores: below("G"),
  drifts: below("d"),
  recommendations: below("r"),
  overrides: below("v"),
  prompts: below("p"),
  versions: below("s"),
  versionOrder: (model: string) => below("t", model),
  labels: below("b"),
  labelsOfModel: (model: string) => below("b", model),
  pastConfigs: (model: string) => below("k", model),
  snapshotOrder: below("q"),
  experiments: below("X"),
  variants: below("V"),
  units: below("U"),
  unitScores: below("E"),
  releasedUnits: (experimentId: string) => below("Y", experimentId),
  tallies: below("T"),
  evidence: below("e"),
  watched: below("W"),
  liveDrifts: below("o", "d"),
  liveRecommendations: below("o", "r"),
};

/** The day of the key of a daily cell or of distributions. */
export function dayOfKey(dayKey: string): number {
  return Number(dayKey.slice(-DIGITS));
}

/** The scope and the config id of the key of an arm or of its totals. */
export function armOfKey(armKey: string): readonly [scope: string, configId: string] {
  const [, scope = "", configId = ""] = armKey.split(NUL);
  return [scope, configId];
}

/** The hour of a cell's key. */
export function hourOfCellKey(cellKey: string): number {
  return Number(cellKey.slice(-DIGITS));
}

/** The key of the same change by model. */
export function changeOfModelKey(changeKey: string, model: string): string {
  const [, revision, index] = changeKey.split(NUL);
  return keys.changeOfModel(model, Number(revision), Number(index));
}

/** The producer of a producer's key. */
export function producerOfKey(producerKey: string): string {
  return producerKey.slice(2);
}

/** The sequence of a journal, outcome-ids, snapshot-order or unit-scores key. */
export function sequenceOfKey(sequenceKey: string): number {
  return Number(sequenceKey.slice(-DIGITS));
}
