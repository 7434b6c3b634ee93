import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServerReflection as V1 } from "../../src/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as V1Alpha } from "../../src/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { Doors } from "./start-doors.ts";
import { startDoors } from "./start-doors.ts";

const run = promisify(execFile);

describe("reflection", () => {
  let doors: Doors;
  beforeAll(async () => {
    doors = await startDoors();
  });
  afterAll(() => doors.stop(500));

  const bufCurl = (...args: string[]) =>
    run("node_modules/.bin/buf", ["curl", "--http2-prior-knowledge", ...args]);

  it("is all that buf curl needs", async () => {
    const { stdout } = await bufCurl(
      ...["--protocol", "grpc", "-d", '{"model":"gpt-4","phase":"PHASE_PLANNING"}'],
      `${doors.url}/attuned.v1.ConfigService/ResolveConfig`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ model: "gpt-4", settings: { temperature: 0.3 } });
  });

  it("lists every service, and every method", async () => {
    const { stdout } = await bufCurl("--list-methods", doors.url);
    for (const method of [
      "attuned.v1.ConfigService/ResolveConfig",
      "attuned.v1.AnalysisService/DetectDrift",
      "grpc.health.v1.Health/Watch",
      "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ]) {
      expect(stdout).toContain(method);
    }
  });

  it.each([
    ["v1", V1],
    ["v1alpha", V1Alpha],
  ] as const)("%s answers questions of every kind on one stream", async (_name, service) => {
    const client = createClient(service, createGrpcTransport({ baseUrl: doors.url }));
    const questions = [
      { case: "listServices", value: "" },
      { case: "fileContainingSymbol", value: "attuned.v1.Settings.temperature" },
      { case: "fileContainingSymbol", value: "attuned.v1.PHASE_PLANNING" },
      { case: "fileByFilename", value: "attuned/v1/phase.proto" },
      { case: "fileContainingSymbol", value: "google.rpc.ErrorInfo" },
      { case: "fileContainingSymbol", value: "nobody.Knows" },
      { case: "allExtensionNumbersOfType", value: "attuned.v1.Settings" },
      {
        case: "fileContainingExtension",
        value: { containingType: "attuned.v1.Settings", extensionNumber: 1 },
      },
      { case: undefined },
    ] as const;
    async function* ask() {
      for (const messageRequest of questions) yield { messageRequest };
    }
    const answers: string[] = [];
    for await (const { messageResponse } of client.serverReflectionInfo(ask())) {
      switch (messageResponse.case) {
        case "listServicesResponse":
          answers.push(`${messageResponse.value.service.length} services`);
          break;
        case "fileDescriptorResponse": {
          const [asked = new Uint8Array(0)] = messageResponse.value.fileDescriptorProto;
          answers.push(fromBinary(FileDescriptorProtoSchema, asked).name);
          break;
        }
        case "errorResponse":
          answers.push(`error ${messageResponse.value.errorCode}`);
          break;
        default:
          answers.push(String(messageResponse.case));
      }
    }
    expect(answers).toEqual([
      "10 services",
      "attuned/v1/settings.proto",
      "attuned/v1/phase.proto",
      "attuned/v1/phase.proto",
      "google/rpc/error_details.proto",
      "error 5",
      "allExtensionNumbersResponse",
      "error 5",
      "error 3",
    ]);
  });

  it("says over HTTP/1.1 that it takes HTTP/2", async () => {
    const response = await fetch(
      `${doors.url}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo`,
      {
        method: "POST",
        headers: { "content-type": "application/connect+json" },
        body: Buffer.alloc(5),
      },
    );
    expect(response.status).toBe(505);
    expect(await response.text()).toContain("takes HTTP/2");
  });
});
