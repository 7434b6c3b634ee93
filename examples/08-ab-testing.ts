// A variant, and an experiment that gives it to half of the units. Which unit gets which arm is decided by the daemon.
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { configs, experiments } from "./clients.ts";

const { variant } = await experiments.createVariant({
  baseConfig: "gpt-4",
  variantName: "conservative",
  changes: [
    { phase: Phase.PLANNING, settings: { temperature: 0.1 } },
    { phase: Phase.EXECUTION, settings: { temperature: 0.5 } },
  ],
});
const { experiment, forecast } = await experiments.createExperiment({
  name: "calmer planning",
  model: "gpt-4",
  phase: Phase.PLANNING,
  arms: [{ name: "control" }, { variantName: variant?.variantName ?? "" }],
  metrics: [{ metric: "quality" }],
});
console.log(`${variant?.variantName}: ${forecast?.text}`);

const experimentId = experiment?.experimentId ?? "";
await experiments.startExperiment({ experimentId });
const served = new Map<number, number>();
for (let session = 0; session < 40; session++) {
  const { settings } = await configs.resolveConfig({
    model: "gpt-4",
    phase: Phase.PLANNING,
    unit: `session-${session}`,
  });
  const temperature = settings?.temperature ?? -1;
  served.set(temperature, (served.get(temperature) ?? 0) + 1);
}
for (const [temperature, units] of [...served].toSorted(([a], [b]) => a - b)) {
  console.log(`temperature ${temperature}: ${units} units`);
}
await experiments.concludeExperiment({ experimentId, reason: "this is an example" });
