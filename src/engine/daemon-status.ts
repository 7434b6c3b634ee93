import type { ClockSkewStatus } from "./clock-skews.ts";
import type { SourceDisagreement } from "./file-changes.ts";

/** How much of a bound is in use. */
export interface BoundUse {
  readonly name: string;
  readonly used: number;
  readonly max: number;
}

/** Something wrong with an operator file; line and column are 0 where it is about the whole file. */
export interface FileProblemStatus {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The operator files: what is in force, and what was refused. */
export interface FileLayerStatus {
  readonly directory: string;
  readonly fileCount: number;
  readonly modelCount: number;
  readonly revision: number;
  readonly loadedAtMs: number;
  readonly problems: readonly FileProblemStatus[];
  readonly refusedAtMs: number | undefined;
}

/** A copy of the store that was made while it was in use. */
export interface BackupResult {
  readonly entries: number;
  readonly bytes: number;
}

/** The state of the daemon and of its store. */
export interface DaemonStatus {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly storeId: string;
  readonly revision: number;
  readonly storeSizeBytes: number;
  /** Why the store takes no writes, or what it lost; empty while all is well. */
  readonly storeProblem: string;
  /** Journal records that no checkpoint holds yet. */
  readonly journalLag: number;
  readonly checkpointAtMs: number | undefined;
  readonly bounds: readonly BoundUse[];
  readonly agentsRole: string;
  readonly nodeVersion: string;
  readonly schemaVersion: number;
  /** Undefined where the daemon reads no operator files. */
  readonly files: FileLayerStatus | undefined;
  readonly label: string;
  /** Undefined without any. */
  readonly clockSkew: ClockSkewStatus | undefined;
  readonly disagreements: {
    readonly listed: readonly SourceDisagreement[];
    readonly count: number;
  };
}
