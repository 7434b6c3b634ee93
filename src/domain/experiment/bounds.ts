import { assert } from "../kernel/assert.ts";

// Bounds of experiments, with their units and reasons.

/** Experiments in the store, whatever their state. Their records are held in memory. */
export const EXPERIMENTS_MAX = 1_000;
/** Room for new experiments that is kept free: beyond it the ones that ended first are forgotten, results and all. */
export const EXPERIMENTS_SPARE = 100;
/** Variants in the store. */
export const VARIANTS_MAX = 1_000;
/** Arms of one experiment. More would spread the units too thin to answer anything. */
export const ARMS_MAX = 10;
/** Metrics of one experiment. */
export const EXPERIMENT_METRICS_MAX = 8;
/** Characters of the name of an experiment, an arm or a variant. */
export const EXPERIMENT_NAME_LENGTH_MAX = 128;
/** Outcomes that count of a lookup that is its own unit: the call, and copies of it that were raced against each other. Others are late. */
export const REPORTS_PER_LOOKUP_MAX = 15;
/** Units in the table at once, over all experiments: about 60 MB. Beyond it lookups are not enrolled. */
export const UNITS_HELD_MAX = 100_000;
/** Units of one experiment in its whole life, so that its log stays below 100 MB. Beyond it lookups are not enrolled. */
export const UNITS_PER_EXPERIMENT_MAX = 1_000_000;
/**
 * Units of all experiments whose records are kept, about 100 bytes each, 500 MB. Beyond it those of the experiments that ended first are
 * removed; where that is not enough, lookups are not enrolled.
 */
export const UNIT_RECORDS_MAX = 5_000_000;
/** Units enrolled a second: what the disk takes beside outcomes. Beyond it lookups are not enrolled. */
export const ENROLMENTS_PER_SECOND_MAX = 2_000;
/** Assignments that wait for the disk. Reaching it means that the disk does not keep up: lookups are not enrolled. */
export const ASSIGNMENTS_QUEUED_MAX = 10_000;
/** Sequence numbers reserved at once: half a block lasts longer than a slow sync at the highest rate. */
export const SEQUENCE_BLOCK = 100_000;
/** Starts of the daemon whose last journalled sequence is remembered. Tokens of older ones are older than a day anyway. */
export const BOOTS_REMEMBERED_MAX = 1_000;
/** Comparisons of a season, fixed in advance because unused ones count too: as many as a team starts in a month. */
export const SEASON_SLOTS = 50;
/** Finished seasons that are kept, of both kinds together. About 5 kB each. */
export const SEASONS_KEPT_MAX = 20;
/** Released units of one experiment that one pass of the loop folds: some hundred milliseconds, in slices. */
export const UNITS_FOLDED_PER_PASS_MAX = 20_000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long after its first lookup the calls of a unit count, in milliseconds. */
export const UNIT_WINDOW_MS_DEFAULT = 30 * MINUTE_MS;
export const UNIT_WINDOW_MS_MAX = DAY_MS;
/** How long a unit keeps its arm, in milliseconds: a day, within which sessions end. */
export const PERIOD_MS_DEFAULT = DAY_MS;
export const PERIOD_MS_MAX = 30 * DAY_MS;
/** Attribution window of a metric, in milliseconds: outcomes are refused a day after their decision. */
export const METRIC_TTL_MS_MAX = DAY_MS;
/** How long the records of an experiment's units are kept after its end, in milliseconds: 30 days. What they add up to stays. */
export const UNIT_RECORDS_TTL_MS = 30 * DAY_MS;
/** The effect that is planned for where none is named, on the metric's scale of 0 to 1. */
export const DESIGNED_EFFECT_DEFAULT = 0.05;

assert(ENROLMENTS_PER_SECOND_MAX * 10 <= SEQUENCE_BLOCK, "a block lasts for seconds");
assert(UNITS_PER_EXPERIMENT_MAX < UNIT_RECORDS_MAX, "one experiment leaves room for others");
assert(ASSIGNMENTS_QUEUED_MAX <= SEQUENCE_BLOCK / 2, "what waits for the disk fits half a block");
