// A config of one's own. What is left out falls through to the defaults.
import { ModelCapability } from "../src/gen/attuned/v1/model_config_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { configs, models } from "./clients.ts";

await models.putModelConfig({
  reason: "a model that we host",
  config: {
    modelName: "custom-model",
    modelFamily: "custom",
    displayName: "Custom Model",
    capabilities: [
      ModelCapability.TOOL_CALLING,
      ModelCapability.REASONING,
      ModelCapability.CODE_GENERATION,
    ],
    limits: { maxIterations: 20, maxParallelCalls: 8 },
    specialInstructions: "Optimized for code generation tasks",
    phases: [
      {
        phase: Phase.PLANNING,
        settings: { temperature: 0.2, maxTokens: 4000, enableReasoning: true },
      },
    ],
  },
});
const planning = await configs.resolveConfig({ model: "custom-model", phase: Phase.PLANNING });
const execution = await configs.resolveConfig({ model: "custom-model", phase: Phase.EXECUTION });
console.log(
  `planning: ${planning.settings?.temperature}, execution: ${execution.settings?.temperature}`,
);
