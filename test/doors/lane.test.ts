import { gzipSync } from "node:zlib";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type JsonObject,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { startedExperiment } from "../../src/engine/experiments/experiments-fixtures.ts";
import { ConfigService, type RenderMode } from "../../src/gen/attuned/v1/config_service_pb.ts";
import type { OutcomeStatus } from "../../src/gen/attuned/v1/outcome_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import type { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { framed, openWay, REQUEST_BYTES, type Sent, send, TOKEN, type Way } from "./two-ways.ts";

let withLane: Way;
let without: Way;
beforeAll(async () => {
  withLane = await openWay(true);
  without = await openWay(false);
  for (const way of [withLane, without]) await startedExperiment(way.engine);
});
afterAll(async () => {
  await withLane.close();
  await without.close();
});

/** The same request through both doors. */
async function both(sent: Sent) {
  return [await send(withLane, sent), await send(without, sent)] as const;
}

interface Message {
  readonly method: DescMethodUnary;
  readonly json: string;
  readonly binary: Buffer;
}

function messageOf<I extends DescMessage>(
  method: DescMethodUnary<I>,
  init: MessageInitShape<I>,
): Message {
  const message = create(method.input, init);
  return {
    method,
    json: toJsonString(method.input, message),
    binary: Buffer.from(toBinary(method.input, message)),
  };
}

const models = fc.constantFrom(
  "gpt-4",
  "gpt-4",
  "gpt-4",
  "gpt-4",
  "claude-opus-4-5",
  "o3",
  "no-such-model",
  "",
  "a\u0000b",
);
const phases = fc.constantFrom(1, 1, 2, 2, 2, 2, 3, 0, 99).map((number) => number as Phase);
const units = fc.constantFrom("", "session-1", "session-2", "u".repeat(300));
const attributes = fc.constantFrom<Record<string, string>>(
  {},
  { environment: "production" },
  { "": "no name" },
);
const settings = fc.constantFrom<{ temperature?: number }>(
  {},
  { temperature: 0.5 },
  { temperature: -1 },
);
const resolving = fc
  .record({
    model: models,
    phase: phases,
    unit: units,
    attributes,
    peek: fc.boolean(),
    requireKnown: fc.boolean(),
    callSettings: settings,
  })
  .map((init) => messageOf(ConfigService.method.resolveConfig, init));
const rendering = fc
  .record({
    model: models,
    phase: phases,
    unit: units,
    attributes,
    peek: fc.boolean(),
    mode: fc.constantFrom(0, 1, 2, 3, 9).map((number) => number as RenderMode),
    api: fc.constantFrom("", "", "openai.responses", "anthropic.messages", "no.such"),
    apiVersion: fc.constantFrom("", "", "2023-06-01"),
    promptTokens: fc.constantFrom(0, 0, 8000, -1),
    additionalParams: fc.constantFrom<JsonObject>({}, { stop: ["end"], seed: 7 }),
  })
  .map((init) => messageOf(ConfigService.method.getLLMParams, init));
const outcome = fc.record({
  outcomeId: fc.constantFrom("", "o-1", "o-2", "o-3"),
  model: models,
  phase: phases,
  status: fc.constantFrom(1, 2, 0).map((number) => number as OutcomeStatus),
  latencyMs: fc.constantFrom(100, 250, -1),
  scores: fc.constantFrom<Record<string, number>>({}, { quality: 80 }),
  decisionToken: fc.constantFrom("", "", "forged"),
});
const reporting = fc
  .array(outcome, { maxLength: 4 })
  .map((outcomes) => messageOf(OutcomeService.method.reportOutcomes, { outcomes }));
const looking = fc
  .constant({ model: "gpt-4" })
  .map((init) => messageOf(OutcomeService.method.getMetrics, init));
const messages = fc.oneof(
  { arbitrary: resolving, weight: 4 },
  { arbitrary: rendering, weight: 6 },
  { arbitrary: reporting, weight: 4 },
  { arbitrary: looking, weight: 1 },
);

/** What becomes of the bytes of a message on the way. */
const damages: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  { arbitrary: fc.constant((bytes: Buffer) => bytes), weight: 8 },
  { arbitrary: fc.nat(60).map((at) => (bytes: Buffer) => bytes.subarray(0, at)), weight: 1 },
  {
    arbitrary: fc
      .uint8Array({ maxLength: 12 })
      .map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
    weight: 1,
  },
  {
    arbitrary: fc.constant((bytes: Buffer) =>
      Buffer.concat([bytes, Buffer.alloc(REQUEST_BYTES, 0x20)]),
    ),
    weight: 1,
  },
);
const frames: fc.Arbitrary<(message: Buffer) => Buffer> = fc.oneof(
  { arbitrary: fc.constant((message: Buffer) => framed(message)), weight: 8 },
  fc.constant((message: Buffer) => framed(message, 1)),
  fc.constant((message: Buffer) => framed(gzipSync(message), 1)),
  fc.constant((message: Buffer) => framed(message, 2)),
  fc.constant((message: Buffer) => Buffer.concat([framed(message), framed(message)])),
  fc.constant((message: Buffer) => framed(message).subarray(0, -1)),
  fc.constant((message: Buffer) => Buffer.concat([framed(message), Buffer.of(0)])),
  fc.constant(() => Buffer.alloc(0)),
  fc.constant(() => Buffer.of(0, 0, 0)),
  fc.constant(() => Buffer.of(0, 0xff, 0xff, 0xff, 0xff, 1)),
);
const contentTypes = fc.oneof(
  {
    arbitrary: fc.constantFrom("application/grpc", "application/grpc+proto"),
    weight: 6,
  },
  { arbitrary: fc.constantFrom("application/proto", "application/json"), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      "application/json; charset=utf-8",
      "APPLICATION/GRPC",
      "application/grpc+json",
      "text/plain",
      "",
    ),
    weight: 1,
  },
);
const headers = fc.oneof(
  { arbitrary: fc.constant({}), weight: 6 },
  fc.constantFrom<Record<string, string>>(
    { "grpc-timeout": "5S", "connect-timeout-ms": "5000" },
    { "grpc-timeout": "0m", "connect-timeout-ms": "0" },
    { "grpc-timeout": "25H", "connect-timeout-ms": "90000000" },
    { "grpc-timeout": "soon", "connect-timeout-ms": "soon" },
    { "grpc-timeout": "123456789S", "connect-timeout-ms": "12345678901" },
    { "grpc-encoding": "identity", "content-encoding": "identity" },
    { "grpc-encoding": "gzip", "content-encoding": "gzip" },
    { "grpc-encoding": "zstd", "content-encoding": "zstd" },
    { "grpc-accept-encoding": "gzip", "accept-encoding": "gzip" },
    { origin: "http://evil.example" },
    { origin: "http://localhost:3000" },
    { authorization: "Bearer wrong" },
    { authorization: `Bearer ${TOKEN}` },
    { "connect-protocol-version": "1", te: "trailers", "user-agent": "a", "x-unknown": "b" },
  ),
);

const requests = fc
  .record({
    message: messages,
    damage: damages,
    frame: frames,
    contentType: contentTypes,
    more: headers,
    hasToken: fc.constantFrom(true, true, true, false),
    httpVersion: fc.constantFrom("2", "2", "2", "1.1"),
    cuts: fc.array(fc.nat(400), { maxLength: 3 }),
    query: fc.constantFrom("", "", "", "?a=b"),
  })
  .map(
    ({ message, damage, frame, contentType, more, hasToken, httpVersion, cuts, query }): Sent => {
      const isJson = contentType.includes("json");
      const bytes = damage(isJson ? Buffer.from(message.json) : message.binary);
      const isGrpc = /grpc/i.test(contentType);
      const { parent, name } = message.method;
      return {
        httpVersion,
        path: `/${parent.typeName}/${name}${query}`,
        headers: {
          "content-type": contentType,
          ...(hasToken ? { authorization: `Bearer ${TOKEN}` } : {}),
          ...more,
        },
        pieces: cut(isGrpc ? frame(bytes) : bytes, cuts),
      };
    },
  );

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.filter((place) => place < bytes.length), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return ends
    .map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
    .filter((piece) => piece.length > 0);
}

/** What happens to both engines before a request. */
const events = fc.constantFrom("nothing", "nothing", "a minute passes", "a write");

async function happen(event: string, way: Way, count: number): Promise<void> {
  if (event === "a minute passes") way.clock.ms += 60_000;
  if (event === "a write") {
    // Every other one leaves little of the context window to the prompt.
    const maxTokens = (count % 2 === 0 ? 1_000 : 7_000) + (count % 1_000);
    const config = { modelName: "gpt-4", phases: { planning: { maxTokens } } };
    await way.engine.commit(putModelConfig(config, { etag: "", reason: "", changedBy: "test" }));
  }
}

let count = 0;

/** Both doors do the same to the same request, in what they answer, tell and count. */
async function agree(sent: Sent, event: string): Promise<void> {
  count += 1;
  for (const way of [withLane, without]) {
    await happen(event, way, count);
    way.calls.length = 0;
    way.heard.length = 0;
  }
  const [fast, usual] = await both(sent);
  expect(fast).toEqual(usual);
  expect(withLane.heard).toEqual(without.heard);
  expect(withLane.calls.map(withoutTime)).toEqual(without.calls.map(withoutTime));
}

/** The few lookups that agents make over and over, which the lane answers from what it encoded before. */
const usual = fc
  .record({
    mode: fc.constantFrom(0, 1, 2, 3).map((number) => number as RenderMode),
    api: fc.constantFrom("", "openai.responses"),
    promptTokens: fc.constantFrom(0, 0, 8000),
    additionalParams: fc.constantFrom<JsonObject>({}, {}, { seed: 7 }),
    temperature: fc.constantFrom(undefined, undefined, 0.5),
    resolves: fc.boolean(),
    isJson: fc.boolean(),
  })
  .map(({ resolves, isJson, temperature, ...wish }): Sent => {
    const named = { model: "gpt-4", phase: 1 as Phase };
    const callSettings = temperature === undefined ? {} : { temperature };
    const message = resolves
      ? messageOf(ConfigService.method.resolveConfig, { ...named, callSettings })
      : messageOf(ConfigService.method.getLLMParams, { ...named, ...wish });
    return {
      httpVersion: "2",
      path: `/${ConfigService.typeName}/${message.method.name}`,
      headers: { "content-type": isJson ? "application/json" : "application/proto" },
      pieces: [isJson ? Buffer.from(message.json) : message.binary],
    };
  });

describe("the fast lane says what Connect says", () => {
  test("to requests good and bad, over both versions of HTTP", { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(requests, events, agree), { numRuns: 500 });
    expect(withLane.lane.reads).toBeGreaterThan(100);
  });

  test("to the same lookups over and over, until something changes", {
    timeout: 60_000,
  }, async () => {
    const rarely = fc
      .integer({ min: 0, max: 59 })
      .map((n) => ["a minute passes", "a write"][n] ?? "");
    await fc.assert(fc.asyncProperty(usual, rarely, agree), { numRuns: 300 });
  });
});

function withoutTime({ seconds: _, ...call }: Way["calls"][number]) {
  return call;
}
