import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { AdminService } from "../../src/gen/attuned/v1/admin_service_pb.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { ConfigService } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { HistoryService } from "../../src/gen/attuned/v1/history_service_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { OptimizerService } from "../../src/gen/attuned/v1/optimizer_service_pb.ts";
import { OutcomeService } from "../../src/gen/attuned/v1/outcome_service_pb.ts";
import { LEAST_ROLES } from "../../src/rpc/server/roles.ts";
import { callRaw } from "./call.ts";

const SERVICES: readonly DescService[] = [
  AdminService,
  AnalysisService,
  ConfigService,
  HistoryService,
  ModelService,
  OptimizerService,
  OutcomeService,
];

/** Services of attuned in the table of roles, which every registered method must be in, that are not listed above. */
export function unlistedServices(): string[] {
  const listed = new Set(SERVICES.map(({ typeName }) => typeName));
  return Object.keys(LEAST_ROLES).filter(
    (name) => name.startsWith("attuned.") && !listed.has(name),
  );
}

/** Methods that a running daemon carries out: those of the contract that answer anything but UNIMPLEMENTED. */
export async function servedMethods(url: string): Promise<DescMethod[]> {
  const served: DescMethod[] = [];
  for (const service of SERVICES) {
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
