import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Engine } from "../../src/engine/engine.ts";
import {
  createCountingRandom,
  createSetClock,
  openTestEngine,
  type SetClock,
} from "../../src/engine/engine-fixtures.ts";
import { WatchHub } from "../../src/engine/watch.ts";
import { ConfigService } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { silentLog } from "../../src/platform/log.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import { createConfigService } from "../../src/rpc/config-service.ts";
import { createHotLookups } from "../../src/rpc/hot-lookups.ts";
import { OutcomeIntake } from "../../src/rpc/outcome-intake.ts";
import { createOutcomeService, hotReports } from "../../src/rpc/outcome-service.ts";
import { createAdmission } from "../../src/rpc/server/admission.ts";
import type { CallReport } from "../../src/rpc/server/call-report.ts";
import { createConnectHandler } from "../../src/rpc/server/connect-handler.ts";
import { createHostRule, guardHost, guardStreams } from "../../src/rpc/server/host.ts";
import type { HotCall } from "../../src/rpc/server/hot-call.ts";
import { listen } from "../../src/rpc/server/listener.ts";
import { createWatchConfigs, hotWatch } from "../../src/rpc/watch.ts";
import { openMemoryStore } from "../../src/store/store-fixtures.ts";

/** The services on an engine of their own, behind a door with or without the fast lane. Two of them do the same in the same order. */
export interface Way {
  readonly url: string;
  readonly engine: Engine;
  readonly clock: SetClock;
  readonly calls: CallReport[];
  /** What the services told their listeners. */
  readonly heard: string[];
  /** Requests that the lane read to their end. */
  readonly lane: { reads: number };
  readonly session: ClientHttp2Session;
  watchCount(): number;
  /** Ends streams and takes no more calls. */
  drain(): void;
  close(): Promise<void>;
}

/** Small, so that a message beyond it costs a test nothing. */
export const REQUEST_BYTES = 2_000;
export const TOKEN = "s3cret";

export async function openWay(hasLane: boolean): Promise<Way> {
  const clock = createSetClock();
  const platform = {
    clock,
    timers: systemTimers,
    random: createCountingRandom(),
    log: silentLog,
  };
  const { store } = await openMemoryStore();
  const engine = await openTestEngine(store, {
    ...platform,
    timers: { ...systemTimers, waiting: [], fireAll() {} },
  });
  const calls: CallReport[] = [];
  const heard: string[] = [];
  const hears = {
    onResolved: ({ arm }: { arm: { configId: string } }) => heard.push(`resolved ${arm.configId}`),
    onContextTight: () => heard.push("tight"),
    onReported: (tally: object) => heard.push(JSON.stringify(tally)),
    onTooFarAhead: () => heard.push("too far ahead"),
  };
  const intake = new OutcomeIntake({ engine, ...platform, ...hears });
  const watches = new WatchHub({ lookups: engine.lookups, clock, timers: systemTimers });
  engine.onCommit((committed) => watches.committed(committed));
  const toWatch = { timers: systemTimers, storeId: engine.store.storeId };
  const admission = createAdmission();
  const lane = { reads: 0 };
  const counted = (call: HotCall): HotCall => ({
    ...call,
    read(message, format) {
      lane.reads += 1;
      return call.read(message, format);
    },
  });
  const rpc = createConnectHandler({
    platform,
    admission,
    requestBytesMax: REQUEST_BYTES,
    grants: [
      { tokenSha256: createHash("sha256").update(TOKEN).digest("hex"), name: "ci", role: "report" },
    ],
    observe: (call) => calls.push(call),
    hotCalls: hasLane
      ? [...createHotLookups(engine, hears), hotReports(intake), hotWatch(watches, toWatch)].map(
          counted,
        )
      : [],
    routes(router) {
      router.service(ConfigService, {
        ...createConfigService(engine, hears),
        ...createWatchConfigs(watches, toWatch),
      });
      router.service(OutcomeService, createOutcomeService(engine, intake, clock));
    },
  });
  const rule = createHostRule({ allowedHosts: [], hostName: "machine" });
  // Without a token a caller may look, and no more.
  const door = { name: "agents", role: "read", identity: "system" } as const;
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    {
      handler: guardHost(rule, rpc.through(door)),
      streams: guardStreams(rule, rpc.streams(door)),
      platform,
    },
  );
  admission.open();
  const session = connect(listener.url);
  return {
    url: listener.url,
    ...{ engine, clock, calls, heard, lane, session },
    watchCount: () => watches.size,
    drain: () => admission.drain(),
    async close() {
      session.destroy();
      await listener.close(500);
      await engine.close();
    },
  };
}

/** A request as it goes out. */
export interface Sent {
  readonly httpVersion: "1.1" | "2";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Each is a write of its own. */
  readonly pieces: readonly Buffer[];
}

/** An answer, without what says when or how it was sent. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** What may differ: the time, how HTTP/1.1 delimits the body, and that the lane does not offer to compress what it never does. */
const INCIDENTAL = new Set([
  "date",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "grpc-encoding",
]);

export function send(way: Way, sent: Sent): Promise<Answered> {
  return sent.httpVersion === "2" ? sendHttp2(way, sent) : sendHttp1(way, sent);
}

function sendHttp2({ session }: Way, sent: Sent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": sent.path, ...sent.headers });
    const chunks: Buffer[] = [];
    let answered = { status: 0, headers: {}, trailers: {} };
    stream.on("response", ({ ":status": status = 0, ...headers }) => {
      answered = { ...answered, status, headers: essential(headers) };
    });
    stream.on("trailers", (trailers) => {
      answered = { ...answered, trailers: essential(trailers) };
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    // An answer that comes before the body is all sent may cut the sending off.
    stream.on("close", () => resolve({ ...answered, body: bodyOf(chunks) }));
    writeAll(sent.pieces, stream).catch(() => undefined);
  });
}

function sendHttp1({ url }: Way, sent: Sent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      url + sent.path,
      { method: "POST", headers: sent.headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: essential(response.headers),
            trailers: essential(response.trailers),
            body: bodyOf(chunks),
          }),
        );
      },
    );
    request.on("error", reject);
    writeAll(sent.pieces, request).catch(() => undefined);
  });
}

async function writeAll(pieces: readonly Buffer[], to: NodeJS.WritableStream): Promise<void> {
  for (const piece of pieces) {
    to.write(piece);
    await nextTurn();
  }
  to.end();
}

function essential(headers: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !INCIDENTAL.has(name)));
}

function bodyOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("latin1");
}

/** A message behind gRPC's prefix. */
export function framed(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
