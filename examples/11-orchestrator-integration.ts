// An orchestrator takes its limits and settings from a lookup: three assignments, whatever the framework.
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { configs } from "./clients.ts";

const orchestrator = {
  llmSkill: { model: "", temperature: 1 },
  reactConfig: { maxReasoningSteps: 0 },
  parallelExecutor: { maxParallelCalls: 0 },
};

const { model, settings, limits } = await configs.resolveConfig({
  model: "gpt-4",
  phase: Phase.EXECUTION,
});
orchestrator.llmSkill = { model, temperature: settings?.temperature ?? 1 };
orchestrator.reactConfig.maxReasoningSteps = limits?.maxIterations ?? 10;
orchestrator.parallelExecutor.maxParallelCalls = limits?.maxParallelCalls ?? 1;
console.log(JSON.stringify(orchestrator));
