import { LAYERS, type LayerEntry } from "../config/layer.ts";
import type { Experiment } from "./experiment.ts";

/** What an arm of an experiment says. */
export function experimentLayer(experiment: Experiment, arm: number): LayerEntry {
  const { scope, experimentId, revision, arms } = experiment;
  return {
    layer: "experiment",
    revision,
    source: `${experimentId}.${arm}`,
    config: { modelName: scope.model, phases: { [scope.phase]: arms[arm]?.changes ?? {} } },
  };
}

/** The layers with one more, in the order of layers. */
export function withLayer(layers: readonly LayerEntry[], entry: LayerEntry): LayerEntry[] {
  const rank = LAYERS.indexOf(entry.layer);
  const above = layers.findIndex(({ layer }) => LAYERS.indexOf(layer) > rank);
  return above < 0 ? [...layers, entry] : layers.toSpliced(above, 0, entry);
}
