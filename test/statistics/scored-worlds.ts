import type { MeasuredArm } from "../../src/domain/analysis/measured-arm.ts";
import { metricOf } from "../../src/domain/analysis/metric.ts";
import { parameterOf } from "../../src/domain/analysis/parameter.ts";
import {
  analyseParameter,
  type ParameterImpact,
} from "../../src/domain/analysis/parameter-impact.ts";
import { CellBuilder } from "../../src/domain/outcome/cell-builder.ts";
import { outcomeOf } from "../../src/domain/outcome/outcome-fixtures.ts";
import { type Random, seededRandom } from "./random.ts";

/** One setting: how often its calls succeed, which of those are scored, and with what. */
export interface ScoredSetting {
  readonly temperature: number;
  readonly success: number;
  /** Quality of a successful call, 0 to 100. */
  readonly quality: (random: Random) => number;
  /** Chance that a successful call of that quality is scored. */
  readonly scored: (quality: number) => number;
}

/** The temperatures that were ever called worse in quality than another, over some looks. */
export function everWorse(
  settings: readonly ScoredSetting[],
  how: { readonly seed: number; readonly looks: number; readonly callsPerLook: number },
): ReadonlySet<number> {
  const random = seededRandom(how.seed);
  const builders = settings.map((setting) => ({ setting, builder: new CellBuilder() }));
  const worse = new Set<number>();
  for (let look = 0; look < how.looks; look++) {
    for (const { setting, builder } of builders)
      for (let i = 0; i < how.callsPerLook; i++) builder.add(callOf(setting, random));
    const arms = builders.map(({ setting: { temperature }, builder }) => ({
      settings: { temperature },
      cell: builder.toCell(),
    }));
    for (const { value, isOptimal } of qualityByTemperature(arms).levels)
      if (isOptimal === false) worse.add(value);
  }
  return worse;
}

export function qualityByTemperature(arms: readonly MeasuredArm[]): ParameterImpact {
  const [parameter, metric] = [parameterOf("temperature"), metricOf("quality")];
  if (!parameter || !metric) throw new Error("temperature and quality are known");
  return analyseParameter(arms, parameter, metric);
}

function callOf({ success, quality, scored }: ScoredSetting, random: Random) {
  if (random.uniform() >= success) return outcomeOf("", { status: "model_error" });
  const score = quality(random);
  return outcomeOf("", random.uniform() < scored(score) ? { scores: { quality: score } } : {});
}
