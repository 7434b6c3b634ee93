// Versions are saved under a name of one's own and can be gone back to.

import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { history, models } from "./clients.ts";

const saved = await history.saveConfigVersion({
  model: "gpt-4",
  version: "v1.0.0",
  reason: "before the trial",
});
console.log(saved.path);
await models.putModelConfig({
  config: {
    modelName: "gpt-4",
    phases: [{ phase: Phase.PLANNING, settings: { temperature: 0.1 } }],
  },
  reason: "a trial",
});
const { versions } = await history.listConfigVersions({ model: "gpt-4" });
console.log(`versions: ${versions.map(({ version }) => version).join(", ")}`);
const back = await history.rollback({
  model: "gpt-4",
  target: { case: "version", value: "v1.0.0" },
  reason: "the trial is over",
});
console.log(`back in revision ${back.revision}, ${back.changes.length} change`);
