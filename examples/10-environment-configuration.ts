// What the daemon's environment sets. Start it with VIBEAGENT_MODEL_DEFAULT=gpt-4 VIBEAGENT_MODEL_TEMPERATURE_PLANNING=0.3 to see it.
import { models } from "./clients.ts";

const { defaultModel, variables } = await models.getEnvironmentConfig({});
console.log(`default model: ${defaultModel || "none"}`);
for (const { name, value, sets } of variables) console.log(`${name}=${value} sets ${sets}`);
