import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ResolveConfigResponse,
  ResolveConfigResponseSchema,
  WatchEvent,
} from "../../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { call } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { createWatchClient, type WatchClient } from "../support/watch-client.ts";

const PLANNING = { model: "gpt-4", phase: Phase.PLANNING };

async function put(url: string, model: string, temperature: number): Promise<bigint> {
  const phases = [{ phase: "PHASE_PLANNING", settings: { temperature } }];
  const { revision } = await call<{ revision: string }>(url, "ModelService/PutModelConfig", {
    config: { modelName: model, phases },
  });
  return BigInt(revision);
}

/** What an answer says, without what differs between two lookups of one state. */
function contentOf(answer: ResolveConfigResponse | undefined) {
  if (!answer) return undefined;
  const {
    revision: _,
    decisionToken: __,
    ...content
  } = toJson(ResolveConfigResponseSchema, answer) as Record<string, unknown>;
  return content;
}

async function failureOf(reading: Promise<unknown>): Promise<{ code: string; reason: string }> {
  const failure: unknown = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof ConnectError)) throw new Error(`not refused: ${String(failure)}`);
  const [info] = failure.findDetails(ErrorInfoSchema);
  return { code: Code[failure.code], reason: info?.reason ?? "" };
}

async function metricOf(url: string, name: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(
    page
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1],
  );
}

describe("WatchConfigs", () => {
  let daemon: Daemon;
  let client: WatchClient;
  beforeAll(async () => {
    daemon = await startDaemon();
    client = createWatchClient(daemon.agentsUrl);
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await daemon[Symbol.asyncDispose]();
  });

  it("answers what ResolveConfig answers, now and after each change", async () => {
    const attributes = { environment: "production" };
    const keys = [PLANNING, { model: "azure/gpt-4", phase: Phase.EXECUTION, attributes }];
    await using watch = client.watch({ keys });
    const resolved = () =>
      Promise.all(keys.map((key) => client.service.resolveConfig(key).then(contentOf)));
    const first = await watch.next();
    expect(first.event).toBe(WatchEvent.CURRENT);
    expect(first.states.map(({ resolution }) => contentOf(resolution))).toEqual(await resolved());
    const revision = await put(daemon.agentsUrl, "gpt-4", 0.11);
    const second = await watch.next();
    expect(second).toMatchObject({ event: WatchEvent.CHANGED, revision });
    expect(contentOf(second.states[0]?.resolution)).toEqual((await resolved())[0]);
    const override = {
      model: "gpt-4",
      selector: attributes,
      settings: { temperature: 0.22 },
    };
    await call(daemon.agentsUrl, "HistoryService/PutOverride", { override });
    const third = await watch.next();
    expect(third.states).toHaveLength(1);
    expect(contentOf(third.states[0]?.resolution)).toEqual((await resolved())[1]);
    expect(third.states[0]?.key).toMatchObject(keys[1] ?? {});
  });

  it("resumes where the reader was, and says so at once where nothing changed", async () => {
    const revision = await put(daemon.agentsUrl, "mistral", 0.1);
    const { storeId } = await client.service.resolveConfig(PLANNING);
    const keys = [PLANNING, { model: "mistral", phase: Phase.PLANNING }];
    await using even = client.watch({ keys, storeId, revision });
    expect(await even.next()).toMatchObject({ event: WatchEvent.HEARTBEAT, revision, states: [] });
    await using behind = client.watch({ keys, storeId, revision: revision - 1n });
    const message = await behind.next();
    expect(message.event).toBe(WatchEvent.CHANGED);
    expect(message.states.map(({ key }) => key?.model)).toEqual(["mistral"]);
    await using foreign = client.watch({ keys, storeId: "store-of-another", revision });
    expect(await foreign.next()).toMatchObject({ event: WatchEvent.RESYNC, storeId });
    await using ahead = client.watch({ keys, storeId, revision: revision + 100n });
    expect(await ahead.next()).toMatchObject({ event: WatchEvent.RESYNC, revision });
  });

  it("beats where nothing changes", async () => {
    await using watch = client.watch({ keys: [PLANNING], heartbeatSeconds: 1 });
    await watch.next();
    await put(daemon.agentsUrl, "glm-4", 0.15);
    const beat = await watch.next();
    expect(beat).toMatchObject({ event: WatchEvent.HEARTBEAT, states: [] });
    const { revision } = await client.service.resolveConfig(PLANNING);
    expect(beat.revision).toBe(revision);
  });

  it("of everything holds each registered model in each phase, and models that come and go", async () => {
    await using watch = client.watch({});
    const first = await watch.next();
    expect(first.states.length % 6).toBe(0);
    expect(first.states.map(({ key }) => key?.model)).toContain("claude-3-haiku");
    await put(daemon.agentsUrl, "come-and-go", 0.3);
    const come = await watch.until(({ states }) => states.length > 0);
    expect(new Set(come.states.map(({ key }) => key?.model))).toEqual(new Set(["come-and-go"]));
    await call(daemon.agentsUrl, "ModelService/DeleteModelConfig", { model: "come-and-go" });
    const gone = await watch.until(({ states }) => states.length > 0);
    expect(gone.states.every(({ resolution }) => resolution === undefined)).toBe(true);
  });

  it.each([
    ["more than 64 keys", { keys: Array(65).fill(PLANNING) }, "InvalidArgument", "BATCH_TOO_LARGE"],
    ["a key without a phase", { keys: [{ model: "gpt-4" }] }, "InvalidArgument", "PHASE_REQUIRED"],
    [
      "a name that is none",
      { keys: [{ model: "", phase: Phase.PLANNING }] },
      "InvalidArgument",
      "MODEL_NAME_INVALID",
    ],
    [
      "an attribute that is none",
      { keys: [{ ...PLANNING, attributes: { "": "x" } }] },
      "InvalidArgument",
      "ATTRIBUTES_INVALID",
    ],
    ["a heartbeat of an hour", { heartbeatSeconds: 3600 }, "InvalidArgument", "REQUEST_MALFORMED"],
    ["a negative revision", { revision: -1n }, "InvalidArgument", "REQUEST_MALFORMED"],
  ])("refuses %s", async (_, request, code, reason) => {
    await using watch = client.watch(request);
    expect(await failureOf(watch.next())).toEqual({ code, reason });
  });

  it("refuses to resume after a revision whose successors are forgotten", async () => {
    const { storeId, revision } = await client.service.resolveConfig(PLANNING);
    for (let count = 0; count < 2_100; count += 100) {
      const writes = Array.from({ length: 100 }, (_, index) =>
        put(daemon.agentsUrl, "gemini-pro", (count + index + 1) / 2_200),
      );
      await Promise.all(writes);
    }
    await using watch = client.watch({ keys: [PLANNING], storeId, revision });
    expect(await failureOf(watch.next())).toEqual({
      code: "OutOfRange",
      reason: "REVISION_COMPACTED",
    });
  });

  it("counts its streams, and lets go of those whose reader left", async () => {
    const open = () => metricOf(daemon.managementUrl, "attuned_watch_streams");
    await eventually(open, (count) => count === 0);
    const watches = [1, 2, 3].map(() => client.watch({ keys: [PLANNING] }));
    for (const watch of watches) await watch.next();
    expect(await open()).toBe(3);
    for (const watch of watches) await watch[Symbol.asyncDispose]();
    await eventually(open, (count) => count === 0);
  });
});

it("a daemon that goes down ends its watches with UNAVAILABLE, DRAINING", async () => {
  await using daemon = await startDaemon();
  using client = createWatchClient(daemon.agentsUrl);
  await using watch = client.watch({ keys: [PLANNING] });
  await watch.next();
  const ended = failureOf(watch.next());
  const exit = await daemon.stop();
  expect(await ended).toEqual({ code: "Unavailable", reason: "DRAINING" });
  expect(exit.code).toBe(0);
});

it("a daemon that was restarted lets a reader resume", async () => {
  const first = await startDaemon();
  const revision = await put(first.agentsUrl, "gpt-4", 0.1);
  const { storeId } = await call<{ storeId: string }>(first.agentsUrl, "AdminService/GetStatus");
  await first.stop();
  await using second = await startDaemon({ dataDir: first.dataDir });
  using client = createWatchClient(second.agentsUrl);
  await using watch = client.watch({ keys: [PLANNING], storeId, revision });
  expect(await watch.next()).toMatchObject({ event: WatchEvent.HEARTBEAT, revision });
});
