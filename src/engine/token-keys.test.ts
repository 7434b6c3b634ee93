import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { systemRandom } from "../platform/random.ts";
import { loadTokenKeys, parseTokenKeys } from "./token-keys.ts";

const dataDir = mkdtempSync(join(tmpdir(), "attuned-keys-"));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test("the first start makes a key for its owner only, the next ones read it", async () => {
  const made = await loadTokenKeys(dataDir, systemRandom);
  const read = await loadTokenKeys(dataDir, systemRandom);
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
