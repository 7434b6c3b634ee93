// The registry: by group, and what a name stands for.
import { models } from "./clients.ts";

for (const group of ["GPT Models", "Claude Models", "Local LLMs", "Gemini Models"]) {
  const { models: found } = await models.listModels({ group });
  console.log(`${group}: ${found.map(({ modelName }) => modelName).join(", ")}`);
}
const { configKey, steps } = await models.resolveModelName({ name: "azure/gpt-35-turbo" });
console.log(`azure/gpt-35-turbo is answered by ${configKey}`);
for (const step of steps) console.log(`  ${step}`);
