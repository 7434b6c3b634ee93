import { expect, test } from "vitest";
import { SCOPE_HOURS_KEPT_MAX } from "../domain/kernel/limits.ts";
import { type Cell, EMPTY_CELL } from "../domain/outcome/cell.ts";
import { armAt } from "../domain/outcome/outcome-fixtures.ts";
import { Slices } from "../platform/slices.ts";
import type { LiveArm } from "./arms.ts";
import { HOUR_MS } from "./cells.ts";
import { ScopeHours } from "./scope-hours.ts";

/** Scopes of one arm with so many hours, and how often each was read. */
function world(hoursOf: (scope: string) => number) {
  const reads: string[] = [];
  const clock = { ms: 1_000 * HOUR_MS, nowMs: () => clock.ms };
  const cells = {
    async readHours(scope: string, window: { readonly until: number }) {
      reads.push(scope);
      const live = { arm: armAt(0.7), scopeKey: scope } as LiveArm;
      const byHour = new Map<number, Cell>();
      for (let hour = window.until - hoursOf(scope); hour < window.until; hour++)
        byHour.set(hour, { ...EMPTY_CELL, outcomes: 3, truncated: 2 });
      return [{ live, byHour }];
    },
  };
  const hours = new ScopeHours(cells, clock);
  return { reads, clock, read: (scope: string) => hours.read(scope, new Slices()) };
}

test("the hours of a scope are read once while no further hour is closed", async () => {
  const { read, reads, clock } = world(() => 3);
  const first = await read("a");
  expect([...(first.values().next().value ?? [])].map(([hour]) => hour)).toStrictEqual([
    996, 997, 998,
  ]);
  expect(await read("a")).toBe(first);
  clock.ms += HOUR_MS;
  expect(await read("a")).not.toBe(first);
  expect(reads).toStrictEqual(["a", "a"]);
});

test("of a cell only what scores are computed from is kept", async () => {
  const { read } = world(() => 1);
  const [byHour] = [...(await read("a")).values()];
  expect([...(byHour?.values() ?? [])]).toMatchObject([{ outcomes: 3, truncated: 0 }]);
});

test("a bounded number of hours is kept: the scope that was asked for longest ago makes room", async () => {
  const { read, reads } = world(() => SCOPE_HOURS_KEPT_MAX / 2);
  await read("a");
  await read("b");
  await read("a");
  await read("c");
  await read("a");
  expect(reads).toStrictEqual(["a", "b", "c"]);
  await read("b");
  expect(reads).toStrictEqual(["a", "b", "c", "b"]);
});
