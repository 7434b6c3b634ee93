import { request as httpRequest } from "node:http";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ReportOutcomesRequestSchema } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";
import { framed } from "./two-ways.ts";

const RESOLVE = "/attuned.v1.ConfigService/ResolveConfig";
const REPORT = "/attuned.v1.OutcomeService/ReportOutcomes";
const MESSAGE = Buffer.from("\x0a\x05gpt-4", "latin1");
const JSON_MESSAGE = Buffer.from('{"model":"gpt-4"}');
const FOREVER = Buffer.from("\x0a\x07forever", "latin1");

let doors: Doors;
let session: ClientHttp2Session;

async function open(options: Parameters<typeof startDoors>[0] = {}): Promise<void> {
  doors = await startDoors(options);
  session = connect(doors.url);
}
async function close(): Promise<void> {
  session.close();
  expect(await doors.stop(2_000)).toEqual({ destroyedCount: 0 });
}

function post(path: string, headers: Record<string, string>) {
  return session.request({ ":method": "POST", ":path": path, ...headers });
}

function statusOf(path: string, headers: Record<string, string>, body: Buffer): Promise<unknown> {
  const stream = post(path, headers);
  stream.end(body);
  return new Promise((resolve, reject) => {
    stream.on("response", ({ ":status": status }) => resolve(status));
    stream.on("error", reject);
    stream.resume();
  });
}

/** Waits until the daemon's side has caught up with the client's. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const codes = () => doors.calls.map(({ method, code }) => `${method} ${code}`);

describe("the fast lane", () => {
  beforeEach(() => open());
  afterEach(close);

  it.each([
    ["application/grpc", framed(MESSAGE)],
    ["application/grpc+proto", framed(MESSAGE)],
    ["application/proto", MESSAGE],
    ["application/json", JSON_MESSAGE],
  ])("takes a plain call in %s", async (contentType, body) => {
    const more = { te: "trailers", "grpc-accept-encoding": "gzip", "grpc-timeout": "5S" };
    expect(await statusOf(RESOLVE, { "content-type": contentType, ...more }, body)).toBe(200);
    expect(doors.services.lane.calls).toBe(1);
  });

  it("takes a plain call of Connect over HTTP/1.1", async () => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(doors.url + RESOLVE, {
      method: "POST",
      headers,
      body: JSON_MESSAGE,
    });
    expect(await response.json()).toMatchObject({ model: "gpt-4", enabled: true });
    expect(doors.services.lane.calls).toBe(1);
  });

  it.each([
    [
      "a compressed message",
      { "content-type": "application/grpc", "grpc-encoding": "gzip" },
      framed(MESSAGE),
    ],
    ["another spelling", { "content-type": "application/json; charset=utf-8" }, JSON_MESSAGE],
    ["gRPC-Web", { "content-type": "application/grpc-web+proto" }, framed(MESSAGE)],
  ])("leaves %s to Connect", async (_what, headers, body) => {
    expect(await statusOf(RESOLVE, headers, body)).toBe(200);
    expect(doors.services.lane.calls).toBe(0);
    expect(codes()).toEqual(["ResolveConfig OK"]);
  });
});

describe("on the fast lane, a caller that goes", () => {
  beforeEach(() => open());
  afterEach(close);

  // The first of two outcomes: a message that could be read, were it not for what is missing.
  const [one, two] = [1, 2].map((count) =>
    Buffer.from(
      toBinary(
        ReportOutcomesRequestSchema,
        create(ReportOutcomesRequestSchema, {
          outcomes: Array.from({ length: count }, (_, i) => ({ outcomeId: `o-${i}` })),
        }),
      ),
    ),
  );
  const proto = { "content-type": "application/proto" };

  it.each([
    ["a reset", undefined],
    ["an error", new Error("the caller failed")],
  ])("amid its body with %s reported nothing", async (_how, error) => {
    const stream = post(REPORT, proto);
    stream.on("error", () => {});
    stream.write(one);
    await statusOf(RESOLVE, proto, MESSAGE);
    // A close would end the body first.
    stream.destroy(error);
    await until(() => doors.calls.length === 2);
    expect(codes()).toEqual(["ResolveConfig OK", "ReportOutcomes CANCELLED"]);
    expect(doors.services.lane.calls).toBe(1);
  });

  it("amid its body with its connection reported nothing", async () => {
    const stream = post(REPORT, proto);
    stream.on("error", () => {});
    stream.write(one);
    await statusOf(RESOLVE, proto, MESSAGE);
    session.destroy();
    await until(() => doors.calls.length === 2);
    expect(codes()).toEqual(["ResolveConfig OK", "ReportOutcomes CANCELLED"]);
    expect(doors.services.lane.calls).toBe(1);
  });

  it("amid its body over HTTP/1.1 reported nothing", async () => {
    const headers = { ...proto, "content-length": String(two?.length) };
    const sent = httpRequest(doors.url + REPORT, { method: "POST", headers });
    sent.on("error", () => {});
    await new Promise((resolve) => sent.write(one, resolve));
    sent.destroy();
    await until(() => doors.calls.length === 1);
    expect(codes()).toEqual(["ReportOutcomes CANCELLED"]);
    expect(doors.services.lane.calls).toBe(0);
  });

  it("before its answer is counted once and harms nobody", async () => {
    const stream = post(RESOLVE, proto);
    stream.end(FOREVER);
    await until(() => doors.services.lane.calls === 1);
    stream.close(constants.NGHTTP2_CANCEL);
    await until(() => doors.calls.length === 1);
    expect(codes()).toEqual(["ResolveConfig CANCELLED"]);
    expect(await statusOf(RESOLVE, proto, MESSAGE)).toBe(200);
  });
});

describe("on the fast lane, a body that does not come to its end", () => {
  afterEach(close);

  it("is given up after its time", async () => {
    await open({ requestMs: 50 });
    const stream = post(RESOLVE, { "content-type": "application/grpc" });
    stream.write(framed(MESSAGE).subarray(0, 6));
    const code = await new Promise((resolve) => {
      stream.on("error", () => {});
      stream.on("close", () => resolve(stream.rstCode));
    });
    expect(code).toBe(constants.NGHTTP2_CANCEL);
    await until(() => doors.calls.length === 1);
    expect(codes()).toEqual(["ResolveConfig CANCELLED"]);
  });
});
