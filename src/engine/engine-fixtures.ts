import { builtinCatalog } from "../domain/catalog/builtin-catalog.ts";
import { NO_ENVIRONMENT } from "../domain/config/environment.ts";
import { HEAD_LABEL } from "../domain/config/registry.ts";
import { DEFAULT_DIMENSIONS } from "../domain/config/scope.ts";
import { JOURNAL_BYTES_DEFAULT } from "../domain/kernel/limits.ts";
import type { Clock } from "../platform/clock.ts";
import { silentLog } from "../platform/log.ts";
import type { Platform } from "../platform/platform.ts";
import type { Random } from "../platform/random.ts";
import type { Store } from "../store/store.ts";
import { Engine } from "./engine.ts";
import type { TokenKeys } from "./token-keys.ts";

/** A clock that stands until a test moves it. */
export interface SetClock extends Clock {
  ms: number;
}

export function createSetClock(ms = 1_800_000_000_000): SetClock {
  return {
    ms,
    nowMs() {
      return this.ms;
    },
    monotonicMs() {
      return this.ms;
    },
  };
}

/** Timers that fire when a test says so. */
export interface SetTimers {
  after(delayMs: number, task: () => void): () => void;
  /** Tasks that wait, in the order in which they came. */
  readonly waiting: { readonly delayMs: number; readonly task: () => void }[];
  fireAll(): void;
}

export function createSetTimers(): SetTimers {
  const waiting: { delayMs: number; task: () => void }[] = [];
  return {
    waiting,
    after(delayMs, task) {
      const entry = { delayMs, task };
      waiting.push(entry);
      return () => {
        const index = waiting.indexOf(entry);
        if (index >= 0) waiting.splice(index, 1);
      };
    },
    fireAll() {
      for (const { task } of waiting.splice(0)) task();
    },
  };
}

/** Bytes that count up: other ids every time, the same in every run. */
export function createCountingRandom(): Random {
  let next = 0;
  return {
    bytes(count) {
      next += 1;
      const bytes = new Uint8Array(count);
      new DataView(bytes.buffer).setUint32(Math.max(0, count - 4), next);
      return bytes;
    },
  };
}

export interface TestPlatform extends Platform {
  readonly clock: SetClock;
  readonly timers: SetTimers;
}

export function createTestPlatform(): TestPlatform {
  return {
    clock: createSetClock(),
    timers: createSetTimers(),
    random: createCountingRandom(),
    log: silentLog,
  };
}

export const TEST_KEYS: TokenKeys = [
  { id: Uint8Array.of(1, 2, 3, 4), secret: new Uint8Array(32).fill(7) },
];

export function openTestEngine(
  store: Store,
  platform: TestPlatform = createTestPlatform(),
  tokenKeys: TokenKeys = TEST_KEYS,
): Promise<Engine> {
  return Engine.open({
    store,
    tokenKeys,
    platform,
    options: {
      dimensions: DEFAULT_DIMENSIONS,
      catalog: builtinCatalog(),
      environment: NO_ENVIRONMENT,
      files: new Map(),
      label: HEAD_LABEL,
      checkpointIntervalMs: 10_000,
      journalBytesMax: JOURNAL_BYTES_DEFAULT,
    },
  });
}
