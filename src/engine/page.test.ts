import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "../domain/kernel/limits.ts";
import { keys, ranges } from "../store/keys.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { PageOrders, type PageRequest, pageOfArray, pageOfRange } from "./page.ts";

const LIST = "attuned.v1.ListModelsRequest";
const request = (pageSize: number, pageToken = "", $typeName = LIST): PageRequest => ({
  $typeName,
  pageSize,
  pageToken,
});

describe("pages of an array", () => {
  test("cover what stays exactly once, whatever comes and goes between them", () => {
    const change = fc.record({
      add: fc.array(fc.string({ minLength: 1 })),
      removeEvery: fc.integer({ min: 2 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.infiniteStream(change),
        (start, pageSize, changes) => {
          let present = new Set(start);
          const always = new Set(start);
          const seen: string[] = [];
          let pageToken = "";
          do {
            const items = [...present].sort();
            const page = pageOfArray(items, request(pageSize, pageToken), (item) => item);
            seen.push(...page.items);
            pageToken = page.nextPageToken;
            const { add, removeEvery } = changes.next().value;
            const kept = [...present].filter((_, index) => index % removeEvery !== 1);
            for (const item of always) if (!kept.includes(item)) always.delete(item);
            present = new Set([...kept, ...add]);
          } while (pageToken !== "" && seen.length < 500);
          expect(new Set(seen).size).toBe(seen.length);
          for (const item of always) expect(seen).toContain(item);
        },
      ),
    );
  });

  test("have the default size for 0, and no more than the largest", () => {
    const items = Array.from({ length: PAGE_SIZE_MAX + 10 }, (_, i) => String(i).padStart(5, "0"));
    const sizeOf = (size: number) => pageOfArray(items, request(size), (item) => item).items.length;
    expect([0, 1, PAGE_SIZE_MAX + 5].map(sizeOf)).toEqual([PAGE_SIZE_DEFAULT, 1, PAGE_SIZE_MAX]);
    expect(() => sizeOf(-1)).toThrow("must not be negative");
  });

  test("end without a token when the last one is exactly full", () => {
    const page = pageOfArray(["a", "b"], request(2), (item) => item);
    expect(page).toEqual({ items: ["a", "b"], nextPageToken: "" });
    expect(pageOfArray([], request(2), String)).toEqual({ items: [], nextPageToken: "" });
  });
});

describe("pages of the store", () => {
  async function storeWith(count: number) {
    const { store } = await openMemoryStore();
    const write = (revision: number) =>
      store.write([{ put: keys.change(revision, 0), json: revision }], "sync");
    for (let revision = 1; revision <= count; revision++) await write(revision);
    return { store, write };
  }
  const all = { keep: () => true };

  test("cover what was there once, newest first, while more is written", async () => {
    const { store, write } = await storeWith(25);
    const seen: number[] = [];
    let pageToken = "";
    let next = 26;
    do {
      const page = await pageOfRange<number>(store, ranges.changes, request(4, pageToken), all);
      seen.push(...page.items);
      pageToken = page.nextPageToken;
      await write(next++);
    } while (pageToken !== "");
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
  });

  test("are full although a filter leaves items out, and end where the rest is past", async () => {
    const { store } = await storeWith(20);
    const keep = (item: number) => item % 2 === 0;
    const first = await pageOfRange<number>(store, ranges.changes, request(3), { keep });
    expect(first.items).toEqual([20, 18, 16]);
    const rest = await pageOfRange<number>(
      store,
      ranges.changes,
      request(100, first.nextPageToken),
      { keep, isPast: (item) => item <= 10 },
    );
    expect(rest).toEqual({ items: [14, 12], nextPageToken: "" });
  });

  test("refuse a token of another list, of another range, and a damaged one", async () => {
    const { store } = await storeWith(5);
    const { nextPageToken } = await pageOfRange(store, ranges.changes, request(2), all);
    const page = (range: typeof ranges.changes, token: string, list = LIST) =>
      pageOfRange(store, range, request(2, token, list), all);
    const invalid = expect.objectContaining({ reason: "PAGE_TOKEN_INVALID" });
    await expect(page(ranges.changes, nextPageToken, "attuned.v1.Other")).rejects.toEqual(invalid);
    await expect(page(ranges.drifts, nextPageToken)).rejects.toEqual(invalid);
    await expect(page(ranges.changes, `${nextPageToken}=`)).rejects.toEqual(invalid);
    await expect(page(ranges.changes, nextPageToken.slice(2))).rejects.toEqual(invalid);
    const foreign = () =>
      pageOfArray(["a"], request(1, nextPageToken, "attuned.v1.Other"), (item) => item);
    expect(foreign).toThrow("not given by this list");
  });
});

describe("a list whose items change places while it is read", () => {
  test("tells every item that was there once, whatever moves, comes or goes", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 12 }),
        fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 12 }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 1, max: 4 }),
        (first, later, size) => {
          const orders = new PageOrders("boot");
          const told: number[] = [];
          const seen: (readonly number[])[] = [first];
          let token = "";
          for (let turn = 0; turn === 0 || token !== ""; turn++) {
            const items = turn === 0 ? first : (later[(turn - 1) % later.length] ?? []);
            if (turn > 0) seen.push(items);
            const page = orders.page(items, request(size, token), String);
            told.push(...page.items);
            token = page.nextPageToken;
          }
          expect(new Set(told).size).toBe(told.length);
          expect(told.every((item) => first.includes(item))).toBe(true);
          const always = first.filter((item) => seen.every((items) => items.includes(item)));
          expect(told).toEqual(expect.arrayContaining(always));
        },
      ),
    );
  });

  test("is kept for the newest readers, and its token is refused afterwards and by another start", () => {
    const orders = new PageOrders("boot");
    const { nextPageToken } = orders.page([1, 2, 3], request(2), String);
    expect(orders.page([3, 2, 1], request(2, nextPageToken), String).items).toEqual([3]);
    const invalid = expect.objectContaining({ reason: "PAGE_TOKEN_INVALID" });
    const refused = (list: PageOrders, token: string) =>
      expect(() => list.page([1, 2, 3], request(2, token), String)).toThrow(invalid);
    refused(new PageOrders("later"), nextPageToken);
    refused(orders, "nonsense");
    for (let i = 0; i < 64; i++) orders.page([1, 2, 3], request(2), String);
    refused(orders, nextPageToken);
  });
});
