import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { OutcomeSchema } from "../../src/gen/attuned/v1/outcome_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { cli } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "attuned-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

function collector() {
  const reported: JsonValue[] = [];
  const daemon = ({ service }: ConnectRouter) =>
    service(OutcomeService, {
      reportOutcomes: ({ outcomes }) => {
        reported.push(...outcomes.map((outcome) => toJson(OutcomeSchema, outcome)));
        return { acceptedCount: outcomes.length };
      },
    });
  return { daemon, reported };
}

describe("report", () => {
  test("reports one outcome from its options", async () => {
    const { daemon, reported } = collector();
    const line =
      "report --id o-1 --model gpt-4 --phase execution --set temperature=0 --set max_tokens=2000 --status rate_limited " +
      "--unit s-1 -a environment=test --latency-ms 0 --input-tokens 300 --output-tokens 150 --cost-usd 0.0012 " +
      "--finish-reason stop --retries 1 --iterations 5 --score quality=85.5 --score coherence=0.9 --label exam=x " +
      "--occurred-at 2026-11-22T10:00:00Z --response-model gpt-4-0613 --external-ref r-1";
    expect(await cli(line, { daemon })).toEqual({
      code: 0,
      stdout: "accepted 1, duplicate 0, rejected 0\n",
      stderr: "",
    });
    expect(reported).toEqual([
      {
        outcomeId: "o-1",
        model: "gpt-4",
        phase: "PHASE_EXECUTION",
        settings: { temperature: 0, maxTokens: 2000 },
        unit: "s-1",
        attributes: { environment: "test" },
        status: "OUTCOME_STATUS_RATE_LIMITED",
        latencyMs: 0,
        inputTokens: 300,
        outputTokens: 150,
        costUsd: 0.0012,
        finishReason: "stop",
        retries: 1,
        iterations: 5,
        scores: { quality: 85.5, coherence: 0.9 },
        occurredAt: "2026-11-22T10:00:00Z",
        responseModel: "gpt-4-0613",
        externalRef: "r-1",
        labels: { exam: "x" },
      },
    ]);
  });

  test("makes up an id for an outcome of a token", async () => {
    const { daemon, reported } = collector();
    await cli("report --decision token --status ok", { daemon });
    expect(reported).toEqual([
      {
        outcomeId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        decisionToken: "token",
        status: "OUTCOME_STATUS_OK",
      },
    ]);
  });

  const one = { outcomeId: "a", status: "OUTCOME_STATUS_OK" };
  const two = { outcomeId: "b", status: "OUTCOME_STATUS_TIMEOUT" };
  test.each([
    ["a request", JSON.stringify({ outcomes: [one, two] })],
    ["a list over several lines", JSON.stringify([one, two], null, 2)],
    ["one outcome a line", `${JSON.stringify(one)}\n${JSON.stringify(two)}\n`],
  ])("reads %s from a file and from stdin", async (_, text) => {
    const path = join(folder, "outcomes.json");
    writeFileSync(path, text);
    for (const place of [path, "-"]) {
      const { daemon, reported } = collector();
      const { code } = await cli(["report", "--file", place], { daemon, stdin: text });
      expect({ code, reported }).toEqual({ code: 0, reported: [one, two] });
    }
  });

  test("rejects bad items and reports the good ones", async () => {
    const { daemon, reported } = collector();
    const stdin = JSON.stringify([one, { status: "OUTCOME_STATUS_OK" }]);
    const { code, stdout } = await cli("report -f -", { daemon, stdin });
    expect(code).toBe(1);
    expect(stdout).toContain("accepted 1, duplicate 0, rejected 1\n");
    expect(stdout).toContain("outcomeId is missing");
    expect(reported).toEqual([one]);
  });

  test("leaves a large file to replay", async () => {
    const stdin = JSON.stringify(
      Array.from({ length: 1001 }, (_, at) => ({ outcomeId: `o-${at}` })),
    );
    expect(await cli("report -f -", { stdin })).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "attuned: 1001 outcomes are more than the 1000 of one call; use: attuned replay FILE\n",
    });
  });

  test.each([
    ["report", "report needs --status (ok, model_error"],
    ["report --status ok", "report needs --decision TOKEN, or --model MODEL and --phase PHASE"],
    ["report --status ok --model gpt-4", "report needs --decision TOKEN"],
    ["report --status fine --decision t", "--status is one of ok"],
    ["report --status ok --decision t --input-tokens 1.5", "--input-tokens takes a whole number"],
    ["report --status ok --decision t --score quality=high", "--score quality takes a number"],
    ["report --status ok --decision t --set temperatur=1", 'did you mean "temperature"?'],
    ["report --file x --status ok", "report takes --file without --status"],
  ])("%j is a usage error", async (line, message) => {
    const { code, stderr } = await cli(line);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
