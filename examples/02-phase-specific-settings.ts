// Each phase of work gets its own settings.
import { configs, models } from "./clients.ts";

const { phases } = await models.listPhases({});
for (const { phase, name, description } of phases) {
  const { settings } = await configs.resolveConfig({ model: "gpt-4", phase });
  console.log(
    `${name}: temperature ${settings?.temperature}, max tokens ${settings?.maxTokens} (${description})`,
  );
}
