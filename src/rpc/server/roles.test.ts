import { readdirSync } from "node:fs";
import type { DescFile } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { file_grpc_reflection_v1_reflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { file_grpc_reflection_v1alpha_reflection } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_health_v1_health } from "../../gen/health/v1/health_pb.ts";
import { higherRole, LEAST_ROLES, leastRole, ROLES, roleAllows } from "./roles.ts";

async function servedFiles(): Promise<readonly DescFile[]> {
  const folder = new URL("../../gen/attuned/v1/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith("_service_pb.ts"));
  const modules: Record<string, unknown>[] = await Promise.all(
    names.map((name) => import(new URL(name, folder).href)),
  );
  const files = modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) =>
      name.startsWith("file_") ? [value as DescFile] : [],
    ),
  );
  expect(files.length).toBe(names.length);
  return [
    ...files,
    file_health_v1_health,
    file_grpc_reflection_v1_reflection,
    file_grpc_reflection_v1alpha_reflection,
  ];
}

describe("the table of roles", () => {
  it("has exactly one row for every method of every service", async () => {
    const methods = (await servedFiles()).flatMap((file) =>
      file.services.flatMap((service) =>
        service.methods.map((method) => `${service.typeName}/${method.name}`),
      ),
    );
    const rows = Object.entries(LEAST_ROLES).flatMap(([service, byMethod]) =>
      Object.keys(byMethod).map((method) => `${service}/${method}`),
    );
    expect(rows.toSorted()).toEqual(methods.toSorted());
  });

  it("lets no one with the role read do anything but look", async () => {
    const written = ["ReportOutcomes", "PutModelConfig", "DeleteModelConfig", "RunLoop"];
    const open = (await servedFiles()).flatMap((file) =>
      file.services.flatMap((service) =>
        service.methods
          .filter((method) => leastRole(service.typeName, method.name) === "read")
          .map((method) => method.name),
      ),
    );
    expect(
      open.filter((name) => written.includes(name) || /^(Put|Delete|Set|Dismiss)/.test(name)),
    ).toEqual([]);
  });

  it("has no row for a method that does not exist", () => {
    expect(leastRole("attuned.v1.ConfigService", "Nothing")).toBeUndefined();
    expect(leastRole("other.Service", "Nothing")).toBeUndefined();
  });
});

describe("roles", () => {
  it("allow what they and the ones before them may", () => {
    for (const [i, actual] of ROLES.entries()) {
      for (const [j, required] of ROLES.entries()) {
        expect(roleAllows(actual, required)).toBe(i >= j);
        expect(higherRole(actual, required)).toBe(ROLES[Math.max(i, j)]);
      }
    }
  });
});
