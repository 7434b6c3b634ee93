import { expect, test } from "vitest";
import { metricReleaseAfterMs, releaseAfterMs } from "../../domain/experiment/experiment.ts";
import { experimentOf, unitOf } from "../../domain/experiment/experiment-fixtures.ts";
import { emptyTally } from "../../domain/experiment/tally.ts";
import { UnitTable } from "./unit-table.ts";

const experiment = experimentOf();
const waitMs = releaseAfterMs(experiment);

function tableOf(units: readonly { sequence: number; assignedAtMs: number }[]): UnitTable {
  const table = new UnitTable(experiment.salt, emptyTally(experiment));
  for (const at of units) {
    const unit = unitOf({ ...at, key: `k${at.sequence}` });
    table.add({ unit, isReleased: false, isSticky: true });
  }
  return table;
}

const UNITS = [0, 1, 2, 3].map((sequence) => ({ sequence, assignedAtMs: 1000 + sequence * 100 }));

test("releases units assigned before the cut, and none after", () => {
  const table = tableOf(UNITS);
  const at = { nowMs: 1200 + waitMs, through: 9, releasesMax: 9 };
  expect(table.sweep(experiment, at).released.map(({ unit }) => unit.sequence)).toEqual([0, 1]);
  expect(table.tally.cutMs).toBe(1200);
  expect(table.pending).toBe(2);
});

test("keeps its cut when the clock goes back", () => {
  const table = tableOf(UNITS);
  table.sweep(experiment, { nowMs: 1200 + waitMs, through: 9, releasesMax: 9 });
  const back = table.sweep(experiment, { nowMs: 0, through: 9, releasesMax: 9 });
  expect(back.released).toEqual([]);
  expect(table.tally.cutMs).toBe(1200);
});

test("holds back whatever is not on disk, and all that was assigned after it", () => {
  const table = tableOf(UNITS);
  const at = { nowMs: 9000 + waitMs, releasesMax: 9 };
  expect(table.sweep(experiment, { ...at, through: 1 }).released).toHaveLength(2);
  expect(table.tally.cutMs).toBe(1200);
  expect(table.sweep(experiment, { ...at, through: 3 }).released).toHaveLength(2);
});

test("releases a bounded number at a time, and says by its cut how far it is", () => {
  const table = tableOf(UNITS);
  const at = { nowMs: 9000 + waitMs, through: 9, releasesMax: 3 };
  expect(table.sweep(experiment, at).released).toHaveLength(3);
  expect(table.tally.cutMs).toBe(1300);
  // What is left is due although every metric of it is final: without another outcome it would wait for ever.
  expect(table.isDue(experiment, at.nowMs)).toBe(true);
  expect(table.sweep(experiment, at).released).toHaveLength(1);
  expect(table.tally.cutMs).toBe(9000);
});

test("forgets units whose period is over, and all once the experiment ended", () => {
  const table = tableOf(UNITS);
  const at = (nowMs: number) => ({ nowMs, periodMs: experiment.periodMs });
  expect(table.find("k1", at(2000))?.unit.sequence).toBe(1);
  expect(table.find("k1", at(1100 + experiment.periodMs))).toBeUndefined();
  table.sweep(experimentOf({ state: "concluded" }), { nowMs: 2000, through: 9, releasesMax: 9 });
  expect(table.find("k1", at(2000))).toBeUndefined();
});

test("makes units final metric by metric, each by its own deadline, and keeps that when the clock goes back", () => {
  const table = tableOf(UNITS);
  const afterMs = metricReleaseAfterMs(experiment, { ttlMs: 60_000 });
  const at = { nowMs: 1200 + afterMs, through: 9, releasesMax: 9 };
  expect(table.isDue(experiment, at.nowMs)).toBe(true);
  expect(table.sweep(experiment, at).released).toEqual([]);
  expect(table.tally.releases).toEqual([
    { through: 1, cutMs: 1200 },
    { through: -1, cutMs: 0 },
  ]);
  expect(table.ahead(0).map(({ sequence }) => sequence)).toEqual([0, 1]);
  expect(table.ahead(1)).toEqual([]);
  expect([0, 1, 2].map((sequence) => table.isFinal({ sequence }, 0))).toEqual([true, true, false]);
  table.sweep(experiment, { ...at, nowMs: 0 });
  expect(table.ahead(0)).toHaveLength(2);
  table.sweep(experiment, { nowMs: 9000 + waitMs, through: 9, releasesMax: 3 });
  expect([0, 1].map((metric) => table.ahead(metric).length)).toEqual([1, 1]);
});

test("holds back what is not on disk for every metric", () => {
  const table = tableOf(UNITS);
  table.sweep(experiment, { nowMs: 9000 + waitMs, through: 1, releasesMax: 0 });
  expect(table.tally.releases.map(({ through }) => through)).toEqual([1, 1]);
});
