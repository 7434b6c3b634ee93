import type { IncomingHttpHeaders } from "node:http2";
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import type { ConnectError, Transport } from "@connectrpc/connect";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigService } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import type { GrpcClient } from "./grpc-client.ts";
import { createGrpcClient } from "./grpc-client.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const RESOLVE = "attuned.v1.ConfigService/ResolveConfig";
const UNIMPLEMENTED = 12;

interface JsonError {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly type: string; readonly debug: Record<string, unknown> }[];
}

describe("an error", () => {
  let doors: Doors;
  let grpc: GrpcClient;
  beforeAll(async () => {
    doors = await startDoors();
    grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
  });
  afterAll(async () => {
    grpc.close();
    await doors.stop(500);
  });

  async function post(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) {
    const response = await fetch(`${doors.url}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    return { status: response.status, error: (await response.json()) as JsonError };
  }

  function detail(error: JsonError, type: string): Record<string, unknown> | undefined {
    return error.details.find((each) => each.type === `google.rpc.${type}`)?.debug;
  }

  function grpcTrailers(frame: Buffer): Promise<IncomingHttpHeaders> {
    const session = connectHttp2(doors.url);
    return new Promise((resolve) => {
      const stream = session.request({
        ":path": `/${RESOLVE}`,
        ":method": "POST",
        "content-type": "application/grpc",
      });
      stream.on("trailers", (headers) => {
        session.destroy();
        resolve(headers);
      });
      // An answer of nothing but headers is its own trailers.
      stream.on("response", (headers) => {
        if ("grpc-status" in headers) resolve(headers);
      });
      stream.resume();
      stream.end(frame);
    });
  }

  const ask = (model: string) => post(RESOLVE, JSON.stringify({ model }));

  it("of a service says the same in JSON and in gRPC", async () => {
    const json = (await ask("missing")).error;
    expect(json.code).toBe("not_found");
    expect(detail(json, "ErrorInfo")).toEqual({
      reason: "MODEL_NOT_FOUND",
      domain: "attuned",
      metadata: { suggestions: "gpt-4" },
    });
    expect(detail(json, "ResourceInfo")).toMatchObject({ resourceType: "model" });
    const answer = await grpc.call(RESOLVE, { model: "missing" });
    expect(answer.message).toBe(json.message);
    expect(answer.details["ErrorInfo"]).toMatchObject({
      reason: "MODEL_NOT_FOUND",
      domain: "attuned",
      metadata: { suggestions: "gpt-4" },
    });
    expect(answer.details["ResourceInfo"]).toMatchObject({ resourceName: "missing" });
  });

  it("lists all violations, as BadRequest or as PreconditionFailure", async () => {
    expect(detail((await ask("invalid")).error, "BadRequest")?.["fieldViolations"]).toMatchObject([
      { field: "settings.temperature", description: "must be at most 2" },
      { field: "settings.topP", description: "must be at most 1" },
    ]);
    const shadowed = (await ask("shadowed")).error;
    expect(shadowed.code).toBe("failed_precondition");
    expect(detail(shadowed, "PreconditionFailure")?.["violations"]).toEqual([
      { type: "FIELD_SHADOWED", subject: "temperature", description: "is pinned" },
    ]);
  });

  it("says when to come back", async () => {
    expect(detail((await ask("full")).error, "RetryInfo")).toEqual({ retryDelay: "1.500s" });
  });

  it("of ours says nothing but the id under which the log has it", async () => {
    const { status, error } = await ask("bug");
    expect(status).toBe(500);
    expect(JSON.stringify(error)).not.toContain("secret");
    const metadata = detail(error, "ErrorInfo")?.["metadata"] as { requestId: string };
    expect(doors.logLines.find((line) => line.includes(metadata.requestId))).toContain("secret");
  });

  it.each([
    ["an unknown field", '{"modle":"gpt-4"}', /key "modle" is unknown/],
    ["an unknown enum name", '{"phase":"PHASE_DREAMING"}', /PHASE_DREAMING/],
    ["a wrong type", '{"peek":"yes"}', /ResolveConfigRequest\.peek/],
    ["what is no JSON", "{", /JSON/],
    ["an empty body", "", /JSON/],
    ["a list", "[]", /JSON/],
  ])("tells the caller what is wrong with %s", async (_name, body, message) => {
    const { status, error } = await post(RESOLVE, body);
    expect(status).toBe(400);
    expect(error.message).toMatch(message);
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_MALFORMED" });
  });

  it("names the field that could not be read", async () => {
    const { error } = await post(RESOLVE, '{"peek":"yes"}');
    expect(detail(error, "BadRequest")?.["fieldViolations"]).toMatchObject([{ field: "peek" }]);
  });

  it("of a damaged binary message is the caller's, over every protocol", async () => {
    const damaged = Buffer.from([0x0a, 0xff]);
    const connect = await post(RESOLVE, damaged, { "content-type": "application/proto" });
    expect(connect.error.code).toBe("invalid_argument");
    expect(detail(connect.error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_MALFORMED" });
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, damaged.length]), damaged]);
    const web = await fetch(`${doors.url}/${RESOLVE}`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
      body: frame,
    });
    // A gRPC-Web body ends with the trailers as text.
    const trailerText = Buffer.from(await web.arrayBuffer()).toString("latin1");
    const status = /grpc-status: (\d+)\r\n/.exec(trailerText)?.[1];
    const details = /grpc-status-details-bin: (\S+)\r\n/.exec(trailerText)?.[1];
    const trailers = await grpcTrailers(frame);
    for (const [code, packed] of [
      [status, details],
      [trailers["grpc-status"], trailers["grpc-status-details-bin"]],
    ]) {
      expect(code).toBe("3");
      expect(Buffer.from(String(packed), "base64").toString()).toContain("REQUEST_MALFORMED");
    }
  });

  it("of a message that is too large leaves the connection usable, over every protocol", async () => {
    const model = "x".repeat(10_000_000);
    const json = await post(RESOLVE, JSON.stringify({ model }));
    expect(json.status).toBe(429);
    expect(detail(json.error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_TOO_LARGE" });
    const answer = await grpc.call(RESOLVE, { model });
    expect(answer.code).toBe(8);
    expect(answer.details["ErrorInfo"]).toMatchObject({ reason: "REQUEST_TOO_LARGE" });
    for (const transport of transports(doors.url)) {
      const error = await failureOf(transport, model);
      expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("REQUEST_TOO_LARGE");
    }
    expect((await grpc.call(RESOLVE, { model: "gpt-4" })).code).toBe(0);
  });

  it("of a small body that unpacks to a large one is the same", async () => {
    const packed = gzipSync(JSON.stringify({ model: "x".repeat(10_000_000) }));
    const { error } = await post(RESOLVE, packed, { "content-encoding": "gzip" });
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_TOO_LARGE" });
  });

  it("of a compression that the daemon lacks names those it has", async () => {
    const { error } = await post(RESOLVE, "{}", { "content-encoding": "zstd" });
    expect(error.code).toBe("unimplemented");
    expect(error.message).toContain("gzip");
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_MALFORMED" });
  });

  it("of a body that is not what its compression says is the caller's", async () => {
    const { error } = await post(RESOLVE, "not gzip", { "content-encoding": "gzip" });
    expect(error.code).toBe("invalid_argument");
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_MALFORMED" });
  });

  it("keeps its message short however long the request is", async () => {
    const { error } = await post(RESOLVE, JSON.stringify({ ["k".repeat(100_000)]: 1 }));
    expect(error.message.length).toBeLessThan(2_100);
  });

  it("of a deadline comes on time and says so", async () => {
    const { error } = await post(RESOLVE, '{"model":"forever"}', { "connect-timeout-ms": "50" });
    expect(error.code).toBe("deadline_exceeded");
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    const answer = await grpc.call(RESOLVE, { model: "forever" }, { deadline: 50 });
    expect(answer.code).toBe(4);
  });

  it("of a timeout that cannot be read is the caller's", async () => {
    const { error } = await post(RESOLVE, "{}", { "connect-timeout-ms": "soon" });
    expect(error.code).toBe("invalid_argument");
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_MALFORMED" });
  });

  it("of an unknown method says so in the caller's protocol", async () => {
    const json = await post("attuned.v1.ConfigService/Nothing", "{}");
    expect(json.status).toBe(404);
    expect(json.error.code).toBe("unimplemented");
    expect(detail(json.error, "ErrorInfo")).toMatchObject({ reason: "METHOD_UNKNOWN" });
    const grpcWeb = await fetch(`${doors.url}/attuned.v1.ConfigService/Nothing`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
      body: Buffer.alloc(5),
    });
    expect(grpcWeb.status).toBe(200);
    expect(grpcWeb.headers.get("grpc-status")).toBe(String(UNIMPLEMENTED));
    // The fake services lack the first of these methods and the whole service of the second.
    for (const method of ["ModelService/ListModels", "HistoryService/GetHistory"]) {
      const answer = await grpc.call(`attuned.v1.${method}`, {});
      expect(answer.code).toBe(UNIMPLEMENTED);
      expect(answer.details["ErrorInfo"]).toMatchObject({ reason: "METHOD_UNKNOWN" });
    }
  });

  it("of the wrong HTTP method or content type says what to send", async () => {
    const wrongType = await post(RESOLVE, "{}", { "content-type": "text/plain" });
    expect(wrongType.status).toBe(415);
    expect(wrongType.error.message).toContain("application/json");
    const wrongMethod = await fetch(`${doors.url}/attuned.v1.ModelService/PutModelConfig`);
    expect(wrongMethod.status).toBe(405);
    expect(((await wrongMethod.json()) as JsonError).message).toContain("POST");
  });

  it("of a stream is in its last message", async () => {
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), Buffer.from("{")]);
    const response = await fetch(`${doors.url}/grpc.health.v1.Health/Watch`, {
      method: "POST",
      headers: { "content-type": "application/connect+json" },
      body: frame,
    });
    const body = Buffer.from(await response.arrayBuffer());
    const { error } = JSON.parse(body.subarray(5).toString()) as { error: JsonError };
    expect(error.code).toBe("invalid_argument");
    expect(detail(error, "ErrorInfo")).toMatchObject({ reason: "REQUEST_MALFORMED" });
  });

  it("of a wrong token or role carries its reason over gRPC-Web too", async () => {
    for (const transport of transports(doors.url)) {
      const client = createClient(ConfigService, transport);
      const failure: ConnectError = await client
        .resolveConfig({}, { headers: { authorization: "Bearer wrong" } })
        .then(
          () => expect.fail("a wrong token was accepted"),
          (error: unknown) => error as ConnectError,
        );
      expect(failure.findDetails(ErrorInfoSchema)[0]?.reason).toBe("CREDENTIALS_INVALID");
    }
  });
});

function transports(baseUrl: string): readonly Transport[] {
  return (["1.1", "2"] as const).flatMap((httpVersion) => [
    createGrpcWebTransport({ baseUrl, httpVersion }),
    createConnectTransport({ baseUrl, httpVersion }),
  ]);
}

async function failureOf(transport: Transport, model: string): Promise<ConnectError> {
  return createClient(ConfigService, transport)
    .resolveConfig({ model })
    .then(
      () => expect.fail("the call succeeded"),
      (error: unknown) => error as ConnectError,
    );
}
