import { expect, test } from "vitest";
import { CHANGES_REVISIONS_MAX, CLOSED_FINDINGS_MAX } from "../domain/kernel/limits.ts";
import { keys, ranges } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { trimHistory } from "./history-retention.ts";

test("changes of old revisions go, under their revision and under their model", async () => {
  const { store } = await openMemoryStore();
  const ops: StoreOp[] = [1, 2, 3].flatMap((revision): StoreOp[] => [
    { put: keys.change(revision, 0), json: { model: "m" } },
    { put: keys.changeOfModel("m", revision, 0), json: { model: "m" } },
  ]);
  ops.push({ put: keys.meta("revision"), json: CHANGES_REVISIONS_MAX + 3 });
  await store.write(ops, "sync");
  await trimHistory(store);
  expect(await store.firstKey(ranges.changes)).toBe(keys.change(3, 0));
  expect(await store.firstKey(ranges.changesOfModel("m"))).toBe(keys.changeOfModel("m", 3, 0));
});

test("resolved drifts go beyond their number, and open ones stay however old they are", async () => {
  const { store } = await openMemoryStore();
  const drift = (at: number, state: string): StoreOp => ({
    put: keys.drift(at, `dft-${at}`),
    json: { state },
  });
  const ops = [drift(1, "open"), drift(2, "resolved"), drift(3, "resolved")];
  for (let at = 0; at < CLOSED_FINDINGS_MAX; at++) ops.push(drift(10 + at, "resolved"));
  await store.write(ops, "sync");
  await trimHistory(store);
  const left: string[] = [];
  for await (const [key] of store.scan({ range: ranges.drifts, limit: 2 })) left.push(key);
  expect(left).toEqual([keys.drift(1, "dft-1"), keys.drift(10, "dft-10")]);
});
