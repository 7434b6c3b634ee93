import { expect, test } from "vitest";
import { parseTokenGrants } from "./token-grants.ts";

const SHA = "a".repeat(64);

test("grants are read with their names and roles", () => {
  expect(
    parseTokenGrants(`- {name: ops@example, role: operate, sha256: ${SHA}}\n`, "/t.yaml"),
  ).toEqual([{ name: "ops@example", role: "operate", tokenSha256: SHA }]);
  expect(parseTokenGrants("", "/t.yaml")).toEqual([]);
});

test.each([
  ["name: x", "must be a list"],
  [`- {role: read, sha256: ${SHA}}`, "entry 1 needs a name"],
  [`- {name: "a b", role: read, sha256: ${SHA}}`, "entry 1 needs a name"],
  [`- {name: a, role: root, sha256: ${SHA}}`, "entry 1 (a) needs a role: read, report"],
  [`- {name: a, role: read, sha256: ${SHA.toUpperCase()}}`, "entry 1 (a) needs the SHA-256"],
  ["- {name: a, role: read, sha256: secret}", "entry 1 (a) needs the SHA-256"],
  ["- null", "entry 1 needs a name"],
])("%s is refused with the file and the entry", (content, message) => {
  expect(() => parseTokenGrants(content, "/t.yaml")).toThrow(message);
  expect(() => parseTokenGrants(content, "/t.yaml")).toThrow("/t.yaml");
});
