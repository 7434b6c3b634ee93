import type { ConfigurationChange } from "../domain/config/change.ts";
import type { Recommendation } from "../domain/recommendation/recommendation.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { EngineState } from "./state.ts";

/** What planning a change may use beside the state: time and ids, as values, and what only the store holds. */
export interface ChangeContext {
  readonly nowMs: number;
  readonly dimensions: readonly string[];
  /** For reading: a plan writes through its ops only. */
  readonly store: Pick<Store, "json" | "scan">;
  createId(prefix: "chg" | "cfg" | "dft" | "exp" | "ovr" | "rec"): string;
  /** 32 unpredictable bytes in hexadecimal. */
  createSecret(): string;
}

/** Models whose lookups may answer differently. */
export type Touched = ReadonlySet<string> | "all";

/** What a change does: the ops of its one batch, and the state once they are on disk. */
export interface Plan<R> {
  readonly ops: readonly StoreOp[];
  readonly next: EngineState;
  readonly touched: Touched;
  /** Parameters of configs that become others. */
  readonly changes?: readonly ConfigurationChange[];
  /** Recommendations that come into a state. */
  readonly recommendations?: readonly Recommendation[];
  readonly result: R;
}

/**
 * One change of the daemon's state, as a value. Whoever wants a change makes one of these and hands it to `Engine.commit`: RPCs, the
 * loop, file reloads. `plan` checks the precondition and runs alone, so that nothing changes between the check and the write.
 */
export interface Change<R> {
  readonly name: string;
  plan(state: EngineState, context: ChangeContext): Plan<R> | Promise<Plan<R>>;
}

/** What listeners hear of a change once it is on disk and in force. */
export interface Committed {
  readonly state: EngineState;
  readonly touched: Touched;
  readonly changes: readonly ConfigurationChange[];
  readonly recommendations: readonly Recommendation[];
}
