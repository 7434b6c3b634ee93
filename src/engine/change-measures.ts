import type { ChangedArms } from "../domain/analysis/change-impact.ts";
import type { MeasuredArm } from "../domain/analysis/measured-arm.ts";
import type { ConfigurationChange } from "../domain/config/change.ts";
import type { Phase } from "../domain/config/phase.ts";
import type { Attributes } from "../domain/config/scope.ts";
import { type SettingValue, sameSetting, settingFieldOf } from "../domain/config/settings.ts";
import { keys, ranges } from "../store/keys.ts";
import { measureStrata } from "./arm-measures.ts";
import { HOUR_MS } from "./cells.ts";
import type { Engine } from "./engine.ts";

/** Hours around a change: from the first, included, to the last, excluded; `at` is the change itself, in milliseconds. */
export interface ChangedTimes {
  readonly from: number;
  readonly at: number;
  readonly until: number;
}

/** What was measured around a change. */
export interface MeasuredAround {
  readonly phase: Phase;
  readonly times: ChangedTimes;
  readonly arms: ChangedArms;
}

/** The changes of a revision, or the one with an id. Empty where there is none. */
export async function findChanges(
  engine: Engine,
  wanted: { readonly changeId: string; readonly revision?: number },
): Promise<ConfigurationChange[]> {
  const { changeId, revision } = wanted;
  const found: ConfigurationChange[] = [];
  const range =
    revision === undefined
      ? ranges.changes
      : { gte: keys.change(revision, 0), lt: keys.change(revision + 1, 0) };
  const all = engine.store.scan<ConfigurationChange>({
    range,
    ...(revision === undefined ? { reverse: true as const } : {}),
  });
  for await (const [, change] of all) {
    if (changeId !== "" && change.changeId !== changeId) continue;
    if (changeId === "" && revision === undefined) break;
    found.push(change);
    if (changeId !== "") break;
  }
  return found;
}

/**
 * The arms of the changed model and phase before and after. An hour before that of the change is before, one after it is after. Within
 * its own hour an arm counts for the side whose value of the changed parameter it names, and for none where it names neither. The
 * neighbouring changes of the same phase end the time that is looked at.
 */
export async function measureAround(
  engine: Engine,
  changes: readonly ConfigurationChange[],
  how: { readonly attributes: Attributes; readonly hours: number },
): Promise<MeasuredAround> {
  const [first] = changes;
  if (!first) throw new RangeError("there is a change");
  const phase = changes.find((change) => change.phase !== undefined)?.phase ?? "execution";
  const times = await timesOf(engine, first, { phase, hours: how.hours });
  const changedHour = Math.floor(times.at / HOUR_MS);
  const attributes = { ...how.attributes, ...first.attributes };
  const arms = await measureStrata(
    engine,
    { model: first.model, phase, attributes },
    { from: times.from, until: times.until },
  );
  const side = (values: "oldValue" | "newValue", isOutside: (hour: number) => boolean) =>
    arms.flatMap((arm) =>
      sideOf(arm, (hour) =>
        hour === changedHour ? hasValues(arm, changes, values) : isOutside(hour),
      ),
    );
  return {
    phase,
    times,
    arms: {
      before: side("oldValue", (hour) => hour < changedHour),
      after: side("newValue", (hour) => hour > changedHour),
    },
  };
}

/** An arm's cells of some hours, each as an arm of its own. */
function sideOf(arm: MeasuredArm, isIn: (hour: number) => boolean): MeasuredArm[] {
  return [...(arm.hours ?? [])].flatMap(([hour, cell]) =>
    isIn(hour) ? [{ ...arm, cell, hours: new Map([[hour, cell]]) }] : [],
  );
}

/** Whether an arm names the values that the changes had on one side; those that are no settings are left out. */
function hasValues(
  { settings }: MeasuredArm,
  changes: readonly ConfigurationChange[],
  side: "oldValue" | "newValue",
): boolean {
  const told = changes.flatMap((change) => {
    const field = settingFieldOf(change.parameter);
    return field ? [{ own: settings[field.key], value: change[side] as SettingValue }] : [];
  });
  return told.length > 0 && told.every(({ own, value }) => sameSetting(own, value));
}

async function timesOf(
  engine: Engine,
  change: ConfigurationChange,
  about: { readonly phase: Phase; readonly hours: number },
): Promise<ChangedTimes> {
  const hour = Math.floor(change.atMs / HOUR_MS);
  let from = hour - about.hours;
  let until = hour + about.hours + 1;
  const range = ranges.changesOfModel(change.model);
  for await (const [, other] of engine.store.scan<ConfigurationChange>({ range })) {
    const isRelated = other.phase === undefined || other.phase === about.phase;
    if (!isRelated || other.revision === change.revision) continue;
    const otherHour = Math.floor(other.atMs / HOUR_MS);
    // Hours that hold another change belong to neither side, except the hour of this one.
    if (other.revision < change.revision && otherHour < hour) from = Math.max(from, otherHour + 1);
    if (other.revision > change.revision && otherHour > hour) until = Math.min(until, otherHour);
  }
  return { from, at: change.atMs, until };
}
