import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hmacSha256Under } from "./digest.ts";

test("an HMAC under a key is that of the library, whatever the lengths of key and message", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
      (key, bytes) => {
        const expected = createHmac("sha256", key).update(bytes).digest("hex");
        expect(Buffer.from(hmacSha256Under(key)(bytes)).toString("hex")).toBe(expected);
      },
    ),
  );
});
