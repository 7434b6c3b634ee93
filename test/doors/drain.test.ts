import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { createGrpcClient, detailsOf } from "./grpc-client.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const RUN_LOOP = "attuned.v1.OptimizerService/RunLoop";
const RESOLVE = "attuned.v1.ConfigService/ResolveConfig";
const UNAVAILABLE = 14;

/** Waits until the daemon's side of something has caught up with the client's. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function runLoopOverHttp1(doors: Doors, agent: Agent) {
  return new Promise<{ status: number | undefined; connection: string | undefined }>(
    (resolve, reject) => {
      const sent = request(
        `${doors.url}/${RUN_LOOP}`,
        { method: "POST", agent, headers: { "content-type": "application/json" } },
        (response) => {
          const { statusCode: status, headers } = response;
          response.resume().on("end", () => resolve({ status, connection: headers.connection }));
        },
      );
      sent.on("error", reject);
      sent.end("{}");
    },
  );
}

describe("a drain", () => {
  it("finishes the calls in flight of gRPC and takes no new connection", async () => {
    const doors = await startDoors();
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
    const slow = doors.services.slowCall();
    const call = grpc.call(RUN_LOOP, {});
    await slow.started;
    const stopped = doors.stop(5_000);
    await expect(fetch(doors.url)).rejects.toThrow();
    slow.finish();
    expect((await call).code).toBe(0);
    expect(await stopped).toEqual({ destroyedCount: 0 });
    grpc.close();
  });

  it("finishes the calls in flight of HTTP/1.1, then closes the connection", async () => {
    const doors = await startDoors();
    const agent = new Agent({ keepAlive: true });
    const slow = doors.services.slowCall();
    const call = runLoopOverHttp1(doors, agent);
    await slow.started;
    const stopped = doors.stop(5_000);
    slow.finish();
    expect(await call).toEqual({ status: 200, connection: "close" });
    expect(await stopped).toEqual({ destroyedCount: 0 });
    agent.destroy();
  });

  it("closes connections that ask for nothing, whatever they speak", async () => {
    const doors = await startDoors();
    const agent = new Agent({ keepAlive: true });
    doors.services.slowCall().finish();
    await runLoopOverHttp1(doors, agent);
    const session = connectHttp2(doors.url);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const silent = connect(doors.port, "127.0.0.1");
    await until(() => doors.listener.connectionCount() === 3);
    const goneAway = new Promise((resolve) => session.once("goaway", resolve));
    expect(await doors.stop(5_000)).toEqual({ destroyedCount: 0 });
    expect(await goneAway).toBe(0);
    silent.destroy();
    agent.destroy();
  });

  it("ends a watch with NOT_SERVING and then UNAVAILABLE, DRAINING", async () => {
    const doors = await startDoors();
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
    const watch = grpc.watch("grpc.health.v1.Health/Watch", { service: "" });
    const seen: unknown[] = [];
    const ended = new Promise<{ code: number; details: object }>((resolve) => {
      watch.on("data", (message) => seen.push(message.status));
      watch.on("error", (error: Error & { code: number; metadata: never }) =>
        resolve({ code: error.code, details: detailsOf(error.metadata) }),
      );
    });
    await until(() => seen.length === 1);
    doors.health.become("draining");
    await until(() => seen.length === 2);
    expect(await doors.stop(5_000)).toEqual({ destroyedCount: 0 });
    expect(seen).toEqual(["SERVING", "NOT_SERVING"]);
    expect(await ended).toMatchObject({
      code: UNAVAILABLE,
      details: { ErrorInfo: { reason: "DRAINING" }, RetryInfo: {} },
    });
    grpc.close();
  });

  it("refuses a call on a connection that is still open", async () => {
    const doors = await startDoors();
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
    doors.admission.drain();
    const answer = await grpc.call(RESOLVE, { model: "gpt-4" });
    expect(answer.code).toBe(UNAVAILABLE);
    expect(answer.details["ErrorInfo"]).toMatchObject({ reason: "DRAINING" });
    expect((await grpc.call("grpc.health.v1.Health/Check", {})).code).toBe(0);
    grpc.close();
    await doors.stop(1_000);
  });

  it("destroys what does not end by the deadline, and says how much that was", async () => {
    const doors = await startDoors();
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
    const slow = doors.services.slowCall();
    const call = grpc.call(RUN_LOOP, {});
    await slow.started;
    expect(await doors.stop(50)).toEqual({ destroyedCount: 1 });
    expect((await call).code).not.toBe(0);
    slow.finish();
    grpc.close();
  });
});

describe("a daemon that starts", () => {
  it("refuses calls with STARTING and when to come back, and answers health", async () => {
    const doors = await startDoors({ starting: true });
    const grpc = createGrpcClient(`127.0.0.1:${doors.port}`);
    const answer = await grpc.call(RESOLVE, { model: "gpt-4" });
    expect(answer.code).toBe(UNAVAILABLE);
    expect(answer.details).toMatchObject({ ErrorInfo: { reason: "STARTING" }, RetryInfo: {} });
    const health = await grpc.call("grpc.health.v1.Health/Check", {});
    expect(health.response).toMatchObject({ status: "NOT_SERVING" });
    grpc.close();
    await doors.stop(1_000);
  });
});
