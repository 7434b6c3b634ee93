import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHealthState } from "../../src/gateway/health.ts";
import type { ManagementOptions } from "../../src/gateway/management.ts";
import { createManagementHandler } from "../../src/gateway/management.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createPlatform } from "../../src/platform/platform.ts";
import type { Listener } from "../../src/rpc/server/listener.ts";
import { listen } from "../../src/rpc/server/listener.ts";
import { createGrpcClient } from "./grpc-client.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const run = promisify(execFile);

describe("the management port", () => {
  let doors: Doors;
  let url: string;
  beforeAll(async () => {
    doors = await startDoors();
    url = doors.management.url;
  });
  afterAll(() => doors.stop(500));

  it("serves the metrics to GET and HEAD", async () => {
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect(await response.text()).toBe("up 1\n");
    const head = await fetch(`${url}/metrics`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe("5");
    expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
  });

  it("says alive in every phase, and ready only while serving", async () => {
    const status = async (path: string) => (await fetch(url + path)).status;
    expect(await status("/readyz")).toBe(200);
    doors.health.become("draining");
    expect(await status("/healthz")).toBe(200);
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: "not ready",
      reason: "the daemon is going down",
    });
    doors.health.become("serving");
    expect(await status("/readyz")).toBe(200);
  });

  it("knows nothing else", async () => {
    for (const path of ["/", "/metrics/", "/attuned.v1.ConfigService/ResolveConfig"]) {
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain("/metrics");
    }
  });

  it("answers over HTTP/2 too", async () => {
    const { stdout } = await run("curl", ["-sS", "--http2-prior-knowledge", `${url}/healthz`]);
    expect(JSON.parse(stdout)).toEqual({ status: "alive" });
  });

  it("serves gRPC health for every service, and no other RPC", async () => {
    const grpc = createGrpcClient(url.replace("http://", ""));
    const check = (service: string) => grpc.call("grpc.health.v1.Health/Check", { service });
    for (const service of ["", "liveness", "readiness", "attuned.v1.ConfigService"]) {
      expect((await check(service)).response).toMatchObject({ status: "SERVING" });
    }
    expect((await check("nobody.Knows")).code).toBe(5);
    const list = await grpc.call("grpc.health.v1.Health/List", {});
    expect(list.response["statuses"]).toMatchObject({
      "attuned.v1.OutcomeService": { status: "SERVING" },
    });
    doors.health.become("draining");
    expect((await check("liveness")).response).toMatchObject({ status: "SERVING" });
    expect((await check("attuned.v1.ConfigService")).response).toMatchObject({
      status: "NOT_SERVING",
    });
    doors.health.become("serving");
    expect((await grpc.call("attuned.v1.ConfigService/ResolveConfig", {})).code).toBe(12);
    grpc.close();
  });

  it("watches a service that it does not know without ending the watch", async () => {
    const grpc = createGrpcClient(url.replace("http://", ""));
    const watch = grpc.watch("grpc.health.v1.Health/Watch", { service: "nobody.Knows" });
    watch.on("error", () => {});
    const first = await new Promise((resolve) => watch.once("data", resolve));
    expect(first).toEqual({ status: "SERVICE_UNKNOWN" });
    watch.cancel();
    grpc.close();
  });
});

describe("a management handler", () => {
  const platform = createPlatform(silentLog);

  async function serve(options: Partial<ManagementOptions>): Promise<Listener> {
    const health = createHealthState();
    health.become("serving");
    const handler = createManagementHandler({
      health,
      metrics: async () => ({ contentType: "text/plain", body: "" }),
      rpc: (_request, response) => response.end(),
      log: silentLog,
      ...options,
    });
    return listen({ host: "127.0.0.1", port: 0 }, { handler, platform });
  }

  it("renders once for scrapes that overlap, and again for the next", async () => {
    let count = 0;
    const listener = await serve({
      async metrics() {
        count += 1;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { contentType: "text/plain", body: `${count}` };
      },
    });
    const scrape = async () => (await fetch(`${listener.url}/metrics`)).text();
    expect(await Promise.all([scrape(), scrape()])).toEqual(["1", "1"]);
    expect(await scrape()).toBe("2");
    await listener.close(500);
  });

  it("answers 500 without the reason where the metrics fail", async () => {
    const listener = await serve({ metrics: () => Promise.reject(new Error("secret")) });
    const response = await fetch(`${listener.url}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
    await listener.close(500);
  });

  it("is not ready while a check fails, and lists the checks on demand", async () => {
    const checks = () => [{ name: "journal", ok: false, detail: "the disk is full" }];
    const listener = await serve({ checks });
    const response = await fetch(`${listener.url}/readyz?verbose`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: "not ready",
      reason: "the disk is full",
      checks: [
        { name: "serving", ok: true, detail: "the daemon serves" },
        { name: "journal", ok: false, detail: "the disk is full" },
      ],
    });
    await listener.close(500);
  });
});
