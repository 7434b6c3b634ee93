import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createGrpcClient, detailsOf } from "../doors/grpc-client.ts";
import { call } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";

const REPORT = "attuned.v1.OutcomeService/ReportOutcomes";
const OK = 0;
const UNAVAILABLE = 14;
/** NOT_SERVING of grpc.health.v1, as proto-loader spells it. */
const NOT_SERVING = "NOT_SERVING";
/** Below Kubernetes' default grace period, with all steps at their bounds. */
const STOP_MS_MAX = 25_000;

interface SlowCall {
  /** Sends the rest of the body and answers the status. */
  finish(): Promise<number | undefined>;
  abandon(): void;
}

/** A ReportOutcomes call whose body is half sent: in flight until it is finished. */
async function slowReport(daemon: Daemon, outcomeId: string): Promise<SlowCall> {
  const body = JSON.stringify({ outcomes: [outcome(outcomeId)] });
  const sent = request(`${daemon.agentsUrl}/${REPORT}`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": body.length },
  });
  const answered = new Promise<number | undefined>((settle, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      response.resume().on("end", () => settle(response.statusCode));
    });
  });
  answered.catch(() => undefined);
  await new Promise((settle) => sent.write(body.slice(0, 20), settle));
  // A call made later is answered, so that the head of this one was read before.
  await sleep(50);
  await call(daemon.agentsUrl, "AdminService/GetStatus");
  return {
    finish() {
      sent.end(body.slice(20));
      return answered;
    },
    abandon: () => sent.destroy(),
  };
}

function outcome(outcomeId: string) {
  return {
    outcomeId,
    model: "gpt-4",
    phase: "PHASE_EXECUTION",
    settings: { temperature: 0.7 },
    status: "OUTCOME_STATUS_OK",
    scores: { quality: 70 },
  };
}

/** Reports batches over gRPC until the daemon goes away; answers what became of each. */
function reportUntilRefused(daemon: Daemon, name: string) {
  const client = createGrpcClient(new URL(daemon.agentsUrl).host);
  const acknowledged: string[] = [];
  const finished = (async () => {
    for (let batch = 0; ; batch++) {
      const ids = Array.from({ length: 50 }, (_, index) => `${name}-${batch}-${index}`);
      const outcomes = ids.map(outcome);
      const { code, response, details } = await client.call(REPORT, { outcomes });
      if (code !== OK) {
        client.close();
        return { acknowledged, code, reason: details["ErrorInfo"]?.["reason"] };
      }
      expect(response).toMatchObject({ acceptedCount: ids.length });
      acknowledged.push(...ids);
    }
  })();
  return { acknowledged, finished };
}

/** A health watch; answers the states it saw and how it ended. */
function watchHealth(daemon: Daemon) {
  const client = createGrpcClient(new URL(daemon.agentsUrl).host);
  const stream = client.watch("grpc.health.v1.Health/Watch", { service: "" });
  const states: unknown[] = [];
  stream.on("data", ({ status }: { status: unknown }) => states.push(status));
  const ended = new Promise<{ code: number; reason: unknown }>((settle) => {
    stream.on("error", (error: Error & { code: number }) => {
      const metadata =
        "metadata" in error ? (error.metadata as Parameters<typeof detailsOf>[0]) : undefined;
      settle({ code: error.code, reason: detailsOf(metadata)["ErrorInfo"]?.["reason"] });
      client.close();
    });
  });
  return { states, ended };
}

async function readiness(daemon: Daemon): Promise<number> {
  return (await fetch(`${daemon.managementUrl}/readyz`)).status;
}

describe("SIGTERM", () => {
  test("under load ends in order, and everything acknowledged is there afterwards", async () => {
    await using daemon = await startDaemon();
    const reporters = ["a", "b", "c", "d"].map((name) => reportUntilRefused(daemon, name));
    await eventually(
      () => reporters.map(({ acknowledged }) => acknowledged.length),
      (counts) => counts.every((count) => count >= 200),
    );
    const stoppedAt = performance.now();
    const exit = await daemon.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(STOP_MS_MAX);
    expect(exit).toMatchObject({ code: 0, signal: null });
    const results = await Promise.all(reporters.map(({ finished }) => finished));
    expect(results.map(({ code }) => code)).toStrictEqual(results.map(() => UNAVAILABLE));

    await using again = await startDaemon({ dataDir: daemon.dataDir });
    const ids = results.flatMap(({ acknowledged }) => acknowledged);
    let known = 0;
    for (let start = 0; start < ids.length; start += 1000) {
      const outcomes = ids.slice(start, start + 1000).map(outcome);
      const report = await call<{ duplicateCount: number }>(
        again.agentsUrl,
        "OutcomeService/ReportOutcomes",
        { outcomes },
      );
      known += report.duplicateCount;
    }
    expect(known).toBe(ids.length);
    // Once each: what was refused may be there in addition, but no id twice.
    const { metrics } = await call<{ metrics: { sampleSize: string }[] }>(
      again.agentsUrl,
      "OutcomeService/GetMetrics",
      { model: "gpt-4", phase: "PHASE_EXECUTION" },
    );
    const counted = Number(metrics[0]?.sampleSize);
    expect(counted).toBeGreaterThanOrEqual(ids.length);
    expect(counted).toBeLessThanOrEqual(ids.length + reporters.length * 50);
  });

  test("turns readiness off, ends watches, answers what is in flight and refuses the rest", async () => {
    await using daemon = await startDaemon();
    expect(await readiness(daemon)).toBe(200);
    const watch = watchHealth(daemon);
    await eventually(
      () => watch.states,
      (states) => states.length === 1,
    );
    const slow = await slowReport(daemon, "slow");

    const exit = daemon.stop();
    expect(await watch.ended).toStrictEqual({ code: UNAVAILABLE, reason: "DRAINING" });
    expect(watch.states).toStrictEqual(["SERVING", NOT_SERVING]);
    expect(await readiness(daemon)).toBe(503);
    const health = createGrpcClient(new URL(daemon.managementUrl).host);
    const checked = await health.call("grpc.health.v1.Health/Check", { service: "" });
    expect(checked.response).toMatchObject({ status: NOT_SERVING });
    health.close();
    await expect(fetch(daemon.agentsUrl)).rejects.toThrow();
    expect(await slow.finish()).toBe(200);
    expect(await exit).toMatchObject({ code: 0, signal: null });

    await using again = await startDaemon({ dataDir: daemon.dataDir });
    const report = await call(again.agentsUrl, "OutcomeService/ReportOutcomes", {
      outcomes: [outcome("slow")],
    });
    expect(report).toStrictEqual({ duplicateCount: 1 });
  });

  test("waits only so long for a caller that never finishes", async () => {
    await using daemon = await startDaemon();
    const slow = await slowReport(daemon, "never");
    const idle = connect(Number(new URL(daemon.agentsUrl).port), "127.0.0.1");
    idle.on("error", () => undefined);
    const stoppedAt = performance.now();
    expect(await daemon.stop()).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - stoppedAt).toBeLessThan(STOP_MS_MAX);
    slow.abandon();
    idle.destroy();
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s to the process group of npm start ends likewise",
    async (signal) => {
      await using daemon = await startDaemon({ command: ["npm", "start", "--"] });
      await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", {
        outcomes: [outcome("by-npm")],
      });
      // What npm itself ends with is npm's affair; the daemon's end is in the log.
      const exit = await daemon.stopGroup(signal);
      expect(exit.stderr).toMatch(/"msg":"stopped","failures":0/);
      await expect(fetch(daemon.agentsUrl)).rejects.toThrow();

      await using again = await startDaemon({ dataDir: daemon.dataDir });
      const page = await readMetrics(again.managementUrl);
      // The journal was folded into a checkpoint on the way down, so that nothing is left to read again.
      expect(sampleValue(page, "attuned_store_journal_lag_records")).toBe(0);
    },
  );
});
