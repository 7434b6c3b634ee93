import { PARAMETERS } from "../analysis/parameter.ts";
import type { ModelConfig } from "../config/model-config.ts";
import { PHASES } from "../config/phase.ts";
import type { ConfigState } from "../config/registry.ts";
import { SETTING_FIELDS, type SettingValue, sameSetting } from "../config/settings.ts";
import type { DriftFinding } from "./drift.ts";

/** The stored layer and the operator file of a model, wherever both set a parameter and differ. */
export function sourceDrifts(
  state: Pick<ConfigState, "files" | "stored">,
  dimensions: readonly string[],
): DriftFinding[] {
  return [...state.files.keys()].flatMap((model) => {
    const [file, stored] = [state.files.get(model), state.stored.get(model)];
    if (!file || !stored) return [];
    return differences(stored.config, file.config).map(
      ({ phase, parameter, own, other }): DriftFinding => ({
        kind: "source",
        scope: { model, phase, dimensions: dimensions.map(() => "") },
        parameter,
        served: toldValue(own),
        optimum: [],
        optimumValues: [String(other)],
        magnitude: distanceOf(parameter, own, other),
        threshold: 0,
        evidence: "deterministic",
        sampleSize: 0,
        message: `${parameter} is ${String(own)} in the store (revision ${stored.revision}, by ${stored.changedBy}) and ${String(other)} in ${file.file}: the store wins; delete the stored value or change the file`,
      }),
    );
  });
}

function differences(stored: ModelConfig, file: ModelConfig) {
  return PHASES.flatMap(({ phase }) => {
    const [own, other] = [stored.phases?.[phase], file.phases?.[phase]];
    return SETTING_FIELDS.flatMap(({ key, parameter }) => {
      const [a, b] = [own?.[key], other?.[key]];
      return a === undefined || b === undefined || sameSetting(a, b)
        ? []
        : [{ phase, parameter, own: a, other: b }];
    });
  });
}

/** min(1, distance) of a numeric parameter with one, else 1. */
function distanceOf(parameter: string, own: SettingValue, other: SettingValue): number {
  const known = PARAMETERS.find(({ name }) => name === parameter);
  if (!known || typeof own !== "number" || typeof other !== "number") return 1;
  return Math.min(1, Number(known.distance(own, other).toPrecision(12)));
}

function toldValue(value: SettingValue): number | string {
  return typeof value === "number" ? value : String(value);
}
