import { runNullExperiments } from "./null-experiments.ts";

/** `node test/experiments/main.ts`: 200 experiments without an effect through the product, and how many claim one. */
const startedMs = performance.now();
const result = await runNullExperiments({ experiments: 200, units: 1_000, seed: 1 });
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`${JSON.stringify({ ...result, seconds }, null, 2)}\n`);
if (result.claimsReleased > 0.1 * result.experiments) process.exitCode = 1;
