import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigService } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { createGrpcClient } from "./grpc-client.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const run = promisify(execFile);
const RESOLVE = "/attuned.v1.ConfigService/ResolveConfig";
const REQUEST = { model: "gpt-4", phase: "PHASE_PLANNING" };
const ANSWER = { model: "gpt-4", enabled: true, settings: { temperature: 0.3, maxTokens: 3000 } };

describe("one port", () => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await startDoors();
  });
  afterAll(() => doors.stop(500));

  it("answers JSON over HTTP/1.1", async () => {
    const response = await postJson(doors.url, REQUEST);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(ANSWER);
  });

  it("answers JSON over HTTP/2 with prior knowledge", async () => {
    const { stdout } = await run("curl", [
      "-sS",
      "--http2-prior-knowledge",
      ...["-H", "content-type: application/json"],
      ...["-d", JSON.stringify(REQUEST)],
      ...["-w", "\n%{http_version}"],
      doors.url + RESOLVE,
    ]);
    const [body = "", version] = stdout.split("\n");
    expect(JSON.parse(body)).toEqual(ANSWER);
    expect(version).toBe("2");
  });

  it("answers a Connect GET, which nobody may keep unless the service says so", async () => {
    const get = (model: string) =>
      fetch(
        `${doors.url}${RESOLVE}?connect=v1&encoding=json&message=${encodeURIComponent(
          JSON.stringify({ ...REQUEST, model }),
        )}`,
      );
    const plain = await get("gpt-4");
    expect(await plain.json()).toEqual(ANSWER);
    expect(plain.headers.get("cache-control")).toBe("no-store");
    const cached = await get("cached");
    await cached.text();
    expect(cached.headers.get("cache-control")).toBe("max-age=60");
    const missing = await get("missing");
    await missing.text();
    expect(missing.headers.get("cache-control")).toBe("no-store");
  });

  it("answers a grpc-js client made from the protos", async () => {
    const client = createGrpcClient(`127.0.0.1:${doors.port}`);
    const answer = await client.call("attuned.v1.ConfigService/ResolveConfig", REQUEST);
    client.close();
    expect(answer.code).toBe(0);
    expect(answer.response).toMatchObject(ANSWER);
  });

  it.each(["1.1", "2"] as const)(
    "answers gRPC-Web, gRPC and Connect binary over HTTP/%s",
    async (httpVersion) => {
      const options = { baseUrl: doors.url, httpVersion };
      for (const create of [createGrpcWebTransport, createGrpcTransport, createConnectTransport]) {
        const client = createClient(ConfigService, create(options));
        const answer = await client.resolveConfig({ model: "gpt-4", phase: Phase.PLANNING });
        expect(answer.settings?.temperature).toBe(0.3);
      }
    },
  );

  it("answers gRPC and JSON over a Unix socket", async () => {
    const path = `/tmp/attuned-doors-${process.pid}.sock`;
    const own = await startDoors({ endpoint: { path, mode: 0o660 } });
    const client = createGrpcClient(`unix:${path}`);
    const answer = await client.call("attuned.v1.ConfigService/ResolveConfig", REQUEST);
    client.close();
    const { stdout } = await run("curl", [
      ...["-sS", "--unix-socket", path],
      ...["-H", "content-type: application/json"],
      ...["-d", JSON.stringify(REQUEST)],
      `http://localhost${RESOLVE}`,
    ]);
    await own.stop(500);
    expect(answer.response).toMatchObject(ANSWER);
    expect(JSON.parse(stdout)).toEqual(ANSWER);
  });

  it("counts every call once, with the status it ended in", async () => {
    const before = doors.calls.length;
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
    await postJson(doors.url, REQUEST);
    await postJson(doors.url, { ...REQUEST, model: "missing" });
    await postJson(doors.url, { unknownField: 1 });
    await grpc.call("attuned.v1.ConfigService/ResolveConfig", REQUEST);
    await grpc.call("attuned.v1.ConfigService/ResolveConfig", { ...REQUEST, model: "full" });
    await fetch(`${doors.url}/nothing/here`);
    grpc.close();
    expect(doors.calls.slice(before).map((call) => `${call.protocol} ${call.code}`)).toEqual([
      "connect OK",
      "connect NOT_FOUND",
      "connect INVALID_ARGUMENT",
      "grpc OK",
      "grpc RESOURCE_EXHAUSTED",
      "unknown UNIMPLEMENTED",
    ]);
  });
});

async function postJson(url: string, body: object): Promise<Response> {
  return fetch(url + RESOLVE, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
