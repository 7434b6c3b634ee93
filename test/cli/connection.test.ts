import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Server as NetServer } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AdminService } from "../../src/gen/attuned/v1/admin_service_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../../src/gen/health/v1/health_pb.ts";
import { refusal } from "./refusal.ts";
import { cli } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "attuned-cli-"));
const socketPath = join(folder, "attuned.sock");
const servers: { readonly close: () => unknown }[] = [];
let address = "";

function serve(): Server {
  const handler = connectNodeAdapter({
    routes: ({ service }) => {
      service(AdminService, {
        getStatus: (_, context) => {
          const authorization = context.requestHeader.get("authorization");
          if (authorization !== "Bearer secret") {
            throw refusal("the role admin is needed", Code.PermissionDenied, "ROLE_REQUIRED");
          }
          return { version: "0.1.0" };
        },
      });
      service(Health, {
        check: ({ service: name }) => ({
          status:
            name === "away"
              ? HealthCheckResponse_ServingStatus.NOT_SERVING
              : HealthCheckResponse_ServingStatus.SERVING,
        }),
      });
      service(ModelService, {
        listModels: () => new Promise(() => {}),
      });
    },
  });
  const server = createServer(handler);
  servers.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return server;
}

async function listen(server: NetServer, where: number | string): Promise<string> {
  await new Promise<void>((resolve) => {
    if (typeof where === "string") server.listen(where, resolve);
    else server.listen(where, "127.0.0.1", resolve);
  });
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? `http://127.0.0.1:${bound.port}` : "";
}

beforeAll(async () => {
  address = await listen(serve(), 0);
  await listen(serve(), socketPath);
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

describe("a daemon over the network", () => {
  test("is reached over TCP and over a Unix socket", async () => {
    for (const place of [address, `unix:${socketPath}`]) {
      expect(await cli(["health", "--address", place])).toEqual({
        code: 0,
        stdout: "serving\n",
        stderr: "",
      });
    }
  });

  test("is taken from the environment, and the option goes before it", async () => {
    const env = { ATTUNED_ADDRESS: address };
    expect(await cli("health", { env })).toMatchObject({ code: 0 });
    expect(await cli("health --address unix:/nowhere", { env })).toMatchObject({ code: 3 });
  });

  test("answers not serving with exit code 1", async () => {
    expect(await cli(["health", "--address", address, "--service", "away"])).toEqual({
      code: 1,
      stdout: "not_serving\n",
      stderr: "",
    });
  });

  test("gets the token as a bearer token, from the option or the environment", async () => {
    const line = ["status", "--address", address, "-o", "json"];
    expect(await cli([...line, "--token", "secret"])).toMatchObject({ code: 0 });
    expect(await cli(line, { env: { ATTUNED_TOKEN: "secret" } })).toEqual({
      code: 0,
      stdout: '{"version":"0.1.0"}\n',
      stderr: "",
    });
    expect(await cli(line)).toEqual({
      code: 4,
      stdout: "",
      stderr:
        "attuned: the role admin is needed; use a --token with that role, or --address unix:<data-dir>/admin.sock (ROLE_REQUIRED)\n",
    });
  });

  test("that does not answer in time is unreachable", async () => {
    expect(await cli(["models", "--address", address, "--timeout", "0.05"])).toEqual({
      code: 3,
      stdout: "",
      stderr: `attuned: no answer from ${address} within 0.05 s; raise it with --timeout (DEADLINE_EXCEEDED)\n`,
    });
  });

  test("is given up when the person gives up", async () => {
    const signal = AbortSignal.abort();
    expect(await cli(["models", "--address", address], { signal })).toEqual({
      code: 1,
      stdout: "",
      stderr: "attuned: interrupted (CANCELLED)\n",
    });
  });
});

describe("no daemon", () => {
  test("on a closed port is unreachable and says how to start one", async () => {
    const server = createServer();
    const free = await listen(server, 0);
    await new Promise((resolve) => server.close(resolve));
    expect(await cli(["status", "--address", free])).toEqual({
      code: 3,
      stdout: "",
      stderr: `attuned: nothing answers at ${free}; is the daemon running? start it with: attuned serve (ECONNREFUSED)\n`,
    });
  });

  test("on a missing socket is unreachable", async () => {
    const { code, stderr } = await cli(["status", "--address", `unix:${folder}/none.sock`]);
    expect(code).toBe(3);
    expect(stderr).toContain("(ENOENT)");
  });

  test("but something that does not speak HTTP is named as such", async () => {
    const server = createTcpServer((socket) => socket.end("220 mail ready\r\n"));
    const place = await listen(server, 0);
    const { code, stderr } = await cli(["status", "--address", place]);
    server.close();
    expect(code).toBe(3);
    expect(stderr).toContain("does not speak HTTP");
  });

  test("but another web server is refused with its status", async () => {
    const server = createServer((_, response) => response.writeHead(404).end("no"));
    const place = await listen(server, 0);
    const result = await cli(["status", "--address", place]);
    server.close();
    server.closeAllConnections();
    expect(result.code).toBe(4);
    expect(result.stderr).toMatch(/\(UNIMPLEMENTED\)\n$/);
  });
});
