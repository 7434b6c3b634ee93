// The config of a model: limits, capabilities and settings per phase.
import { models } from "./clients.ts";

const { config } = await models.getModelConfig({ model: "gpt-4" });
console.log(`${config?.displayName}: ${config?.description}`);
console.log(
  `context ${config?.limits?.contextWindowText}, ${config?.limits?.maxIterations} iterations, ${config?.limits?.maxParallelCalls} parallel calls`,
);
