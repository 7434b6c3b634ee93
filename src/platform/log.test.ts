import { describe, expect, test } from "vitest";
import { createLog, type LogOptions } from "./log.ts";

function logOf(options: Partial<LogOptions>) {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    write: (line) => lines.push(line),
    nowMs: () => 0,
    ...options,
  });
  return { log, lines };
}

describe("a line", () => {
  test("is JSON with time, level and message, one per line whatever the fields hold", () => {
    const { log, lines } = logOf({});
    log.warn("odd", { text: 'a\n"b"', big: 12n, cause: new Error("broken", { cause: "why" }) });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      time: "1970-01-01T00:00:00.000Z",
      level: "warn",
      msg: "odd",
      text: 'a\n"b"',
      big: "12",
      cause: expect.stringMatching(/^Error: broken[\s\S]*\(cause: why\)$/),
    });
  });

  test("is text on a terminal, with what has blanks in quotes and no line break", () => {
    const { log, lines } = logOf({ format: "text" });
    log.info("started", { port: 1, name: "a b", plain: "x", text: "a\nb" });
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z info  started port=1 name="a b" plain=x text="a\\nb"\n',
    ]);
  });

  test("below the level is not written", () => {
    const { log, lines } = logOf({ level: "warn" });
    log.debug("no");
    log.info("no");
    log.warn("yes");
    log.error("yes");
    expect(lines).toHaveLength(2);
  });
});
