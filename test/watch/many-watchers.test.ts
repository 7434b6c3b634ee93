import { connect } from "node:http2";
import { performance } from "node:perf_hooks";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { WatchConfigsRequestSchema } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { call } from "../support/connect-json.ts";
import { residentBytes, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

const MEGABYTE = 1024 * 1024;
const WATCHERS = 5_000;
const STREAMS_PER_CONNECTION = 1_000;

/** A gRPC request frame: no compression, length, message. */
function frame(keys: readonly { model: string; phase: Phase }[]): Buffer {
  const message = toBinary(
    WatchConfigsRequestSchema,
    create(WatchConfigsRequestSchema, { keys: [...keys] }),
  );
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

/** Opens watches as bare streams of HTTP/2, which cost this process little. */
function openStreams(url: string, count: number, onData: (bytes: number) => void) {
  const body = frame([{ model: "gpt-4", phase: Phase.PLANNING }]);
  const sessions = [];
  for (let opened = 0; opened < count; ) {
    const session = connect(url);
    session.on("error", () => undefined);
    sessions.push(session);
    const here = Math.min(STREAMS_PER_CONNECTION, count - opened);
    for (let index = 0; index < here; index++) {
      const stream = session.request({
        ":method": "POST",
        ":path": "/attuned.v1.ConfigService/WatchConfigs",
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("error", () => undefined);
      stream.on("data", (chunk: Buffer) => onData(chunk.byteLength));
      stream.end(body);
    }
    opened += here;
  }
  return sessions;
}

function put(url: string, temperature: number) {
  const phases = [{ phase: "PHASE_PLANNING", settings: { temperature } }];
  return call(url, "ModelService/PutModelConfig", { config: { modelName: "gpt-4", phases } });
}

async function metricOf(url: string, name: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(
    page
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1],
  );
}

it("5,000 watchers are told of a write, in bounded memory, and one more is refused", async () => {
  await using daemon = await startDaemon();
  const before = residentBytes(daemon.pid);
  let messages = 0;
  const sessions = openStreams(daemon.agentsUrl, WATCHERS, () => {
    messages += 1;
  });
  await eventually(
    () => messages,
    (count) => count >= WATCHERS,
  );
  expect(await metricOf(daemon.managementUrl, "attuned_watch_streams")).toBe(WATCHERS);
  const idle = residentBytes(daemon.pid);
  const tookMs: number[] = [];
  for (let round = 1; round <= 5; round++) {
    messages = 0;
    const startedMs = performance.now();
    await put(daemon.agentsUrl, round / 10);
    while (messages < WATCHERS) await new Promise((resolve) => setImmediate(resolve));
    tookMs.push(performance.now() - startedMs);
  }
  const after = residentBytes(daemon.pid);
  const grownMegabytes = (after - before) / MEGABYTE;
  console.log(
    `${WATCHERS} watchers: ${((idle - before) / MEGABYTE).toFixed(0)} MB idle, ` +
      `${grownMegabytes.toFixed(0)} MB after writes (${((after - before) / WATCHERS / 1024).toFixed(0)} KB each), ` +
      `last one told after ${Math.min(...tookMs).toFixed(0)} to ${Math.max(...tookMs).toFixed(0)} ms`,
  );
  // On the fast lane one takes about 11 KB, over Connect 75.
  expect(grownMegabytes).toBeLessThan(150);
  const [refused] = openStreams(daemon.agentsUrl, 1, () => undefined);
  await eventually(
    () =>
      metricOf(
        daemon.managementUrl,
        'attuned_rpc_requests_total{service="attuned.v1.ConfigService",method="WatchConfigs",code="RESOURCE_EXHAUSTED"}',
      ),
    (count) => count === 1,
  );
  for (const session of [...sessions, refused]) session?.destroy();
  await eventually(
    () => metricOf(daemon.managementUrl, "attuned_watch_streams"),
    (count) => count === 0,
  );
});

it("a reader that does not read costs nothing while others read on", async () => {
  await using daemon = await startDaemon();
  const url = daemon.agentsUrl;
  const session = connect(url, { settings: { initialWindowSize: 1_024 } });
  const keys = ["gpt-4", "mistral", "glm-4", "llama-2"].map((model) => ({
    model,
    phase: Phase.PLANNING,
  }));
  const stream = session.request({
    ":method": "POST",
    ":path": "/attuned.v1.ConfigService/WatchConfigs",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(frame(keys));
  stream.pause();
  await put(url, 0.01);
  const before = residentBytes(daemon.pid);
  for (let round = 0; round < 2_500; round += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(url, (round + index) / 3_000)));
  }
  expect(await metricOf(daemon.managementUrl, "attuned_watch_slow_consumers_total")).toBe(1);
  const grown = (residentBytes(daemon.pid) - before) / MEGABYTE;
  console.log(`a reader that does not read: ${grown.toFixed(0)} MB after 2,500 writes`);
  expect(grown).toBeLessThan(150);
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
  });
  stream.resume();
  // What it missed is one state of each key, not one of each write.
  await eventually(
    () => bytes,
    (count) => count > 3_000,
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(bytes).toBeLessThan(200_000);
  session.destroy();
});
