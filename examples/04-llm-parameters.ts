// The parameters of a request: as the seed has them, and as the provider of a reasoning model accepts them.
import { RenderMode } from "../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { configs } from "./clients.ts";

const raw = await configs.getLLMParams({
  model: "gpt-4",
  phase: Phase.PLANNING,
  mode: RenderMode.RAW,
});
console.log(JSON.stringify(raw.params));

const adjusted = await configs.getLLMParams({
  model: "o3",
  phase: Phase.PLANNING,
  mode: RenderMode.ADJUST,
});
console.log(JSON.stringify(adjusted.params));
for (const { param, reason, message } of adjusted.adjustments)
  console.log(`${param}: ${reason}, ${message}`);
