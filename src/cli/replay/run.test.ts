import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyLayout, chunked, laidOut } from "../../../test/support/log-layouts.ts";
import { OutcomeSchema } from "../../gen/attuned/v1/outcome_pb.ts";
import { ReportOutcomesResponseSchema } from "../../gen/attuned/v1/outcome_service_pb.ts";
import { litellmReader } from "./foreign-logs.ts";
import { jsonRecords } from "./json-records.ts";
import { ReplayRun } from "./run.ts";

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

describe("ReplayRun", () => {
  test("counts as done only what was answered, though the whole source is read", async () => {
    const text = '{"outcomeId":"a"}\n{"outcomeId":"b"}\n{"outcomeId":"c"}\n{"outcomeId":"d"}\n';
    const shares: number[] = [];
    const run = new ReplayRun({
      source: { chunks: bytes(text), totalBytes: text.length },
      path: "-",
      batchSize: 2,
      concurrency: 1,
      retryForMs: 0,
      report: async ({ outcomes }) => {
        shares.push(run.progress().doneBytes / text.length);
        return create(ReportOutcomesResponseSchema, { acceptedCount: outcomes.length });
      },
    });
    expect(run.progress().doneBytes).toBe(0);
    expect(await run.send(new AbortController().signal)).toBeUndefined();
    expect(shares).toEqual([0, 0.5]);
    expect(run.progress()).toMatchObject({ items: 4, rejected: 0, doneBytes: text.length });
  });

  test("takes no batch over the size of a request", async () => {
    const line = `{"outcomeId":"ID","externalRef":"${"x".repeat(600_000)}"}\n`;
    const text = ["a", "b", "c"].map((id) => line.replace("ID", id)).join("");
    const sizes: number[] = [];
    const run = new ReplayRun({
      source: { chunks: bytes(text), totalBytes: undefined },
      path: "-",
      batchSize: 500,
      concurrency: 1,
      retryForMs: 0,
      report: async ({ outcomes }) => {
        sizes.push(outcomes.length);
        return create(ReportOutcomesResponseSchema, { acceptedCount: outcomes.length });
      },
    });
    await run.send(new AbortController().signal);
    expect(sizes).toEqual([1, 1, 1]);
  });

  test("sends every record once though it is cut off again and again, however the log is laid out", async () => {
    const anyKinds = fc.array(fc.constantFrom("call", "call", "no id", "bad time"), {
      maxLength: 24,
    });
    const anyCuts = fc.array(fc.nat(3), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        anyKinds,
        anyLayout,
        anyCuts,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(40), { maxLength: 30 }),
        async (kinds, layout, cuts, batchSize, sizes) => {
          const rows = kinds.map((kind, index) => ({
            ...(kind === "no id" ? {} : { id: `c-${index}` }),
            model: "gpt-4o",
            messages: [{ role: "user" }],
            endTime: kind === "bad time" ? 1e30 : 1_760_000_000,
          }));
          const text = new TextEncoder().encode(laidOut(rows, layout));
          const sent: string[] = [];
          let skipThrough = 0;
          // The last run is not cut off.
          for (const calls of [...cuts, Number.POSITIVE_INFINITY]) {
            let left = calls;
            const run = new ReplayRun({
              source: { chunks: chunked(text, sizes), totalBytes: text.length },
              path: "log",
              batchSize,
              concurrency: 1,
              retryForMs: 0,
              readLine: litellmReader("PHASE_EXECUTION"),
              split: jsonRecords,
              unit: "record",
              skipThrough,
              report: async ({ outcomes }) => {
                left -= 1;
                if (left < 0) throw new Error("gone");
                sent.push(...outcomes.map(({ outcomeId }) => outcomeId));
                return create(ReportOutcomesResponseSchema, { acceptedCount: outcomes.length });
              },
            });
            await run.send(new AbortController().signal);
            expect(run.answeredThrough).toBeGreaterThanOrEqual(skipThrough);
            skipThrough = run.answeredThrough;
          }
          expect(sent).toEqual(
            kinds.flatMap((kind, index) => (kind === "call" ? [`c-${index}`] : [])),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test("that is interrupted before it comes to where it goes on, keeps that place", async () => {
    const stop = new AbortController();
    async function* stopped(): AsyncGenerator<Uint8Array> {
      yield* bytes('{"outcomeId":"a"}\n'.repeat(3));
      stop.abort();
      yield* bytes('{"outcomeId":"a"}\n'.repeat(6));
    }
    const run = new ReplayRun({
      source: { chunks: stopped(), totalBytes: undefined },
      path: "-",
      batchSize: 2,
      concurrency: 1,
      retryForMs: 0,
      skipThrough: 7,
      report: async () => create(ReportOutcomesResponseSchema, {}),
    });
    expect(run.answeredThrough).toBe(7);
    expect(await run.send(stop.signal)).toBeDefined();
    expect(run.answeredThrough).toBe(7);
  });

  test("refuses what its reader cannot cope with, and goes on", async () => {
    const run = new ReplayRun({
      source: { chunks: bytes("a\nb\nc\n"), totalBytes: undefined },
      path: "-",
      batchSize: 2,
      concurrency: 1,
      retryForMs: 0,
      readLine: ({ number, text }) => {
        if (text === "b") throw new RangeError("Invalid time value");
        const outcome = create(OutcomeSchema, { outcomeId: text });
        return { line: number, bytes: 1, outcome };
      },
      report: async ({ outcomes }) =>
        create(ReportOutcomesResponseSchema, { acceptedCount: outcomes.length }),
    });
    expect(await run.send(new AbortController().signal)).toBeUndefined();
    expect(run.tally.accepted).toBe(2);
    expect(run.tally.rejectedLines).toEqual([
      { line: 2, reason: "REQUEST_MALFORMED", message: "cannot be read: Invalid time value" },
    ]);
  });
});
