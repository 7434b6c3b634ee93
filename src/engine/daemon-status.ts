/** How much of a bound is in use. */
export interface BoundUse {
  readonly name: string;
  readonly used: number;
  readonly max: number;
}

/** The state of the daemon and of its store. */
export interface DaemonStatus {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly storeId: string;
  readonly revision: number;
  readonly storeSizeBytes: number;
  /** Journal records that no checkpoint holds yet. */
  readonly journalLag: number;
  readonly checkpointAtMs: number | undefined;
  readonly bounds: readonly BoundUse[];
  readonly agentsRole: string;
  readonly nodeVersion: string;
  readonly schemaVersion: number;
}
