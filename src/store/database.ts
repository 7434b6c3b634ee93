import type { AbstractLevel } from "abstract-level";

/** Any abstract-level database: ClassicLevel in the daemon, MemoryLevel in tests. */
export type Database = AbstractLevel<string | Uint8Array | Buffer, string, Uint8Array>;
