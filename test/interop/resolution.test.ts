import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { toJson } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ConfigService,
  ResolveConfigResponseSchema,
} from "../../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { createGrpcClient } from "../doors/grpc-client.ts";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { type Daemon, root, startDaemon } from "../support/daemon.ts";
import { describeWith } from "../support/tools.ts";

const run = promisify(execFile);
const RESOLVE = "attuned.v1.ConfigService/ResolveConfig";
const attributes = { environment: "production", agent: "planner" };
const request = { model: "gpt-4", phase: "PHASE_PLANNING", attributes };
const body = JSON.stringify(request);

type Resolution = Readonly<Record<string, unknown>>;

const folder = mkdtempSync(join(tmpdir(), "attuned-interop-"));
const socket = join(folder, "agents.sock");
let daemon: Daemon;
let expected: Resolution;

beforeAll(async () => {
  daemon = await startDaemon({ args: ["--socket", socket] });
  // A temperature of zero is a choice: every client must tell it from none.
  await call(daemon.agentsUrl, "ModelService/PutModelConfig", {
    config: {
      modelName: "gpt-4",
      enabled: true,
      phases: [{ phase: "PHASE_PLANNING", settings: { temperature: 0, topP: 0.95 } }],
    },
    reason: "interop",
  });
  expected = withoutToken(await call(daemon.agentsUrl, "ConfigService/ResolveConfig", request));
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The token is sealed anew each minute; everything else of two answers is equal. */
function withoutToken(answer: Resolution): Resolution {
  const { decisionToken, ...rest } = answer;
  expect(decisionToken).toMatch(/^[\w.~-]+$/);
  return rest;
}

async function printed(program: string, args: readonly string[]): Promise<Resolution> {
  const { stdout } = await run(program, args, { cwd: root });
  return withoutToken(JSON.parse(stdout));
}

test("the answer itself is what was stored over the builtin settings", () => {
  expect(expected).toMatchObject({
    model: "gpt-4",
    configKey: "gpt-4",
    phase: "PHASE_PLANNING",
    enabled: true,
    settings: { temperature: 0, topP: 0.95, maxTokens: 3000, timeoutSeconds: 30, maxRetries: 3 },
    revision: "1",
    configId: expect.stringMatching(/^c1-[0-9a-f]+$/),
  });
});

describe("grpc-js with the contract as proto-loader reads it", () => {
  test.each([
    ["on the agents' port", () => new URL(daemon.agentsUrl).host],
    ["on the agents' socket", () => `unix:${socket}`],
    ["on the admin socket", () => `unix:${join(daemon.dataDir, "admin.sock")}`],
  ])("gets the same %s", async (_, target) => {
    const client = createGrpcClient(target());
    const { code, response } = await client.call(RESOLVE, request);
    client.close();
    expect(code).toBe(0);
    expect(withoutToken(response)).toStrictEqual(expected);
  });
});

describe("buf curl, which learns the contract by reflection", () => {
  const buf = join(root, "node_modules/.bin/buf");

  test.each(["grpc", "grpcweb", "connect"])("gets the same over %s", async (protocol) => {
    const url = `${daemon.agentsUrl}/${RESOLVE}`;
    const args = ["curl", "--protocol", protocol, "--http2-prior-knowledge", "--data", body, url];
    expect(await printed(buf, args)).toStrictEqual(expected);
  });

  test("gets the same on the Unix socket", async () => {
    const url = `http://localhost/${RESOLVE}`;
    const args = ["curl", "--protocol", "grpc", "--unix-socket", socket, "--data", body, url];
    expect(await printed(buf, args)).toStrictEqual(expected);
  });
});

describeWith({ tools: ["curl"] }, "curl with JSON", () => {
  const posted = ["-sS", "-f", "-H", "content-type: application/json", "-d", body];

  test.each([
    ["over HTTP/1.1", ["--http1.1"]],
    ["over HTTP/2 with prior knowledge", ["--http2-prior-knowledge"]],
  ])("gets the same %s", async (_, flags) => {
    const args = [...posted, ...flags, `${daemon.agentsUrl}/${RESOLVE}`];
    expect(await printed("curl", args)).toStrictEqual(expected);
  });

  test("gets the same from a Connect GET, which caches are told to leave alone", async () => {
    const query = new URLSearchParams({ connect: "v1", encoding: "json", message: body });
    const url = `${daemon.agentsUrl}/${RESOLVE}?${query}`;
    expect(await printed("curl", ["-sS", "-f", url])).toStrictEqual(expected);
    const response = await fetch(url);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    ["the agents' socket", () => socket],
    ["the admin socket", () => join(daemon.dataDir, "admin.sock")],
  ])("gets the same on %s", async (_, path) => {
    const args = [...posted, "--unix-socket", path(), `http://localhost/${RESOLVE}`];
    expect(await printed("curl", args)).toStrictEqual(expected);
  });
});

describe("a generated client", () => {
  const transports: readonly (readonly [string, () => Transport])[] = [
    ["gRPC", () => createGrpcTransport({ baseUrl: daemon.agentsUrl })],
    ["gRPC-Web over HTTP/1.1", () => grpcWeb("1.1")],
    ["gRPC-Web over HTTP/2", () => grpcWeb("2")],
    ["Connect, binary", () => connect({ useBinaryFormat: true })],
    ["Connect GET, binary", () => connect({ useBinaryFormat: true, useHttpGet: true })],
  ];
  const grpcWeb = (httpVersion: "1.1" | "2") =>
    createGrpcWebTransport({ baseUrl: daemon.agentsUrl, httpVersion });
  const connect = (options: { useBinaryFormat: boolean; useHttpGet?: boolean }) =>
    createConnectTransport({ baseUrl: daemon.agentsUrl, httpVersion: "1.1", ...options });

  test.each(transports)("gets the same over %s", async (_, transport) => {
    const client = createClient(ConfigService, transport());
    const answer = await client.resolveConfig({ ...request, phase: Phase.PLANNING });
    const json = toJson(ResolveConfigResponseSchema, answer) as Resolution;
    expect(withoutToken(json)).toStrictEqual(expected);
  });
});

describe("roles", () => {
  test("the agents' port keeps to its role, the admin socket is the operators'", async () => {
    await using guarded = await startDaemon({ args: ["--agents-role", "report"] });
    const phases = [{ phase: "PHASE_PLANNING", settings: { temperature: 0.4 } }];
    const put = { config: { modelName: "gpt-4", enabled: true, phases }, reason: "by an operator" };
    const refused = await post(guarded.agentsUrl, "ModelService/PutModelConfig", put);
    expect(refused).toMatchObject({ status: 403, body: { code: "permission_denied" } });
    expect(reasonOf(refused)).toBe("ROLE_REQUIRED");
    const path = join(guarded.dataDir, "admin.sock");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const client = createGrpcClient(`unix:${path}`);
    const { code, response } = await client.call("attuned.v1.ModelService/PutModelConfig", put);
    client.close();
    expect({ code, revision: response["revision"] }).toStrictEqual({ code: 0, revision: "1" });
    const history = await call(guarded.agentsUrl, "HistoryService/GetHistory", { model: "gpt-4" });
    expect(history).toMatchObject({
      changes: [{ parameter: "temperature", newValue: 0.4, changedBy: "admin" }],
    });
  });
});
