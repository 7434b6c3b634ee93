import { create } from "@bufbuild/protobuf";
import { assert } from "../../domain/kernel/assert.ts";
import type { ServedPrompt } from "../../domain/prompt/served-prompt.ts";
import { parseTemplate } from "../../domain/prompt/template.ts";
import {
  PromptTemplateSchema,
  type PromptTemplate as WirePromptTemplate,
} from "../../gen/attuned/v1/prompt_pb.ts";

export function promptToWire(prompt: ServedPrompt): WirePromptTemplate {
  const parsed = parseTemplate(prompt.text);
  assert(parsed.kind === "template", "a template that is served was checked when it was written");
  return create(PromptTemplateSchema, {
    model: prompt.model,
    type: prompt.type,
    text: prompt.text,
    variables: [...parsed.template.variables],
    source: prompt.source,
    revision: BigInt(prompt.revision),
  });
}
