// From a lookup to a finding: plan, execute, report, look at what is known.
import { OutcomeStatus } from "../src/gen/attuned/v1/outcome_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { analysis, configs, outcomes } from "./clients.ts";

/** Stands for the call to a provider, which attuned never sees. */
function callModel(
  temperature: number,
  call: number,
): { readonly quality: number; readonly latencyMs: number } {
  return {
    quality: temperature > 1.2 ? 20 + (call % 10) : 80 + (call % 10),
    latencyMs: 900 + call,
  };
}

for (const temperature of [0.3, 0.7, 1.5]) {
  for (let call = 0; call < 60; call++) {
    const { decisionToken, settings, enabled } = await configs.resolveConfig({
      model: "gpt-4-turbo",
      phase: Phase.EXECUTION,
      unit: `task-${call}`,
    });
    if (!enabled) continue;
    const { quality, latencyMs } = callModel(temperature, call);
    const isServed = settings?.temperature === temperature;
    await outcomes.reportOutcomes({
      outcomes: [
        {
          outcomeId: `example-12-${process.pid}-${temperature}-${call}`,
          ...(isServed
            ? { decisionToken }
            : { model: "gpt-4-turbo", phase: Phase.EXECUTION, settings: { temperature } }),
          status: OutcomeStatus.OK,
          latencyMs,
          scores: { quality },
        },
      ],
    });
  }
}
const impact = await analysis.analyzeParameterImpact({
  model: "gpt-4-turbo",
  phase: Phase.EXECUTION,
  parameter: "temperature",
});
for (const { text } of impact.insights) console.log(text);
