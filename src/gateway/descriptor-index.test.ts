import { describe, expect, it } from "vitest";
import { ConfigService } from "../gen/attuned/v1/config_service_pb.ts";
import { OutcomeService } from "../gen/attuned/v1/outcome_service_pb.ts";
import { createDescriptorIndex } from "./descriptor-index.ts";

const index = createDescriptorIndex([OutcomeService, ConfigService]);

describe("a descriptor index", () => {
  it("names the services in order", () => {
    expect(index.services).toEqual(["attuned.v1.ConfigService", "attuned.v1.OutcomeService"]);
  });

  it.each([
    ["attuned.v1.ConfigService", "attuned/v1/config_service.proto"],
    [".attuned.v1.ConfigService.ResolveConfig", "attuned/v1/config_service.proto"],
    ["attuned.v1.ResolveConfigRequest.model", "attuned/v1/config_service.proto"],
    ["attuned.v1.ResolveConfigRequest.AttributesEntry", "attuned/v1/config_service.proto"],
    ["attuned.v1.Phase", "attuned/v1/phase.proto"],
    ["attuned.v1.PHASE_PLANNING", "attuned/v1/phase.proto"],
    ["google.protobuf.Value.kind", "google/protobuf/struct.proto"],
  ])("finds %s in %s", (symbol, file) => {
    expect(index.fileOfSymbol(symbol)?.proto.name).toBe(file);
  });

  it("knows nothing of what is not served", () => {
    expect(index.fileOfSymbol("attuned.v1.AdminService")).toBeUndefined();
    expect(index.fileByName("attuned/v1/admin_service.proto")).toBeUndefined();
    expect(index.extensionNumbers("attuned.v1.Nothing")).toBeUndefined();
    expect(index.extensionNumbers("attuned.v1.Settings")).toEqual([]);
  });

  it("gives a file with all that it imports, each once, so that a client can link them", () => {
    const files = index.withImports(ConfigService.file);
    const names = files.map((file) => file.proto.name);
    expect(names[0]).toBe("attuned/v1/config_service.proto");
    expect(new Set(names).size).toBe(names.length);
    for (const file of files) {
      for (const dependency of file.proto.dependency) expect(names).toContain(dependency);
    }
  });
});
