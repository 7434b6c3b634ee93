import { expect, test } from "vitest";
import { NEW_APPLIED_WATCH } from "../domain/drift/applied-watch.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import { foldMetric, NEW_METRIC_WATCH } from "../domain/drift/metric-watch.ts";
import { armAt } from "../domain/outcome/outcome-fixtures.ts";
import { Slices } from "../platform/slices.ts";
import { finish } from "../stats/steps.ts";
import { keys } from "../store/keys.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { type ArmWatch, WatchedArms } from "./watched-arms.ts";

const HOUR_MS = 3_600_000;

function watchAt(temperature: number, heardMs: number): [key: string, watch: ArmWatch] {
  const arm = armAt(temperature);
  const about = { isHeavy: false, detectors: 20 };
  const quality = foldMetric(NEW_METRIC_WATCH, { value: temperature, atMs: heardMs }, about);
  const watch = { arm, metrics: { quality }, applied: NEW_APPLIED_WATCH, heardMs };
  return [keys.watchedArm("scope", arm.configId), watch];
}

/** A finding of every watch above a temperature. */
function findingsOf({ arm }: ArmWatch): DriftFinding[] {
  const served = arm.settings.temperature ?? 0;
  return served > 0.5 ? [{ served } as unknown as DriftFinding] : [];
}

test("what heard nothing for an hour leaves memory with its findings, and comes back as it was", async () => {
  const { store } = await openMemoryStore();
  const arms = new WatchedArms(store);
  const [recent, quiet, found, unsaved] = [
    watchAt(0.1, 10 * HOUR_MS),
    watchAt(0.2, HOUR_MS),
    watchAt(0.9, HOUR_MS),
    watchAt(0.3, HOUR_MS),
  ];
  for (const [key, watch] of [recent, quiet, found, unsaved]) arms.set(key, watch);
  const stored = [recent, quiet, found].map(([put, json]) => ({ put, json }));
  await store.write(stored, "sync");
  const isStored = (key: string) => key !== unsaved[0];
  finish(arms.putAsideSteps({ nowMs: 10 * HOUR_MS, isStored, findingsOf }));
  expect([recent, quiet, found, unsaved].map(([key]) => arms.get(key) !== undefined)).toEqual([
    true,
    false,
    false,
    true,
  ]);
  const findings = () => finish(arms.findingSteps(0, findingsOf)).map(({ served }) => served);
  expect(findings()).toEqual([0.9]);
  await arms.fetch([quiet[0], found[0], "unknown"], new Slices());
  expect([arms.get(quiet[0]), arms.get(found[0])]).toEqual([quiet[1], found[1]]);
  expect(arms.get("unknown")).toBeUndefined();
  expect(findings()).toEqual([0.9]);
});

test("of what was put aside nothing is told once its settings are out of use", async () => {
  const { store } = await openMemoryStore();
  const arms = new WatchedArms(store);
  const [key, watch] = watchAt(0.9, HOUR_MS);
  arms.set(key, watch);
  finish(arms.putAsideSteps({ nowMs: 3 * HOUR_MS, isStored: () => true, findingsOf }));
  expect(finish(arms.findingSteps(HOUR_MS, findingsOf))).toHaveLength(1);
  expect(finish(arms.findingSteps(2 * HOUR_MS, findingsOf))).toEqual([]);
  expect([...arms.keys()]).toEqual([]);
});
