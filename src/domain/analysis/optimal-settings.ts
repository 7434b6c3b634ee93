import type { Interval } from "../../stats/interval.ts";
import { meanOf } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import { canonicalSettings, type Settings } from "../config/settings.ts";
import { type ComparableLevel, comparableLevels } from "./comparable-level.ts";
import { compareLevelsSteps, type LevelVerdict } from "./level-comparison.ts";
import { type MeasuredArm, ratePerDay } from "./measured-arm.ts";
import { inUnit, type Metric, utilitySums } from "./metric.ts";
import { type AnalysisTime, LEVELS_MAX, meanIntervalIn } from "./parameter-impact.ts";
import { type TimeToAnswer, timeToAnswer } from "./time-to-answer.ts";

/** Outcomes that settings need to be judged, where nobody says otherwise (seed decision X16). */
export const MIN_SAMPLES_DEFAULT = 10;
/** Served values further than this from the best evidenced ones are worth a suggestion (X16). */
const TEMPERATURE_OFF = 0.2;
const TOKENS_OFF = 500;
/** 0.5 - 0.3 is 0.20000000000000001 in other words: no further than 0.2. */
const EPSILON = 1e-9;

/** Settings that were used, as a whole; mean and interval in the metric's unit. */
export interface SettingsOption {
  readonly configId: string;
  readonly settings: Settings;
  readonly sampleSize: number;
  readonly mean: number;
  readonly interval: Interval;
  /** Not shown to be worse than the best; undefined with fewer than the samples asked for, or in doubt. */
  readonly isOptimal: boolean | undefined;
  readonly isInDoubt: boolean;
  /** By how much the best settings, whichever they are, are better, in the metric's unit; undefined with too few samples. */
  readonly shortfall: Interval | undefined;
}

export interface SettingSuggestion {
  readonly parameter: string;
  readonly current: number;
  readonly suggested: number;
  readonly text: string;
}

export interface OptimalSettings {
  readonly status: "ok" | "insufficient_data";
  readonly metric: Metric;
  /** Best lower bound first; those with too few outcomes last. */
  readonly options: readonly SettingsOption[];
  readonly best: SettingsOption | undefined;
  readonly suggestions: readonly SettingSuggestion[];
  readonly isDistinguishable: boolean;
  readonly sampleSize: number;
  readonly samplesNeeded: number;
  readonly timeToAnswer: TimeToAnswer;
}

/** Settings that were used, with one of the arms that used them. */
interface SettingsGroup {
  readonly arm: MeasuredArm;
  readonly level: ComparableLevel;
}

/**
 * The best evidenced of the settings that were used: that with the highest lower bound. An average of settings was never tried, so it is
 * never an answer. Served values are held against it where they are shown to be worse, or were never measured.
 */
export function* optimalSettingsSteps(
  arms: readonly MeasuredArm[],
  question: {
    readonly metric: Metric;
    readonly minSamples: number;
    readonly served: Settings;
    readonly time: AnalysisTime;
  },
): Steps<OptimalSettings> {
  const { metric, minSamples, served, time } = question;
  const groups = settingsGroups(arms, metric);
  const judged = groups.filter(({ level }) => level.sums.n >= minSamples).slice(0, LEVELS_MAX);
  const order = orderOf(judged.map(({ arm }) => arm.settings));
  if (order) judged.sort((a, b) => order(a.arm.settings) - order(b.arm.settings));
  const comparison =
    judged.length > 1
      ? yield* compareLevelsSteps(
          judged.map(({ level }) => level),
          { isOrdered: order !== undefined, ...time },
        )
      : undefined;
  const options: SettingsOption[] = [];
  for (const group of groups) {
    const place = judged.indexOf(group);
    const verdict = comparison?.verdicts[place];
    options.push(optionOf(group, metric, { isJudged: place >= 0, verdict }));
    yield;
  }
  const ordered = options.toSorted(
    (a, b) => rank(b) - rank(a) || lowerBound(b, metric) - lowerBound(a, metric),
  );
  const best = ordered.find(({ isOptimal }) => isOptimal === true);
  const isDistinguishable = options.some(({ isOptimal }) => isOptimal === false);
  const lacking = best ? 0 : Math.max(1, Math.ceil(minSamples - (groups[0]?.level.sums.n ?? 0)));
  return {
    status: best ? "ok" : "insufficient_data",
    metric,
    options: ordered,
    best,
    suggestions: best ? suggestionsOf(served, best, options) : [],
    isDistinguishable,
    sampleSize: options.reduce((sum, { sampleSize }) => sum + sampleSize, 0),
    samplesNeeded: lacking,
    timeToAnswer: timeToAnswer({
      metric,
      levels: groups.map(({ level }) => level.sums),
      lacking,
      perDay: ratePerDay(arms, (cell) => utilitySums(cell, metric).n, time.nowHour),
    }),
  };
}

/** Settings by their outcomes, most first; those without any are left out. */
function settingsGroups(arms: readonly MeasuredArm[], metric: Metric): readonly SettingsGroup[] {
  const bySettings = [...Map.groupBy(arms, ({ settings }) => canonicalSettings(settings)).values()];
  return comparableLevels(bySettings, metric)
    .flatMap((level, index) => {
      const arm = bySettings[index]?.[0];
      return arm ? [{ arm, level }] : [];
    })
    .filter(({ level }) => level.sums.n > 0)
    .toSorted((a, b) => b.level.sums.n - a.level.sums.n);
}

/** Settings that are judged alone have no verdict, and nothing shows them to be worse. */
function optionOf(
  { arm, level }: SettingsGroup,
  metric: Metric,
  { isJudged, verdict }: { readonly isJudged: boolean; readonly verdict: LevelVerdict | undefined },
): SettingsOption {
  const isInDoubt = verdict?.standing === "in_doubt";
  return {
    configId: arm.configId ?? "",
    settings: arm.settings,
    sampleSize: level.sampleSize,
    mean: inUnit(metric, meanOf(level.sums) ?? 0),
    interval: meanIntervalIn(metric, level.sums),
    isOptimal: !isJudged || isInDoubt ? undefined : verdict?.standing !== "worse",
    isInDoubt,
    shortfall: verdict?.shortfall && {
      low: verdict.shortfall.low * metric.max,
      high: verdict.shortfall.high * metric.max,
    },
  };
}

/**
 * What settings that differ in one numeric parameter only are ordered by, so that they are compared as its levels are; undefined where
 * they differ in more.
 */
function orderOf(all: readonly Settings[]): ((settings: Settings) => number) | undefined {
  const keys = new Set(all.flatMap((settings) => Object.keys(settings) as (keyof Settings)[]));
  const differing = [...keys].filter(
    (key) => new Set(all.map((settings) => JSON.stringify(settings[key]))).size > 1,
  );
  const [only, ...more] = differing;
  if (!only || more.length > 0) return undefined;
  if (!all.every((settings) => typeof settings[only] === "number")) return undefined;
  return (settings) => Number(settings[only]);
}

function rank({ isOptimal }: SettingsOption): number {
  return isOptimal === true ? 2 : isOptimal === false ? 1 : 0;
}

function lowerBound({ interval }: SettingsOption, { better }: Metric): number {
  return better === "higher" ? interval.low : -interval.high;
}

function suggestionsOf(
  served: Settings,
  best: SettingsOption,
  options: readonly SettingsOption[],
): SettingSuggestion[] {
  const fields = [
    { parameter: "temperature", key: "temperature", off: TEMPERATURE_OFF },
    { parameter: "max_tokens", key: "maxTokens", off: TOKENS_OFF },
  ] as const;
  return fields.flatMap(({ parameter, key, off }) => {
    const [current, suggested] = [served[key], best.settings[key]];
    if (current === undefined || suggested === undefined) return [];
    if (Math.abs(current - suggested) <= off + EPSILON) return [];
    const measured = options.filter(({ settings }) => settings[key] === current);
    if (measured.some(({ isOptimal }) => isOptimal === true)) return [];
    const why = measured.some(({ isOptimal }) => isOptimal === false)
      ? "is shown to be worse"
      : measured.some(({ isInDoubt }) => isInDoubt)
        ? "is in doubt"
        : "was measured too little to be judged";
    const text = `${parameter} ${current} is served and ${why}; the best evidenced settings have ${suggested}`;
    return [{ parameter, current, suggested, text }];
  });
}
