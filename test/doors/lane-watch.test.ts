import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { createSetTimers } from "../../src/engine/engine-fixtures.ts";
import { WatchHub } from "../../src/engine/watch.ts";
import {
  ConfigService,
  WatchConfigsRequestSchema,
} from "../../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import type { FrameSource } from "../../src/rpc/server/hot-call.ts";
import { hotWatch } from "../../src/rpc/watch.ts";
import { framed, openWay, type Sent, send, type Way } from "./two-ways.ts";

const PATH = `/${ConfigService.typeName}/WatchConfigs`;
const PLANNING = { model: "gpt-4", phase: Phase.PLANNING };

type Watch = MessageInitShape<typeof WatchConfigsRequestSchema>;

let ways: readonly [Way, Way];
beforeAll(async () => {
  ways = [await openWay(true), await openWay(false)];
});
afterAll(() => Promise.all(ways.map((way) => way.close())));

function bodyOf(watch: Watch): Buffer {
  return framed(toBinary(WatchConfigsRequestSchema, create(WatchConfigsRequestSchema, watch)));
}

function sentOf(body: Buffer, headers: Record<string, string> = {}): Sent {
  return {
    httpVersion: "2",
    path: PATH,
    headers: { "content-type": "application/grpc", ...headers },
    pieces: body.length === 0 ? [] : [body],
  };
}

/** A watch that is read. */
function open({ session }: Way, watch: Watch, headers: Record<string, string> = {}) {
  const more = { "content-type": "application/grpc", te: "trailers", ...headers };
  const stream = session.request({ ":method": "POST", ":path": PATH, ...more });
  let bytes = Buffer.alloc(0);
  let trailers: Record<string, unknown> = {};
  stream.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  stream.on("trailers", (fields) => {
    trailers = { ...fields };
  });
  stream.on("error", () => {});
  const ended = new Promise((resolve) => stream.on("close", resolve));
  stream.end(bodyOf(watch));
  return {
    /** Waits for so many messages. */
    async messages(count: number): Promise<Buffer[]> {
      while (messagesOf(bytes).length < count) await turn();
      return messagesOf(bytes);
    },
    ended: async () => {
      await ended;
      return { trailers, messages: messagesOf(bytes) };
    },
    cancel: () => stream.destroy(),
  };
}

function messagesOf(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

function put(way: Way, temperature: number) {
  const config = { modelName: "gpt-4", phases: { planning: { temperature } } };
  return way.engine.commit(putModelConfig(config, { etag: "", reason: "", changedBy: "test" }));
}

const codes = ({ calls }: Way) => calls.map(({ seconds: _, ...call }) => call);

/** The same at both ways, one after the other; what each gives, with what was counted. */
async function both<T>(run: (way: Way) => Promise<T>) {
  const results = [];
  for (const way of ways) {
    way.calls.length = 0;
    const result = await run(way);
    results.push({ result, calls: codes(way) });
  }
  return results;
}

describe("a watch on the fast lane says what one through Connect says", () => {
  test.each<[string, Watch]>([
    ["of a key", { keys: [PLANNING] }],
    ["of several keys", { keys: [PLANNING, { ...PLANNING, attributes: { agent: "a" } }] }],
    ["of everything", {}],
    ["that resumes", { keys: [PLANNING], storeId: "store-test", revision: 1n }],
    ["of another store", { keys: [PLANNING], storeId: "another", revision: 7n }],
  ])("%s, at the start and after changes", async (_what, watch) => {
    const [fast, usual] = await both(async (way) => {
      await put(way, 0.4);
      const open_ = open(way, watch);
      const [first] = await open_.messages(1);
      let last: Buffer[] = [];
      for (const count of [1, 2]) {
        await put(way, count / 10);
        last = await open_.messages((first ? messagesOf(first).length : 0) + count);
      }
      open_.cancel();
      await until(() => way.calls.length === 1);
      expect(way.watchCount()).toBe(0);
      return last;
    });
    expect(fast?.result.length).toBeGreaterThan(2);
    expect(fast).toEqual(usual);
    expect(fast?.calls).toMatchObject([{ code: "CANCELLED", protocol: "grpc" }]);
  });

  const many = Array.from({ length: 65 }, () => PLANNING);
  test.each<[string, Sent]>([
    ["too many keys", sentOf(bodyOf({ keys: many }))],
    ["a key without a phase", sentOf(bodyOf({ keys: [{ model: "gpt-4" }] }))],
    ["a name that is none", sentOf(bodyOf({ keys: [{ ...PLANNING, model: "a\u0000b" }] }))],
    [
      "attributes that are none",
      sentOf(bodyOf({ keys: [{ ...PLANNING, attributes: { "": "x" } }] })),
    ],
    ["a negative revision", sentOf(bodyOf({ revision: -1n }))],
    ["heartbeats too far apart", sentOf(bodyOf({ heartbeatSeconds: 301 }))],
    ["no message", sentOf(Buffer.alloc(0))],
    ["two messages", sentOf(Buffer.concat([bodyOf({}), bodyOf({})]))],
    ["half a message", sentOf(bodyOf({ keys: [PLANNING] }).subarray(0, -2))],
    ["bytes that are no message", sentOf(framed(Buffer.of(0x0a, 0xff)))],
    ["a compression that was not named", sentOf(framed(Buffer.of(1), 1))],
    ["a timeout that is none", sentOf(bodyOf({}), { "grpc-timeout": "soon" })],
    ["a deadline that has passed", sentOf(bodyOf({}), { "grpc-timeout": "0m" })],
    ["a wrong token", sentOf(bodyOf({}), { authorization: "Bearer wrong" })],
    ["a page of another site", sentOf(bodyOf({}), { origin: "http://evil.example" })],
    [
      "a content type for unary calls",
      sentOf(Buffer.of(), { "content-type": "application/proto" }),
    ],
  ])("to %s", async (_what, sent) => {
    const [fast, usual] = await both((way) => send(way, sent));
    expect(fast).toEqual(usual);
    for (const way of ways) expect(way.watchCount()).toBe(0);
  });

  test("when its deadline passes", async () => {
    const [fast, usual] = await both(async (way) => {
      const { ended } = open(way, { keys: [PLANNING] }, { "grpc-timeout": "150m" });
      const { trailers, messages } = await ended();
      return { trailers, messages };
    });
    expect(fast?.result.trailers).toMatchObject({ "grpc-status": "4" });
    expect(fast).toEqual(usual);
  });

  test("when the daemon goes down", async () => {
    const [fast, usual] = await both(async (way) => {
      const { ended, messages } = open(way, { keys: [PLANNING] });
      await messages(1);
      way.drain();
      const { trailers } = await ended();
      return { trailers, refused: await send(way, sentOf(bodyOf({}))) };
    });
    expect(fast?.result.trailers).toMatchObject({ "grpc-status": "14" });
    expect(fast).toEqual(usual);
  });
});

test("watches that are told the same share the very bytes", async () => {
  const [way] = ways;
  const hub = new WatchHub({
    lookups: way.engine.lookups,
    clock: way.clock,
    timers: createSetTimers(),
  });
  way.engine.onCommit((committed) => hub.committed(committed));
  const { read } = hotWatch(hub, { timers: createSetTimers(), storeId: "store-test" });
  const message = bodyOf({ keys: [PLANNING] }).subarray(5);
  const open_ = async () => (await read(message, "proto"))() as FrameSource;
  const [one, other] = [await open_(), await open_()];
  const first = one.take();
  expect(first).toBeInstanceOf(Buffer);
  expect(other.take()).toBe(first);
  await put(way, 0.77);
  const second = one.take();
  expect(second).not.toEqual(first);
  expect(other.take()).toBe(second);
  expect(one.take()).toBeUndefined();
});
