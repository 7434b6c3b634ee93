import type { ServiceImpl } from "@connectrpc/connect";
import { type ConfigState, isKnownModel, modelKeyOf } from "../../domain/config/registry.ts";
import type { ConfigWarning } from "../../domain/config/validate.ts";
import { assert } from "../../domain/kernel/assert.ts";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";
import {
  type PromptedModel,
  promptTypes,
  promptTypeViolations,
  type ServedPrompt,
  servedPrompt,
} from "../../domain/prompt/served-prompt.ts";
import {
  fillTemplate,
  PROMPT_RENDERED_LENGTH_MAX,
  PROMPT_VALUE_LENGTH_MAX,
  PROMPT_VARIABLES_MAX,
  parseTemplate,
} from "../../domain/prompt/template.ts";
import type { Engine } from "../../engine/engine.ts";
import { promptEtagOf, putPrompt } from "../../engine/prompt-changes.ts";
import type { ModelService } from "../../gen/attuned/v1/model_service_pb.ts";
import { callerName } from "../request-fields.ts";
import { changeToWire } from "../wire/history.ts";
import { promptToWire } from "../wire/prompt.ts";
import { warningsToWire } from "../wire/resolution.ts";
import { requiredName } from "./names.ts";

/** Prompt templates: read, written, filled. */
export function createPromptMethods(
  engine: Engine,
): Pick<
  ServiceImpl<typeof ModelService>,
  "getPromptTemplate" | "putPromptTemplate" | "renderPrompt"
> {
  return {
    getPromptTemplate(request) {
      const { config } = engine.state;
      const model = promptedModel(engine, request.model, "model");
      const prompt = requiredPrompt(config, model, request.type);
      return {
        template: promptToWire(prompt),
        etag: promptEtagOf(config.prompts.get(model.modelKey)?.get(request.type)?.text),
      };
    },
    async putPromptTemplate(request, context) {
      const { template } = request;
      if (!template) throw invalid([{ field: "template", message: "must be given" }]);
      const model = promptedModel(engine, template.model, "template.model");
      const { type, text } = template;
      const { state, etag, change } = await engine.commit(
        putPrompt(
          { model: model.modelKey, type, text },
          { etag: request.etag, reason: request.reason, changedBy: callerName(context) },
        ),
      );
      const served = servedPrompt(state, model, type);
      return {
        ...(served ? { template: promptToWire(served) } : {}),
        revision: BigInt(state.revision),
        etag,
        ...(change ? { change: changeToWire(change) } : {}),
        warnings: warningsToWire(writeWarnings(state, model)),
      };
    },
    renderPrompt(request) {
      const { config } = engine.state;
      const model = promptedModel(engine, request.model, "model");
      const values = requiredValues(request.variables);
      const prompt = requiredPrompt(config, model, request.type);
      const parsed = parseTemplate(prompt.text);
      assert(parsed.kind === "template", "a template that is served was checked at its write");
      const filled = fillTemplate(parsed.template, values);
      switch (filled.kind) {
        case "missing":
          throw missingVariables(prompt, filled.names);
        case "too-long": {
          const message = `would be ${filled.length} characters long, at most ${PROMPT_RENDERED_LENGTH_MAX} are filled`;
          throw invalid([{ field: "variables", message }]);
        }
        case "filled":
          return {
            text: filled.text,
            unusedVariables: [...filled.unused],
            source: prompt.source,
          };
      }
    },
  };
}

/** The model of a template; the empty name stands for the template that models share. Errors: MODEL_NAME_INVALID. */
function promptedModel(engine: Engine, name: string, field: string): PromptedModel {
  if (name === "") return { modelKey: "", canonicalId: "" };
  const resolved = requiredName(engine, name, field);
  return { modelKey: modelKeyOf(resolved), canonicalId: resolved.canonicalId };
}

/** Errors: PROMPT_NOT_FOUND with the types that there are. */
function requiredPrompt(state: ConfigState, model: PromptedModel, type: string): ServedPrompt {
  const prompt =
    promptTypeViolations(type, "type").length === 0 ? servedPrompt(state, model, type) : undefined;
  if (prompt !== undefined) return prompt;
  const known = promptTypes(state, model.modelKey);
  const whose = model.modelKey === "" ? "models share" : `${JSON.stringify(model.modelKey)} has`;
  const shown = JSON.stringify(type.slice(0, 80));
  throw new Fault(
    "PROMPT_NOT_FOUND",
    `no template ${shown} is known; ${whose} ${known.join(", ")}; store one with PutPromptTemplate`,
    {
      metadata: { model: model.modelKey, type: type.slice(0, 80), types: known.join(",") },
      resource: { type: "prompt", name: `${model.modelKey}/${type.slice(0, 80)}` },
    },
  );
}

/** Errors: PROMPT_INVALID for values that are too many or too long. */
function requiredValues(variables: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const values = new Map(Object.entries(variables));
  const violations: Violation[] = [...values].flatMap(([name, value]) => {
    if (value.length <= PROMPT_VALUE_LENGTH_MAX) return [];
    const message = `must have at most ${PROMPT_VALUE_LENGTH_MAX} characters, has ${value.length}`;
    return [{ field: `variables[${name.slice(0, 80)}]`, message }];
  });
  if (values.size > PROMPT_VARIABLES_MAX) {
    const message = `must have at most ${PROMPT_VARIABLES_MAX} entries, has ${values.size}`;
    violations.push({ field: "variables", message });
  }
  if (violations.length > 0) throw invalid(violations);
  return values;
}

function missingVariables(prompt: ServedPrompt, names: readonly string[]): Fault {
  return new Fault(
    "PROMPT_VARIABLES_MISSING",
    `the template ${prompt.type} needs values for ${names.join(", ")}`,
    {
      metadata: { variables: names.join(",") },
      violations: names.map((name) => ({
        field: `variables[${name}]`,
        message: "must be given",
      })),
    },
  );
}

function writeWarnings(state: ConfigState, { modelKey }: PromptedModel): ConfigWarning[] {
  if (modelKey === "" || isKnownModel(state, modelKey)) return [];
  const message = `no config and no facts are known for ${JSON.stringify(modelKey)}; its template waits for lookups under this name`;
  return [{ code: "UNKNOWN_MODEL", field: "template.model", message }];
}

function invalid(violations: readonly Violation[]): Fault {
  const message = violations.map((v) => `${v.field} ${v.message}`).join("; ");
  return new Fault("PROMPT_INVALID", message, { violations });
}
