import {
  ENROLMENTS_PER_SECOND_MAX,
  UNIT_RECORDS_MAX,
  UNITS_HELD_MAX,
  UNITS_PER_EXPERIMENT_MAX,
} from "../../domain/experiment/bounds.ts";
import type { Experiment } from "../../domain/experiment/experiment.ts";
import { hasUnitRecords } from "../../domain/experiment/experiment-retention.ts";
import type { ExperimentTally } from "../../domain/experiment/tally.ts";

type Definitions = ReadonlyMap<string, Experiment>;
type Tables = ReadonlyMap<string, { readonly tally: ExperimentTally }>;

/** Knows whether one more unit may be enrolled. */
export class EnrolmentBounds {
  readonly #definitions: () => Definitions;
  readonly #tables: Tables;
  #second = 0;
  #inSecond = 0;
  /** Units whose records are kept, of the experiments as they were: counted anew when these change. */
  #records: { readonly of: Definitions | undefined; count: number } = { of: undefined, count: 0 };

  constructor(definitions: () => Definitions, tables: Tables) {
    this.#definitions = definitions;
    this.#tables = tables;
  }

  /** Units of all experiments whose records are kept. */
  get records(): number {
    const definitions = this.#definitions();
    if (definitions !== this.#records.of) {
      let count = 0;
      for (const [id, { tally }] of this.#tables) {
        const experiment = definitions.get(id);
        if (experiment && hasUnitRecords(experiment)) count += assignedOf(tally);
      }
      this.#records = { of: definitions, count };
    }
    return this.#records.count;
  }

  /** Whether a bound is reached: of the table, of the experiment, of all experiments, or of this second. */
  isFull(at: {
    readonly nowMs: number;
    readonly held: number;
    readonly tally: ExperimentTally;
  }): boolean {
    const second = Math.floor(at.nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    return (
      at.held >= UNITS_HELD_MAX ||
      assignedOf(at.tally) >= UNITS_PER_EXPERIMENT_MAX ||
      this.records >= UNIT_RECORDS_MAX ||
      this.#inSecond >= ENROLMENTS_PER_SECOND_MAX
    );
  }

  /** Counts one that was enrolled, right after it was asked for. */
  count(): void {
    this.#inSecond += 1;
    this.#records.count += 1;
  }
}

function assignedOf({ arms }: ExperimentTally): number {
  let count = 0;
  for (const { assigned } of arms) count += assigned;
  return count;
}
