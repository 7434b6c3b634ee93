import { isAbsolute } from "node:path";
import type { ServiceImpl } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import type { ClockSkewStatus } from "../engine/clock-skews.ts";
import type { BackupResult, DaemonStatus, FileLayerStatus } from "../engine/daemon-status.ts";
import type { SourceDisagreement } from "../engine/file-changes.ts";
import type { AdminService } from "../gen/attuned/v1/admin_service_pb.ts";
import { phaseToWire } from "./wire/phase.ts";
import { timestampToWire } from "./wire/time.ts";
import { valueToWire } from "./wire/value.ts";

/** What operating the daemon needs. `status` gathers it from all parts. */
export function createAdminService(
  status: () => Promise<DaemonStatus>,
  backup: (directory: string) => Promise<BackupResult>,
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
        storeProblem: now.storeProblem,
        ...(now.clockSkew ? { clockSkew: clockSkewToWire(now.clockSkew) } : {}),
        ...(now.files ? { files: filesToWire(now.files) } : {}),
        label: now.label,
        disagreements: now.disagreements.listed.map(disagreementToWire),
        disagreementCount: BigInt(now.disagreements.count),
      };
    },
    async backup({ directory }) {
      if (!isAbsolute(directory))
        throw new Fault("BACKUP_REFUSED", "directory must be an absolute path", {
          metadata: { directory },
        });
      const { revision } = await status();
      try {
        const { entries, bytes } = await backup(directory);
        return {
          directory,
          entries: BigInt(entries),
          bytes: BigInt(bytes),
          revision: BigInt(revision),
        };
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Fault("BACKUP_REFUSED", `the store was not copied: ${why}`, {
          metadata: { directory },
        });
      }
    },
  };
}

function clockSkewToWire({ counts, largestMs, newest }: ClockSkewStatus) {
  return {
    ahead: BigInt(counts.ahead),
    behind: BigInt(counts.behind),
    daemon: BigInt(counts.daemon),
    refused: BigInt(counts.refused),
    largestSeconds: largestMs / 1000,
    newestAt: timestampToWire(newest.atMs),
    newestProducerId: newest.producerId,
    newestOutcomeId: newest.outcomeId,
  };
}

function filesToWire(files: FileLayerStatus) {
  return {
    directory: files.directory,
    fileCount: files.fileCount,
    modelCount: files.modelCount,
    revision: BigInt(files.revision),
    loadedAt: timestampToWire(files.loadedAtMs),
    problems: files.problems.map(({ file, line, column, message }) => ({
      file,
      line,
      column,
      message,
    })),
    ...(files.refusedAtMs === undefined ? {} : { refusedAt: timestampToWire(files.refusedAtMs) }),
  };
}

function disagreementToWire(disagreement: SourceDisagreement) {
  const fileValue = valueToWire(disagreement.oldValue);
  const storedValue = valueToWire(disagreement.newValue);
  return {
    model: disagreement.model,
    ...(disagreement.phase ? { phase: phaseToWire(disagreement.phase) } : {}),
    parameter: disagreement.parameter,
    ...(fileValue ? { fileValue } : {}),
    ...(storedValue ? { storedValue } : {}),
    file: disagreement.file,
  };
}
