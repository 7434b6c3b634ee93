// What a model can do decides how an agent works with it.
import { ModelCapability } from "../src/gen/attuned/v1/model_config_pb.ts";
import { models } from "./clients.ts";

const { capabilities } = await models.detectCapabilities({ model: "gpt-4-turbo" });
if (capabilities.includes(ModelCapability.TOOL_CALLING)) console.log("the model calls tools");
if (capabilities.includes(ModelCapability.PARALLEL_EXECUTION))
  console.log("the model calls several at once");
