import { type PowerSums, sumsOf } from "../../src/stats/power-sums.ts";
import type { StratumBatch } from "../../src/stats/stratified-difference.ts";
import type { Random } from "./random.ts";
import type { ModelPairRow, TemperatureRow } from "./shared-data.ts";

/** The temperature replay of one model, by level, by stratum (exam and prompt) and by unit. */
export interface TemperatureReplay {
  readonly levels: readonly number[];
  readonly strata: readonly string[];
  readonly cell: (stratum: string, level: number) => PowerSums;
  readonly batches: (a: number, b: number) => StratumBatch[];
  readonly pairs: (a: number, b: number) => number[];
}

export function temperatureReplay(rows: readonly TemperatureRow[]): TemperatureReplay {
  const cells = new Map<string, number[]>();
  const units = new Map<string, Map<number, number>>();
  const strata = new Set<string>();
  const found = new Set<number>();
  for (const { settings, labels, scores, unit } of rows) {
    const stratum = `${labels.exam}/${labels.prompt}`;
    const level = settings.temperature;
    const quality = scores.quality / 100;
    strata.add(stratum);
    found.add(level);
    const key = `${stratum}|${level}`;
    cells.set(key, [...(cells.get(key) ?? []), quality]);
    const item = `${stratum}|${unit}`;
    units.set(item, (units.get(item) ?? new Map()).set(level, quality));
  }
  const levels = [...found].sort((a, b) => a - b);
  const at = (i: number) => levels[i] ?? Number.NaN;
  const cell = (stratum: string, level: number) => sumsOf(cells.get(`${stratum}|${level}`) ?? []);
  return {
    levels,
    strata: [...strata],
    cell,
    batches: (i, j) =>
      [...strata].map((stratum) => ({ stratum, a: cell(stratum, at(i)), b: cell(stratum, at(j)) })),
    pairs: (i, j) =>
      [...units.values()].flatMap((unit) => {
        const [a, b] = [unit.get(at(i)), unit.get(at(j))];
        return a === undefined || b === undefined ? [] : [a - b];
      }),
  };
}

/**
 * The confounded comparison: gpt-4 answers nine tenths of the 29 hardest domains and one tenth of
 * the rest, mixtral the opposite. Arm a is gpt-4.
 */
export function confoundedModels(rows: readonly ModelPairRow[], random: Random): StratumBatch[] {
  const domains = Map.groupBy(rows, (row) => row.domain);
  const share = (items: readonly ModelPairRow[]) =>
    items.reduce((sum, { gpt4, mixtral }) => sum + gpt4 + mixtral, 0) / items.length;
  const byHardness = [...domains].sort(([, a], [, b]) => share(a) - share(b));
  return byHardness.map(([stratum, items], i) => {
    const a: number[] = [];
    const b: number[] = [];
    for (const { gpt4, mixtral } of items) {
      if (random.uniform() < (i < 29 ? 0.9 : 0.1)) a.push(gpt4);
      else b.push(mixtral);
    }
    return { stratum, a: sumsOf(a), b: sumsOf(b) };
  });
}
