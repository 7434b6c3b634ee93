import type { ModelConfig } from "./model-config.ts";

/** Sources of settings, lowest first; later ones win per field. */
export const LAYERS = [
  "builtin",
  "catalog",
  "file",
  "stored",
  "override",
  "experiment",
  "env",
  "pin",
  "call",
] as const;
export type LayerName = (typeof LAYERS)[number];

/** What one source says of one model, with where it comes from. */
export interface LayerEntry {
  readonly layer: LayerName;
  /** Revision of the change that brought it; 0 for what came with the program. */
  readonly revision: number;
  /** "seed", "default", a file name, a variable's name, an override id. */
  readonly source: string;
  readonly config: ModelConfig;
}
