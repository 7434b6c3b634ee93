import { assert } from "./assert.ts";

// Every bound of the daemon, with its unit and the reason for its size. A loop, queue, cache or map without a bound here does not merge.

/** Characters of a model's name. Longer than any name in public catalogs. */
export const MODEL_NAME_LENGTH_MAX = 256;
/** Characters of a unit. Room for a prefixed UUID or a path. */
export const UNIT_LENGTH_MAX = 256;
/** Attributes of one request, and labels of one outcome. */
export const ATTRIBUTES_MAX = 16;
/** Characters of an attribute's or label's key. */
export const ATTRIBUTE_KEY_LENGTH_MAX = 64;
/** Characters of an attribute's or label's value. */
export const ATTRIBUTE_VALUE_LENGTH_MAX = 256;
/** Scores of one outcome, with those that feedback brings. */
export const SCORES_MAX = 16;
/** Sources of one score: judges and people that one mean is made of. With names of 256 characters a target stays below 100 kB. */
export const SOURCES_PER_SCORE_MAX = 16;
/** Names of scores in a store, beside the four known ones: each has sums of its own in every cell, about 150 bytes. */
export const SCORE_NAMES_MAX = 64;
/** Characters of a score's name. */
export const SCORE_NAME_LENGTH_MAX = 64;
/** Characters of an outcome's id. Room for a UUID with a prefix. */
export const OUTCOME_ID_LENGTH_MAX = 128;
/** Characters of a short free text of an outcome: finish reason, response model, external reference, producer. */
export const OUTCOME_TEXT_LENGTH_MAX = 256;
/** Characters of the reason of a write. */
export const REASON_LENGTH_MAX = 1024;
/** Characters of a text of a model config: description, special instructions, one optimization tip. */
export const CONFIG_TEXT_LENGTH_MAX = 4096;
/** Entries of a list of a model config. */
export const CONFIG_LIST_MAX = 64;
/** Stop sequences of one settings. */
export const STOP_SEQUENCES_MAX = 16;
/** Characters of a stop sequence. */
export const STOP_SEQUENCE_LENGTH_MAX = 256;
/** Additional parameters of one rendering. */
export const ADDITIONAL_PARAMS_MAX = 64;
/** Items of a batch of lookups or outcomes. */
export const BATCH_ITEMS_MAX = 1000;
/** Entries of a page where the request names none. */
export const PAGE_SIZE_DEFAULT = 50;
/** Entries of a page; larger requests are clamped. */
export const PAGE_SIZE_MAX = 1000;
/** Stored model configs. Ten times the models of the largest public catalog. */
export const MODELS_MAX = 20_000;
/** Writes of one model that can be compared and gone back to. About 3 kB each. */
export const PAST_CONFIGS_MAX = 1_000;
/** Recorded snapshots of all scopes together. About 1 kB each; older ones make room. */
export const SNAPSHOTS_MAX = 10_000;
/** Entries of a snapshot's own metadata. */
export const SNAPSHOT_METADATA_MAX = 16;
/** Saved versions of one model. A release a day for years. */
export const VERSIONS_MAX = 1_000;
/** Characters of a version's name. Room for a commit hash with a prefix. */
export const VERSION_NAME_LENGTH_MAX = 128;
/** Labels of one model. */
export const LABELS_PER_MODEL_MAX = 64;
/** Hourly cells of scopes that are kept in memory for the loop's comparisons in time. About 500 bytes each, 10 MB. */
export const SCOPE_HOURS_KEPT_MAX = 20_000;
/** Scopes of which a pass of the loop looks at every hour: some 150 ms of processor time each for ten arms of 30 days. */
export const HOUR_LOOKS_PER_PASS_MAX = 10;
/** Scopes of which what such a look found is kept. About 12 kB each, 12 MB. */
export const IMPACTS_KEPT_MAX = 1_000;
/** Versions that a label remembers it was given: enough to find the newest one again after some steps back. */
export const VERSIONS_GIVEN_MAX = 32;
/** Characters of a label. */
export const LABEL_LENGTH_MAX = 64;
/** Dimensions that partition statistics. More would spread the data too thin to say anything. */
export const DIMENSIONS_MAX = 4;
/** Resolved answers kept per snapshot, by (model, phase, attributes). Beyond it the oldest are dropped and computed again. */
export const RESOLUTIONS_CACHED_MAX = 10_000;
/** Outcomes, and scores of feedback, that wait for a group commit. About 20 MB; beyond it callers are told to wait. */
export const OUTCOMES_QUEUED_MAX = 50_000;
/** Bytes of the outcomes that wait, estimated: usual ones reach their number first, those with many labels or long texts this. */
export const OUTCOMES_QUEUED_BYTES_MAX = 32 * 1024 * 1024;
/** Bytes of the outcomes of one group commit, estimated: their record is held twice while it is written. */
export const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Outcomes of one group commit, so that one synced write stays short. */
export const OUTCOMES_PER_GROUP_MAX = 10_000;
/** Outcome ids that are remembered. 13 bytes each, 52 MB. */
export const OUTCOME_IDS_MAX = 4_000_000;
/** How long an outcome id is remembered, in milliseconds: a day. */
export const OUTCOME_ID_TTL_MS = 24 * 60 * 60 * 1000;
/** Producers whose sequence numbers are remembered. About 400 bytes each, 4 MB. */
export const PRODUCERS_MAX = 10_000;
/** How far apart, in numbers, the outcomes of one producer may arrive: larger than any batch, a multiple of 32. */
export const SEQUENCES_IN_FLIGHT_MAX = 4_096;
/** Streams of outcomes open at once: one per agent process beside the daemon, with room. */
export const OUTCOME_STREAMS_MAX = 256;
/** Outcomes that feedback can still correct. 29 bytes each, 29 MB; 340 more for each known pair among their arms, 7 MB. */
export const FEEDBACK_TARGETS_MAX = 1_000_000;
/** How long feedback can correct an outcome, in milliseconds: a week; one that brought scores of its own, as long as the journal. */
export const FEEDBACK_TTL_MS = 7 * 24 * 60 * 60 * 1000;
/** Bytes of the scores that units have as a whole, on disk, about: 256 MiB, some two million units. The oldest go first. */
export const UNIT_SCORES_BYTES_MAX = 256 * 1024 * 1024;
/** How long a report waits for the ids of the time before the start to be read, in milliseconds. */
export const IDS_WAIT_MAX_MS = 10_000;
/** Outcomes since the last checkpoint that set one off: what a start has to fold again, about half a second. */
export const OUTCOMES_PER_CHECKPOINT_MAX = 50_000;
/** Cells with changes that no checkpoint holds yet. Reaching it sets a checkpoint off. */
export const DIRTY_CELLS_MAX = 4_000;
/**
 * Bytes of changed cells and distributions in memory, estimated: half of the 32 MB of the current hour, because those of a checkpoint
 * under way come on top. Reaching it sets a checkpoint off; at twice as much, outcomes wait for it.
 */
export const DELTA_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Bytes of the journal on disk where no option says otherwise, about: 1 GiB, some twenty million raw outcomes. What is beyond it, or
 * older than a day, is removed.
 */
export const JOURNAL_BYTES_DEFAULT = 1024 * 1024 * 1024;
/** Least bytes of the journal that an option may set: several checkpoints' worth at full load. */
export const JOURNAL_BYTES_MIN = 16 * 1024 * 1024;
/** Revisions whose changes are kept one by one: a change every five minutes for a year. */
export const CHANGES_REVISIONS_MAX = 100_000;
/** Drifts, and as many recommendations, that are kept after they were resolved or closed. */
export const CLOSED_FINDINGS_MAX = 10_000;
/** How long cells are kept by hour, in milliseconds: 14 days. Then the hours of a day are merged. */
export const HOURLY_CELLS_TTL_MS = 14 * 24 * 60 * 60 * 1000;
/** Days of cells and of distributions that are kept of an arm: a year, and room to compare with the one before. */
export const DAILY_CELLS_MAX = 400;
/**
 * (scope, arm) pairs that are live: outcomes of them came in in the present hour. Their changes take at most 32 MB (DELTA_BYTES_MAX).
 * Beyond it outcomes count for the overflow arm, which is never a candidate.
 */
export const LIVE_PAIRS_MAX = 2_000;
/**
 * (scope, arm) pairs that are known: 1,000 scopes of 10 arms, and as many that were before. About 400 bytes each in memory, 8 MB; their
 * cells are on the disk. Beyond it new ones count for the overflow arm.
 */
export const KNOWN_PAIRS_MAX = 20_000;
/** Room for new pairs that forgetting old ones keeps free: what an hour can bring. */
export const KNOWN_PAIRS_SPARE = 2_000;
/** New pairs of one scope in an hour: five times the levels that an analysis judges. More are made up by a program. */
export const NEW_ARMS_PER_SCOPE_MAX = 200;
/** Outcomes that a pair has a history with: with fewer no analysis judges it. */
export const ESTABLISHED_OUTCOMES_MIN = 10;
/** Hours without an outcome after which a pair with a history may be forgotten, where there is no room for new ones: 30 days. */
export const PAIR_UNHEARD_HOURS = 30 * 24;
/** How far ahead of the daemon's clock an outcome may have happened, in milliseconds: an hour. */
export const CLOCK_SKEW_MAX_MS = 60 * 60 * 1000;
/** How far the clocks of an outcome may disagree before it is counted as skewed, in milliseconds: NTP keeps them within a second. */
export const CLOCK_SKEW_NOTED_MS = 1_000;
/** Largest latency of an outcome, in milliseconds: a week. */
export const LATENCY_MS_MAX = 7 * 24 * 60 * 60 * 1000;
/** Largest cost of an outcome, in US dollars. Sums of 2^53 nano-dollars stay exact beyond 9 million dollars. */
export const COST_USD_MAX = 100_000;
/** Largest token count of an outcome. */
export const TOKENS_MAX = 1_000_000_000;
/** Largest number of retries or iterations of an outcome. */
export const ATTEMPTS_MAX = 10_000;
/** Scopes that one request for drifts looks at: some 10 ms of processor time each. */
export const SCOPES_DETECTED_MAX = 50;
/** Recommendations and drifts that are open at once; more are not opened, and counted. */
export const OPEN_FINDINGS_MAX = 1_000;
/** (model, phase) pairs with series of their own in /metrics; further ones fold into "other". */
export const METRIC_PAIRS_MAX = 200;
/** Decisions of one pass of the loop that are kept for GetLoopStatus. */
export const LOOP_DECISIONS_MAX = 200;

assert(OUTCOMES_PER_GROUP_MAX >= BATCH_ITEMS_MAX, "one request's batch fits one group commit");
assert(OUTCOMES_QUEUED_MAX >= OUTCOMES_PER_GROUP_MAX, "a full group fits the queue");
assert(KNOWN_PAIRS_SPARE >= LIVE_PAIRS_MAX, "an hour's new pairs find room");
assert(PAGE_SIZE_DEFAULT <= PAGE_SIZE_MAX, "the default page is allowed");
