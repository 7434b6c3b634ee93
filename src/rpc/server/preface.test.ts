import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { protocolOf } from "./preface.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

describe("the protocol of a connection", () => {
  it("is HTTP/2 once the preface is there, however it is cut", () => {
    for (let length = 0; length <= PREFACE.length; length += 1) {
      const head = Buffer.from(PREFACE.slice(0, length));
      expect(protocolOf(head)).toBe(length < 14 ? undefined : "http2");
    }
  });

  it.each(["GET / HTTP/1.1", "POST", "PUT", "PATCH", "PRIVATE", "\0", "PRI * HTTP/1"])(
    "is HTTP/1.1 for %j",
    (text) => {
      expect(protocolOf(Buffer.from(text))).toBe("http1");
    },
  );

  it("never changes as more bytes come", () => {
    void fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), fc.nat(14), (bytes, shared) => {
        const whole = Buffer.concat([Buffer.from(PREFACE.slice(0, shared)), bytes]);
        const verdicts = Array.from(whole, (_, i) => protocolOf(whole.subarray(0, i + 1)));
        const first = verdicts.find((verdict) => verdict !== undefined);
        expect(verdicts.slice(verdicts.indexOf(first)).every((each) => each === first)).toBe(true);
      }),
    );
  });
});
