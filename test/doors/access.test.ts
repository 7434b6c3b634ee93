import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GrpcClient } from "./grpc-client.ts";
import { createGrpcClient } from "./grpc-client.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;
const PUT = "attuned.v1.ModelService/PutModelConfig";
const REPORT = "attuned.v1.OutcomeService/ReportOutcomes";
const STATUS = "attuned.v1.AdminService/GetStatus";
const RESOLVE = "attuned.v1.ConfigService/ResolveConfig";

describe("a door with the role report", () => {
  let doors: Doors;
  let grpc: GrpcClient;
  beforeAll(async () => {
    const tokenSha256 = createHash("sha256").update("s3cret").digest("hex");
    doors = await startDoors({
      role: "report",
      grants: [{ tokenSha256, name: "ci", role: "operate" }],
    });
    grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
  });
  afterAll(async () => {
    grpc.close();
    await doors.stop(500);
  });

  it("lets callers look and report", async () => {
    expect((await grpc.call(RESOLVE, { model: "gpt-4" })).code).toBe(0);
    expect((await grpc.call(REPORT, { outcomes: [{}] })).response).toMatchObject({
      acceptedCount: 1,
    });
  });

  it("refuses what takes more, and says what it takes", async () => {
    const answer = await grpc.call(PUT, {});
    expect(answer.code).toBe(PERMISSION_DENIED);
    expect(answer.details["ErrorInfo"]).toMatchObject({
      reason: "ROLE_REQUIRED",
      metadata: { required: "operate", actual: "report" },
    });
    const json = await fetch(`${doors.url}/${PUT}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "this is not read",
    });
    expect(json.status).toBe(403);
    expect(await json.json()).toMatchObject({ code: "permission_denied" });
  });

  it("lets a token do more, and knows whose it is", async () => {
    const headers = { authorization: "Bearer s3cret" };
    expect((await grpc.call(PUT, {}, { headers })).response).toMatchObject({ served: true });
    const status = await grpc.call(STATUS, {}, { headers });
    expect(status.response).toMatchObject({ version: "ci operate agents" });
    expect((await grpc.call(STATUS, {})).response).toMatchObject({
      version: "system report agents",
    });
  });

  it("refuses a token that it does not know, whatever the call", async () => {
    const headers = { authorization: "Bearer guess" };
    const answer = await grpc.call(RESOLVE, { model: "gpt-4" }, { headers });
    expect(answer.code).toBe(UNAUTHENTICATED);
    expect(answer.details["ErrorInfo"]).toMatchObject({ reason: "CREDENTIALS_INVALID" });
  });
});

describe("a name that nobody gave the daemon", () => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await startDoors();
  });
  afterAll(() => doors.stop(500));

  function get(headers: Record<string, string>, port = doors.port, path = `/${RESOLVE}`) {
    return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const sent = request({ port, path, host: "127.0.0.1", headers, agent: false }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, body }));
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  it("is refused over HTTP/1.1 before anything is looked at", async () => {
    const { status, body } = await get({ host: "evil.example" });
    expect(status).toBe(403);
    expect(body).toContain("HOST_NOT_ALLOWED");
    expect(body).toContain("--allowed-hosts");
    const allowed = await get({ host: "attuned.test:8713" });
    expect(allowed.body).not.toContain("HOST_NOT_ALLOWED");
  });

  it("is refused on the management port too", async () => {
    const { endpoint } = doors.management;
    const port = "port" in endpoint ? endpoint.port : 0;
    expect((await get({ host: "evil.example" }, port, "/metrics")).status).toBe(403);
    expect((await get({ host: "localhost" }, port, "/metrics")).status).toBe(200);
  });

  it("is refused over gRPC with a status that gRPC clients read", async () => {
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`, "evil.example");
    const answer = await grpc.call(RESOLVE, { model: "gpt-4" });
    grpc.close();
    expect(answer.code).toBe(PERMISSION_DENIED);
    expect(answer.details["ErrorInfo"]).toMatchObject({
      reason: "HOST_NOT_ALLOWED",
      metadata: { host: "evil.example" },
    });
  });

  it("is refused where a page of it calls through a browser", async () => {
    const { status, body } = await get({ origin: "https://evil.example" });
    expect(status).toBe(403);
    expect(body).toContain("evil.example");
    expect((await get({ origin: `http://localhost:${doors.port}` })).body).not.toContain(
      "HOST_NOT_ALLOWED",
    );
  });
});
