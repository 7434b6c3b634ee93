import { Fault } from "../domain/kernel/fault.ts";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "../domain/kernel/limits.ts";
import type { KeyRange } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

export interface PageRequest {
  /** Name of the request's message, which stands for the list: a token of another list is refused. */
  readonly $typeName: string;
  /** 0 means the default; more than the maximum is clamped. */
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** The number of entries of a page. Errors: REQUEST_MALFORMED for a negative size. */
export function pageSizeOf(request: PageRequest): number {
  if (request.pageSize < 0) {
    throw new Fault("REQUEST_MALFORMED", `page_size must not be negative, is ${request.pageSize}`, {
      violations: [{ field: "pageSize", message: "must not be negative" }],
    });
  }
  return Math.min(request.pageSize || PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX);
}

/** A page of an array that is in the order of `keyOf`; the token names the last key, so that items that come or go move nothing. */
export function pageOfArray<T>(
  items: readonly T[],
  request: PageRequest,
  keyOf: (item: T) => string,
): Page<T> {
  const size = pageSizeOf(request);
  const last = request.pageToken === "" ? undefined : decodeToken(request);
  const start = last === undefined ? 0 : items.findIndex((item) => keyOf(item) > last);
  const page = start < 0 ? [] : items.slice(start, start + size);
  const end = page.at(-1);
  const hasMore = end !== undefined && items.at(-1) !== end;
  return { items: page, nextPageToken: hasMore ? encodeToken(request, keyOf(end)) : "" };
}

/** Orders that are kept at once: as many readers as go through a list at the same time. */
const PAGE_ORDERS_MAX = 64;

/**
 * The orders of lists whose items change places while they are read. The first page fixes the order, and the token names it: whatever
 * comes in meanwhile, every item that was there is told once. Later items are of the next reading.
 */
export class PageOrders {
  /** Keys by the name of the order, the newest last. */
  readonly #orders = new Map<string, readonly string[]>();
  readonly #prefix: string;
  #count = 0;

  /** `prefix` tells this start of the daemon from others, whose orders are gone. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A page of items, the present order of which is `items`. Errors: PAGE_TOKEN_INVALID, also for an order that is kept no more. */
  page<T>(items: readonly T[], request: PageRequest, keyOf: (item: T) => string): Page<T> {
    const size = pageSizeOf(request);
    const { name, start } = this.#placeOf(request);
    const order = name === "" ? items.map(keyOf) : this.#orders.get(name);
    if (!order) throw badToken();
    const byKey = new Map(items.map((item) => [keyOf(item), item]));
    const page = order.slice(start, start + size).flatMap((key) => {
      const item = byKey.get(key);
      return item === undefined ? [] : [item];
    });
    if (start + size >= order.length) return { items: page, nextPageToken: "" };
    const kept = this.#keep(name, order);
    return { items: page, nextPageToken: encodeToken(request, `${kept} ${start + size}`) };
  }

  #placeOf(request: PageRequest): { readonly name: string; readonly start: number } {
    if (request.pageToken === "") return { name: "", start: 0 };
    const [name = "", start = ""] = decodeToken(request).split(" ");
    if (!/^\d{1,9}$/.test(start)) throw badToken();
    return { name, start: Number(start) };
  }

  #keep(name: string, order: readonly string[]): string {
    const kept = name === "" ? `${this.#prefix}-${++this.#count}` : name;
    this.#orders.delete(kept);
    this.#orders.set(kept, order);
    if (this.#orders.size > PAGE_ORDERS_MAX) {
      const [oldest = ""] = this.#orders.keys();
      this.#orders.delete(oldest);
    }
    return kept;
  }
}

/** A page of stored JSON records, newest (highest key) first, that pass `keep`; reading ends where `isPast` says so. */
export async function pageOfRange<T>(
  store: Store,
  range: KeyRange,
  request: PageRequest,
  filter: { readonly keep: (item: T) => boolean; readonly isPast?: (item: T) => boolean },
): Promise<Page<T>> {
  const size = pageSizeOf(request);
  const last = request.pageToken === "" ? range.lt : decodeToken(request);
  if (last < range.gte || last > range.lt) throw badToken();
  const items: T[] = [];
  let lastKey = "";
  for await (const [key, item] of store.scan<T>({
    range: { gte: range.gte, lt: last },
    reverse: true,
  })) {
    if (filter.isPast?.(item)) break;
    if (!filter.keep(item)) continue;
    if (items.length === size) return { items, nextPageToken: encodeToken(request, lastKey) };
    items.push(item);
    lastKey = key;
  }
  return { items, nextPageToken: "" };
}

function encodeToken(request: PageRequest, key: string): string {
  return Buffer.from(`${request.$typeName}\u0000${key}`, "utf8").toString("base64url");
}

function decodeToken(request: PageRequest): string {
  const text = Buffer.from(request.pageToken, "base64url").toString("utf8");
  const key = text.slice(text.indexOf("\u0000") + 1);
  if (key === "" || encodeToken(request, key) !== request.pageToken) throw badToken();
  return key;
}

function badToken(): Fault {
  return new Fault(
    "PAGE_TOKEN_INVALID",
    "the page token was not given by this list, or the list is kept no longer; start without one",
    {
      violations: [{ field: "pageToken", message: "was not given by this list" }],
    },
  );
}
