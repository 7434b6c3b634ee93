import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { LEAST_ROLES } from "../../src/rpc/server/roles.ts";
import { root } from "../support/daemon.ts";
import { callRaw } from "./call.ts";

const GENERATED = join(root, "src/gen/attuned/v1");

/** Every service of the contract, read from the generated code so that none has to be listed. */
async function contractServices(): Promise<DescService[]> {
  const names = readdirSync(GENERATED).filter((name) => name.endsWith("_service_pb.ts"));
  const modules = await Promise.all(
    names.map((name): Promise<object> => import(join(GENERATED, name))),
  );
  return modules.flatMap((module) => Object.values(module).filter(isService));
}

function isService(value: unknown): value is DescService {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
}

/** Services of attuned in the table of roles, which every registered method must be in, that the contract does not have. */
export async function unlistedServices(): Promise<string[]> {
  const listed = new Set((await contractServices()).map(({ typeName }) => typeName));
  return Object.keys(LEAST_ROLES).filter(
    (name) => name.startsWith("attuned.") && !listed.has(name),
  );
}

/** Methods that a running daemon carries out: those of the contract that answer anything but UNIMPLEMENTED. */
export async function servedMethods(url: string): Promise<DescMethod[]> {
  const served: DescMethod[] = [];
  for (const service of await contractServices()) {
    for (const method of service.methods) {
      const { code } = await callRaw(url, method, "{}");
      if (code !== "UNIMPLEMENTED") served.push(method);
    }
  }
  return served;
}

/** `ConfigService/ResolveConfig` */
export function nameOf(method: DescMethod): string {
  return `${method.parent.name}/${method.name}`;
}
