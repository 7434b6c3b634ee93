import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { ConnectRouter } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { OutcomeStatus } from "../../src/gen/attuned/v1/outcome_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { refusal } from "./refusal.ts";
import { cli } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "attuned-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SHARED = "../shared/data/replay/temperature-gpt-3.5-turbo.ndjson.gz";

/** A daemon that counts outcomes by their id, and fails as often as told before it answers. */
function collector(failures = 0) {
  const ids = new Set<string>();
  const sizes: number[] = [];
  let left = failures;
  const daemon = ({ service }: ConnectRouter) =>
    service(OutcomeService, {
      reportOutcomes: ({ outcomes }) => {
        left -= 1;
        if (left >= 0) throw refusal("starting", Code.Unavailable, "STARTING");
        sizes.push(outcomes.length);
        let acceptedCount = 0;
        let duplicateCount = 0;
        const rejected: { index: number; reason: string; message: string }[] = [];
        for (const [index, { outcomeId, status }] of outcomes.entries()) {
          if (status === OutcomeStatus.UNSPECIFIED) {
            rejected.push({ index, reason: "OUTCOME_INVALID", message: "status is missing" });
          } else if (ids.has(outcomeId)) duplicateCount += 1;
          else acceptedCount += 1;
          ids.add(outcomeId);
        }
        return { acceptedCount, duplicateCount, rejected };
      },
    });
  return { daemon, ids, sizes };
}

function outcomes(count: number, start = 0): string {
  return Array.from(
    { length: count },
    (_, index) => `{"outcomeId":"o-${start + index}","status":"OUTCOME_STATUS_OK"}\n`,
  ).join("");
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("replay", () => {
  test("sends a packed file in batches; a second time all are duplicates", async () => {
    const { daemon, ids, sizes } = collector();
    const path = file("all.ndjson.gz", gzipSync(outcomes(1234)));
    const first = await cli(["replay", path], { daemon });
    expect(first).toMatchObject({ code: 0, stdout: "accepted 1234, duplicate 0, rejected 0\n" });
    expect(first.stderr).toMatch(/^attuned: 1234 lines in .*\/s\n$/);
    expect(sizes.toSorted((a, b) => b - a)).toEqual([500, 500, 234]);
    expect(ids.size).toBe(1234);
    expect((await cli(["replay", path], { daemon })).stdout).toBe(
      "accepted 0, duplicate 1234, rejected 0\n",
    );
  });

  test.each([
    ["", (i: number) => `note ${i}`],
    [" with line breaks in its fields", (i: number) => `"two\n\nlines, ""${i}"""`],
  ])(
    "that was cut off goes on where it stopped, also in a CSV file%s, and begins anew when told to",
    async (kind, note) => {
      const rows = Array.from({ length: 30 }, (_, i) => `c-${i},${note(i)},gpt-4,${i}\n`).join("");
      const path = file(
        `calls${kind.length}.csv`,
        `outcomeId,labels.note,model,latencyMs\n${rows}`,
      );
      const words = ["replay", path, "--batch", "10", "--concurrency", "1", "--retry-for", "0"];
      const away = collector();
      let calls = 0;
      const cutOff = ({ service }: ConnectRouter) =>
        service(OutcomeService, {
          reportOutcomes: ({ outcomes: batch }) => {
            calls += 1;
            if (calls > 2) throw refusal("gone", Code.Unavailable, "DRAINING");
            return { acceptedCount: batch.length };
          },
        });
      const first = await cli(words, { daemon: cutOff });
      expect(first.code).not.toBe(0);
      expect(first.stderr).toContain("it goes on where it stopped");
      expect(existsSync(`${path}.attuned-replay`)).toBe(true);
      const second = await cli(words, { daemon: away.daemon });
      expect(second).toMatchObject({ code: 0, stdout: "accepted 10, duplicate 0, rejected 0\n" });
      expect([...away.ids][0]).toBe("c-20");
      expect(existsSync(`${path}.attuned-replay`)).toBe(false);
      const again = await cli([...words, "--from-start"], { daemon: away.daemon });
      expect(again.stdout).toBe("accepted 20, duplicate 10, rejected 0\n");
    },
  );

  const calls = Array.from({ length: 30 }, (_, index) => ({
    id: `c-${index}`,
    model: "gpt-4o",
    endTime: 1_760_000_000_000 + index,
  }));
  test.each([
    ["an array in a line", "litellm", JSON.stringify(calls)],
    ["an indented array", "litellm", JSON.stringify(calls, null, 2)],
    ["pages", "langfuse", JSON.stringify({ data: calls, meta: { page: 1 } })],
    ["packed pages", "langfuse", gzipSync(JSON.stringify({ meta: {}, data: calls }, null, 2))],
  ])("goes on in %s where it stopped", async (kind, format, content) => {
    const path = file(`${kind}.json`, content);
    const words = ["replay", path, "--format", format, "--batch", "10", "--concurrency", "1"];
    let left = 2;
    const cutOff = ({ service }: ConnectRouter) =>
      service(OutcomeService, {
        reportOutcomes: ({ outcomes: batch }) => {
          left -= 1;
          if (left < 0) throw refusal("gone", Code.Unavailable, "DRAINING");
          return { acceptedCount: batch.length };
        },
      });
    const first = await cli([...words, "--retry-for", "0"], { daemon: cutOff });
    expect(first.stdout).toBe("accepted 20, duplicate 0, rejected 0\n");
    const { daemon, ids } = collector();
    const second = await cli(words, { daemon });
    expect(second).toMatchObject({ code: 0, stdout: "accepted 10, duplicate 0, rejected 0\n" });
    expect(second.stderr).toContain("goes on after record 20;");
    expect(second.stderr).toMatch(/10 records in/);
    expect([...ids]).toEqual(calls.slice(20).map(({ id }) => id));
  });

  test("names the records of a log that it rejects by their number", async () => {
    const { daemon, ids } = collector();
    const log = JSON.stringify([calls[0], { model: "gpt-4o" }, { ...calls[1], endTime: 1e30 }]);
    const { stdout } = await cli("replay - --format litellm", { daemon, stdin: log });
    expect([...ids]).toEqual(["c-0"]);
    expect(stdout).toMatch(/^RECORD {2}REASON/m);
    expect(stdout).toMatch(/^ {5}2 {2}OUTCOME_INVALID {4}the call has no id$/m);
    expect(stdout).toMatch(/^ {5}3 {2}REQUEST_MALFORMED {2}the end time 1e\+30 is none of 1973/m);
    const json = await cli("replay - --format litellm -o json", { daemon, stdin: log });
    expect(JSON.parse(json.stdout)).toMatchObject({
      rejectedRecords: [{ record: 2 }, { record: 3 }],
    });
  });

  test("reads stdin and honours the size of a batch", async () => {
    const { daemon, sizes } = collector();
    const { stdout } = await cli("replay - --batch 10 --concurrency 1", {
      daemon,
      stdin: outcomes(25),
    });
    expect(stdout).toBe("accepted 25, duplicate 0, rejected 0\n");
    expect(sizes).toEqual([10, 10, 5]);
  });

  test("rejects bad lines by number, here and at the daemon, and goes on", async () => {
    const { daemon } = collector();
    const lines = [
      '{"outcomeId":"a","status":"OUTCOME_STATUS_OK"}',
      "not json",
      "",
      '{"outcomeId":"b"}',
      '{"status":"OUTCOME_STATUS_OK"}',
      '{"outcomeId":"c","status":"OUTCOME_STATUS_OK"}',
    ].join("\n");
    const { code, stdout } = await cli("replay -", { daemon, stdin: lines });
    expect(code).toBe(1);
    expect(stdout).toMatchInlineSnapshot(`
      "accepted 2, duplicate 0, rejected 3

      LINE  REASON             MESSAGE
         2  REQUEST_MALFORMED  not JSON: Unexpected token 'o', "not json" is not valid JSON
         4  OUTCOME_INVALID    status is missing
         5  OUTCOME_INVALID    outcomeId is missing: without it a retry could count the outcome twice
      "
    `);
  });

  test("shows at most twenty rejected lines", async () => {
    const { daemon } = collector();
    const { stdout } = await cli("replay -", { daemon, stdin: "{\n".repeat(50) });
    expect(stdout).toContain("accepted 0, duplicate 0, rejected 50\n");
    expect(stdout.match(/REQUEST_MALFORMED/g)).toHaveLength(20);
    expect(stdout).toMatch(/and 30 more\n$/);
  });

  test("prints the summary as JSON", async () => {
    const { daemon } = collector();
    const { code, stdout } = await cli("replay - -o json", { daemon, stdin: `${outcomes(2)}{` });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      accepted: 2,
      duplicate: 0,
      rejected: 1,
      rejectedLines: [{ line: 3, reason: "REQUEST_MALFORMED" }],
    });
  });

  test("waits for a daemon that is starting", async () => {
    const { daemon, ids } = collector(3);
    const { code, stdout } = await cli("replay -", { daemon, stdin: outcomes(3) });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "accepted 3, duplicate 0, rejected 0\n" });
    expect(ids.size).toBe(3);
  });

  test("ends with the refusal when the time for retries is over, and still counts", async () => {
    const { daemon } = collector(1_000_000);
    const { code, stdout, stderr } = await cli("replay - --retry-for 0", {
      daemon,
      stdin: `${outcomes(3)}{`,
    });
    expect(code).toBe(4);
    expect(stdout).toContain("accepted 0, duplicate 0, rejected 1\n");
    expect(stderr).toBe(
      "attuned: not finished; run it again, what is stored counts as duplicate\n" +
        "attuned: starting; try again shortly (STARTING)\n",
    );
  });

  test("is unreachable where nobody answers", async () => {
    const line = "replay - --retry-for 0 --address unix:/nowhere.sock";
    const { code, stdout } = await cli(line, { stdin: outcomes(1) });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "accepted 0, duplicate 0, rejected 0\n" });
  });

  test("sends what a broken file holds and says where it breaks off", async () => {
    const { daemon, ids } = collector();
    const packed = gzipSync(outcomes(5000));
    const path = file("broken.ndjson.gz", packed.subarray(0, packed.length - 40));
    const { code, stderr } = await cli(["replay", path], { daemon });
    expect(code).toBe(1);
    expect(ids.size).toBeGreaterThan(1000);
    expect(stderr).toContain(`breaks off after line ${ids.size}: unexpected end of file`);
  });

  test("stops when the person gives up", async () => {
    const { daemon } = collector();
    const signal = AbortSignal.abort();
    const { code, stderr } = await cli("replay -", { daemon, stdin: outcomes(3), signal });
    expect(code).toBe(1);
    expect(stderr).toContain("attuned: interrupted\n");
  });

  test("says why a file cannot be read", async () => {
    for (const [path, why] of [
      ["/nowhere", "there is no such file"],
      [folder, "it is a directory"],
    ] as const) {
      expect(await cli(["replay", path])).toEqual({
        code: 1,
        stdout: "",
        stderr: `attuned: cannot read ${path}: ${why}\n`,
      });
    }
  });

  test.skipIf(!existsSync(SHARED))("takes every line of the recorded study", async () => {
    const { daemon, ids } = collector();
    const { code, stdout } = await cli(["replay", SHARED], { daemon });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "accepted 17300, duplicate 0, rejected 0\n",
    });
    expect(ids.size).toBe(17_300);
  });
});
