import {
  EvidenceFold,
  type ExperimentEvidence,
  emptyEvidence,
} from "../../src/domain/experiment/evidence.ts";
import { type Experiment, MILLION } from "../../src/domain/experiment/experiment.ts";
import { experimentOf, unitOf } from "../../src/domain/experiment/experiment-fixtures.ts";
import { evaluated, NO_SEASONS, withSlots } from "../../src/domain/experiment/season.ts";
import { type Random, shuffled } from "./random.ts";
import type { TemperatureRow } from "./shared-data.ts";

const QUALITY = [{ metric: "quality", missing: "failure" as const, ttlMs: 3_600_000 }];

/**
 * One pass over recorded questions in a random order: experiments run in one season, each a temperature against another on every
 * question, drawn evenly, and the product's own fold and seasons look `looks` times. Answers the claims, as "challenger>control".
 */
export function seasonClaims(
  rows: readonly TemperatureRow[],
  how: {
    /** Challenger and control of each experiment. */
    readonly pairs: readonly (readonly [challenger: number, control: number])[];
    readonly looks: number;
    readonly random: Random;
  },
): string[] {
  const { pairs, looks, random } = how;
  const experiments = pairs.map(([challenger, control]) => experimentAt(challenger, control));
  const folds = experiments.map((experiment) => new EvidenceFold(experiment));
  let evidence: ExperimentEvidence[] = experiments.map(emptyEvidence);
  let seasons = withSlots(NO_SEASONS, experiments);
  const claims: string[] = [];
  const units = shuffled([...Map.groupBy(rows, (row) => row.unit).values()], random);
  for (const [index, answers] of units.entries()) {
    const qualityAt = new Map(
      answers.map(({ settings, scores }) => [settings.temperature, scores.quality / 100]),
    );
    evidence = evidence.map((own, place) => {
      const arm = random.bernoulli(0.5);
      const value = qualityAt.get(pairs[place]?.[arm === 1 ? 0 : 1] ?? Number.NaN);
      if (value === undefined) return own;
      const unit = unitOf({ sequence: index, arm, assignedAtMs: index + 1, centres: [0.6] });
      return folds[place]?.fold(own, { unit, values: [{ kind: "reported", value }] }) ?? own;
    });
    const isLook = (index + 1) % Math.ceil(units.length / looks) === 0;
    if (!isLook && index < units.length - 1) continue;
    const cutMs = index + 2;
    evidence = evidence.map((own, place) => folds[place]?.cut(own, cutMs) ?? own);
    const result = evaluated(seasons, "prompt", {
      cutMs,
      nowMs: cutMs,
      experiments: new Map(experiments.map((one) => [one.experimentId, one])),
      evidence: new Map(evidence.map((own) => [own.experimentId, own])),
    });
    seasons = result.seasons;
    claims.push(...result.claimed.map(({ experimentId }) => experimentId));
  }
  return claims;
}

/** Every ordered pair of 0.0 with another temperature of the rows: twenty comparisons for eleven temperatures. */
export function pairsWithZero(
  rows: readonly TemperatureRow[],
): (readonly [challenger: number, control: number])[] {
  const others = new Set(rows.map(({ settings }) => settings.temperature).filter((t) => t !== 0));
  return [...others].toSorted((a, b) => a - b).flatMap((t) => [[t, 0] as const, [0, t] as const]);
}

/** Every question three times: as many units as a cliff takes. */
export function askedThrice(rows: readonly TemperatureRow[]): TemperatureRow[] {
  return [1, 2, 3].flatMap((round) =>
    rows.map((row) => ({ ...row, unit: `${row.unit} ${round}` })),
  );
}

function experimentAt(challenger: number, control: number): Experiment {
  return experimentOf({
    experimentId: `${challenger}>${control}`,
    metrics: QUALITY,
    baseline: { temperature: control },
    arms: [
      { name: "control", variant: "", changes: {}, weightPpm: MILLION / 2 },
      { name: "other", variant: "", changes: { temperature: challenger }, weightPpm: MILLION / 2 },
    ],
    outcomeVariances: [0.2],
  });
}
