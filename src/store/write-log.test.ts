import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";
import { openDatabase } from "./open-database.ts";
import { damageOf, findLogDamage } from "./write-log.ts";

const scratch = mkdtempSync(join(tmpdir(), "attuned-log-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const BLOCK_BYTES = 32 * 1024;
const RECORD_BYTES = 1500;
const RECORDS = 60;
let log: Buffer = Buffer.alloc(0);
/** Where the newest record begins. */
let lastRecord = 0;

// What LevelDB itself writes: records that fit a block, and some that go over the end of one.
beforeAll(async () => {
  const database = await openDatabase(scratch, async () => undefined);
  const store = join(scratch, "store");
  const [name = ""] = readdirSync(store).filter((each) => each.endsWith(".log"));
  const path = join(store, name);
  for (let i = 0; i < RECORDS; i++) {
    lastRecord = readFileSync(path).length;
    const batch = database.batch();
    batch.put(`key-${i}`, Buffer.alloc(RECORD_BYTES, i + 1));
    await batch.write({ sync: true });
  }
  log = readFileSync(path);
  await database.close();
});

test("a checksum is that of the standard", () => {
  // RFC 3720, appendix B.4.
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test("what LevelDB wrote is whole, over several blocks", () => {
  expect(log.length).toBeGreaterThan(2 * BLOCK_BYTES);
  expect(damageOf(log)).toBeUndefined();
});

test("a log that is cut off anywhere ends with a write that nobody was told of", () => {
  fc.assert(
    fc.property(fc.nat({ max: log.length }), (length) => {
      expect(damageOf(log.subarray(0, length))).toBeUndefined();
    }),
  );
});

test("a log whose end the file system gave room for and never wrote is whole", () => {
  expect(damageOf(Buffer.concat([log, Buffer.alloc(10_000)]))).toBeUndefined();
});

test("any byte that changed before the last write is found, at the record it stands in", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: lastRecord - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (place, bits) => {
        const damaged = Buffer.from(log);
        damaged[place] = (damaged[place] ?? 0) ^ bits;
        const offset = damageOf(damaged);
        expect(offset).toBeDefined();
        expect(offset).toBeLessThanOrEqual(place);
        expect(place - Number(offset)).toBeLessThan(RECORD_BYTES + 100);
      },
    ),
  );
});

test("bytes at random over the beginning are found", () => {
  const damaged = Buffer.from(log);
  for (let i = 0; i < 5000; i++) damaged[i] = (i * 7919 + 13) & 0xff;
  expect(damageOf(damaged)).toBe(0);
});

test("a directory without a log has no damage", async () => {
  expect(await findLogDamage(join(scratch, "nowhere"))).toBeUndefined();
});
