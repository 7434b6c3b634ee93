import type { ServiceImpl } from "@connectrpc/connect";
import type { DaemonStatus } from "../engine/daemon-status.ts";
import type { AdminService } from "../gen/attuned/v1/admin_service_pb.ts";
import { timestampToWire } from "./wire/time.ts";

/** What operating the daemon needs. `status` gathers it from all parts. */
export function createAdminService(
  status: () => Promise<DaemonStatus>,
): ServiceImpl<typeof AdminService> {
  return {
    async getStatus() {
      const now = await status();
      return {
        version: now.version,
        uptimeSeconds: now.uptimeSeconds,
        storeId: now.storeId,
        revision: BigInt(now.revision),
        storeSizeBytes: BigInt(now.storeSizeBytes),
        journalLag: BigInt(now.journalLag),
        ...(now.checkpointAtMs === undefined
          ? {}
          : { checkpointAt: timestampToWire(now.checkpointAtMs) }),
        bounds: now.bounds.map(({ name, used, max }) => ({
          name,
          used: BigInt(used),
          max: BigInt(max),
        })),
        agentsRole: now.agentsRole,
        nodeVersion: now.nodeVersion,
        schemaVersion: now.schemaVersion,
      };
    },
  };
}
