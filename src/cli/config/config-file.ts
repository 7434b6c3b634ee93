import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { fromJson } from "@bufbuild/protobuf";
import type { ModelConfig } from "../../gen/attuned/v1/model_config_pb.ts";
import { ModelConfigSchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { CommandFailed } from "../failure.ts";

/** What a file of a write holds. */
export interface ConfigFile {
  readonly config: ModelConfig;
  readonly etag: string;
  readonly reason: string;
}

/**
 * Reads a model config from YAML or JSON: the fields of ModelConfig by their proto or JSON names, or a whole PutModelConfig request.
 * `phases` may be the API's list or a map from phase to settings, and phases may have their short names. CommandFailed where it
 * cannot be read.
 */
export async function configFromText(text: string, path: string): Promise<ConfigFile> {
  const { parse } = await import("yaml");
  const fail = (why: string) => new CommandFailed(`${path} is not a model config: ${why}`);
  let json: JsonValue;
  try {
    json = parse(text) as JsonValue;
  } catch (error) {
    throw fail(messageOf(error));
  }
  if (!isObject(json)) throw fail("it holds no fields");
  const isRequest = isObject(json["config"]);
  const body = isObject(json["config"]) ? json["config"] : json;
  try {
    const config = fromJson(ModelConfigSchema, withFullNames(body));
    if (config.modelName === "") throw new Error("model_name is missing");
    return {
      config,
      etag: isRequest ? textOf(json["etag"]) : "",
      reason: isRequest ? textOf(json["reason"]) : "",
    };
  } catch (error) {
    throw fail(messageOf(error));
  }
}

function withFullNames(body: JsonObject): JsonObject {
  const { phases, ...rest } = body;
  if (phases === undefined) return rest;
  if (isObject(phases)) {
    return {
      ...rest,
      phases: Object.entries(phases).map(([phase, settings]) => ({
        phase: fullName(phase),
        settings,
      })),
    };
  }
  if (!Array.isArray(phases)) throw new Error("phases is neither a list nor a map");
  return {
    ...rest,
    phases: phases.map((item) =>
      isObject(item) && typeof item["phase"] === "string"
        ? { ...item, phase: fullName(item["phase"]) }
        : item,
    ),
  };
}

function fullName(phase: string): string {
  const full = `PHASE_${phase.toUpperCase()}`;
  return PhaseSchema.values.some(({ name }) => name === full) ? full : phase;
}

function textOf(json: JsonValue | undefined): string {
  return typeof json === "string" ? json : "";
}

/** The first line: parsers add excerpts below it. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
