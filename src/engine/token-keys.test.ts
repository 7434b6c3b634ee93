import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { systemRandom } from "../platform/random.ts";
import {
  createTokenKey,
  loadTokenKeys,
  parseTokenKeys,
  rotatedKeys,
  type TokenKeys,
  withOpeningKeys,
} from "./token-keys.ts";

const dataDir = mkdtempSync(join(tmpdir(), "attuned-keys-"));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test("the first start makes a key for its owner only, the next ones read it", async () => {
  const made = await loadTokenKeys(dataDir, { random: systemRandom, nowMs: 1 });
  const read = await loadTokenKeys(dataDir, { random: systemRandom, nowMs: 2 });
  expect(read.map(({ id, secret }) => [Buffer.from(id), Buffer.from(secret)])).toEqual(
    made.map(({ id, secret }) => [Buffer.from(id), Buffer.from(secret)]),
  );
  expect(made[0].secret).toHaveLength(32);
  expect(statSync(join(dataDir, "token-keys.json")).mode & 0o777).toBe(0o600);
});

test.each([
  ['{"keys": []}', "holds no key"],
  ["{}", "holds no key"],
  ['{"keys": [{"id": "00", "secret": "00"}]}', "needs an id of 4 bytes"],
  [`{"keys": [{"id": "00000000", "secret": "${"0".repeat(62)}"}]}`, "a secret of 32"],
])("a file with %s is refused with its name", (content, message) => {
  expect(() => parseTokenKeys(content, "/some/file")).toThrow(message);
  expect(() => parseTokenKeys(content, "/some/file")).toThrow("/some/file");
});

const DAY_MS = 24 * 60 * 60 * 1000;

test("a key that was replaced opens for the overlap, and no longer", () => {
  const at = (day: number) => ({ nowMs: day * DAY_MS, overlapMs: 8 * DAY_MS });
  const made = (day: number) => createTokenKey(systemRandom, day * DAY_MS);
  const days = (keys: TokenKeys) => keys.map(({ createdAtMs = 0 }) => createdAtMs / DAY_MS);
  let keys: TokenKeys = [made(0)];
  for (const day of [30, 37, 38]) keys = rotatedKeys(keys, made(day), at(day));
  // Replaced on days 38, 37 and 30: of these the last is 8 days ago.
  expect(days(keys)).toEqual([38, 37, 30]);
  expect(days(rotatedKeys(keys, made(45), at(45)))).toEqual([45, 38, 37]);
});

test("no more than 16 keys are kept, and none twice", () => {
  const made = () => createTokenKey(systemRandom, 0);
  let keys: TokenKeys = [made()];
  for (let i = 0; i < 40; i++) keys = rotatedKeys(keys, made(), { nowMs: i, overlapMs: DAY_MS });
  expect(keys).toHaveLength(16);
  expect(() => withOpeningKeys(keys, [made()], 0)).toThrow("more than the 16");
  const [first, second] = keys;
  expect(withOpeningKeys([first], [first, second ?? first], 0)).toHaveLength(2);
});
