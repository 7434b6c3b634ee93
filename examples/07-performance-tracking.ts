// Outcomes are reported with the token of the lookup; the settings that did best are asked for.
import { OutcomeStatus } from "../src/gen/attuned/v1/outcome_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { analysis, configs, outcomes } from "./clients.ts";

for (let call = 0; call < 20; call++) {
  const { decisionToken } = await configs.resolveConfig({
    model: "gpt-4",
    phase: Phase.EXECUTION,
    unit: `session-${call}`,
  });
  await outcomes.reportOutcomes({
    outcomes: [
      {
        outcomeId: `example-7-${process.pid}-${call}`,
        decisionToken,
        status: OutcomeStatus.OK,
        latencyMs: 1500,
        iterations: 5,
        scores: { quality: 80 + (call % 5) },
      },
    ],
  });
}
const { metrics } = await outcomes.getMetrics({ model: "gpt-4", phase: Phase.EXECUTION });
for (const { settings, avgQuality, sampleSize } of metrics) {
  console.log(
    `temperature ${settings?.temperature}: quality ${avgQuality} over ${sampleSize} calls`,
  );
}
const optimum = await analysis.findOptimalTemperature({ model: "gpt-4", phase: Phase.EXECUTION });
for (const { text } of optimum.insights) console.log(text);
