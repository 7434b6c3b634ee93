import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ReportOutcomesResponseSchema } from "../../gen/attuned/v1/outcome_service_pb.ts";
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
});
