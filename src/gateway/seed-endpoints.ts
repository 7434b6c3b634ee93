import {
  type DescMessage,
  type DescMethodUnary,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { SETTING_FIELDS } from "../domain/config/settings.ts";
import {
  AnalysisService,
  AnalyzeParameterImpactResponseSchema,
} from "../gen/attuned/v1/analysis_service_pb.ts";
import {
  DriftKindSchema,
  DriftSchema,
  DriftState,
  DriftStateSchema,
} from "../gen/attuned/v1/drift_pb.ts";
import {
  ConfigurationChangeSchema,
  type ConfigurationSnapshot,
  ConfigurationSnapshotSchema,
} from "../gen/attuned/v1/history_pb.ts";
import { type ComparandSchema, HistoryService } from "../gen/attuned/v1/history_service_pb.ts";
import { ModelConfigSchema } from "../gen/attuned/v1/model_config_pb.ts";
import {
  ConfigConstraintsSchema,
  ModelService,
  ValidateConfigResponseSchema,
} from "../gen/attuned/v1/model_service_pb.ts";
import { OptimizerService } from "../gen/attuned/v1/optimizer_service_pb.ts";
import { Phase, PhaseSchema } from "../gen/attuned/v1/phase_pb.ts";
import {
  type Recommendation,
  RecommendationKindSchema,
  RecommendationSchema,
  RecommendationState,
  RecommendationStateSchema,
} from "../gen/attuned/v1/recommendation_pb.ts";
import {
  attributesOf,
  enumsOf,
  type Input,
  objectOf,
  pageSizeOf,
  phaseOf,
  rangeOf,
  textOf,
  wrong,
} from "./seed-input.ts";
import { enumNumber, toSeedJson } from "./seed-json.ts";

/** Makes a call to a service as the one who asks the route. */
export type ServiceCall = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  message: MessageInitShape<I>,
) => Promise<MessageShape<O>>;

export interface Endpoint {
  readonly method: "GET" | "POST";
  /** Names that the query or the body may have. */
  readonly names: readonly string[];
  answer(input: Input, call: ServiceCall): Promise<JsonObject>;
}

const SCOPE = ["model", "phase", "environment", "agent"];
const PAGE = ["page_size", "page_token"];
const RANGE = ["start", "end"];
/** Pages that are read to fill one page of a filter; what is left comes with the next page. */
const FILTER_PAGES_MAX = 20;
const SETTING_NAMES = SETTING_FIELDS.map(({ parameter }) => parameter);

/** The HTTP/JSON routes of the seed, by path. Each is one call of the RPC that does the same, in the seed's words. */
export const SEED_ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  "/config/current": {
    method: "GET",
    names: SCOPE,
    async answer(input, call) {
      const phase = phaseOf(input) ?? Phase.EXECUTION;
      const request = { model: textOf(input, "model"), phase, attributes: attributesOf(input) };
      const { snapshot } = await call(HistoryService.method.getCurrentConfig, request);
      return snapshot ? snapshotJson(snapshot) : {};
    },
  },
  "/config/history": {
    method: "GET",
    names: [...SCOPE, "parameter", ...RANGE, ...PAGE],
    answer(input, call) {
      const attributes = attributesOf(input);
      const request = {
        model: textOf(input, "model"),
        phase: phaseOf(input) ?? Phase.UNSPECIFIED,
        parameter: textOf(input, "parameter"),
        ...rangeOf(input),
      };
      return pageOf("changes", input, {
        read: async (page) => {
          const read = await call(HistoryService.method.getHistory, { ...request, ...page });
          return { items: read.changes, nextPageToken: read.nextPageToken };
        },
        // A change without attributes holds for every request.
        keep: (change) => holdsFor(change.attributes, attributes, { isAbsentAny: true }),
        json: (change) => toSeedJson(change, ConfigurationChangeSchema),
      });
    },
  },
  "/config/compare": {
    method: "GET",
    names: [
      ...SCOPE,
      "left",
      "right",
      "left_model",
      "right_model",
      "left_environment",
      "right_environment",
    ],
    async answer(input, call) {
      const sides = { left: comparandOf(input, "left"), right: comparandOf(input, "right") };
      const phase = phaseOf(input);
      const { differences } = await call(HistoryService.method.compareConfigs, sides);
      const shown = differences.filter(
        (change) => phase === undefined || change.phase === phase || change.phase === 0,
      );
      return {
        equal: shown.length === 0,
        differences: shown.map((change) => {
          const {
            parameter,
            phase: of,
            old_value,
            new_value,
          } = toSeedJson(change, ConfigurationChangeSchema);
          return { parameter, ...optional({ phase: of, old_value, new_value }) } as JsonObject;
        }),
      };
    },
  },
  "/config/validate": {
    method: "POST",
    names: ["config", "constraints", "model", "phase", "enabled", ...SETTING_NAMES],
    async answer(input, call) {
      const constraints = objectOf(input, "constraints");
      const answer = await call(ModelService.method.validateConfig, {
        config: parsed(ModelConfigSchema, "config", objectOf(input, "config") ?? flatConfig(input)),
        ...(constraints
          ? { constraints: parsed(ConfigConstraintsSchema, "constraints", constraints) }
          : {}),
      });
      const { valid, violations, warnings } = toSeedJson(answer, ValidateConfigResponseSchema);
      return { valid: valid ?? false, violations: violations ?? [], warnings: warnings ?? [] };
    },
  },
  "/config/analyze": {
    method: "POST",
    names: [...SCOPE, "parameter", "metric", ...RANGE],
    async answer(input, call) {
      const { start, end } = rangeOf(input);
      const answer = await call(AnalysisService.method.analyzeParameterImpact, {
        model: textOf(input, "model"),
        phase: phaseOf(input) ?? Phase.EXECUTION,
        parameter: textOf(input, "parameter") || "temperature",
        metric: textOf(input, "metric"),
        attributes: attributesOf(input),
        ...(start || end
          ? { window: { ...(start ? { start } : {}), ...(end ? { end } : {}) } }
          : {}),
      });
      return toSeedJson(answer, AnalyzeParameterImpactResponseSchema);
    },
  },
  "/config/recommendations": {
    method: "GET",
    names: [...SCOPE, "state", "kind", ...PAGE],
    answer(input, call) {
      const attributes = attributesOf(input);
      const isAll = textOf(input, "state") === "all";
      const request = {
        model: textOf(input, "model"),
        phase: phaseOf(input) ?? Phase.UNSPECIFIED,
        kinds: enumsOf(input, "kind", RecommendationKindSchema) ?? [],
        states: isAll
          ? []
          : (enumsOf(input, "state", RecommendationStateSchema) ?? [RecommendationState.PROPOSED]),
      };
      return pageOf("recommendations", input, {
        read: async (page) => {
          const read = await call(OptimizerService.method.listRecommendations, {
            ...request,
            ...page,
          });
          return { items: read.recommendations, nextPageToken: read.nextPageToken };
        },
        keep: (item) => holdsFor(item.attributes, attributes),
        json: recommendationJson,
      });
    },
  },
  "/config/drift": {
    method: "GET",
    names: [...SCOPE, "state", "kind", ...PAGE],
    answer(input, call) {
      const attributes = attributesOf(input);
      const phase = phaseOf(input);
      const isAll = textOf(input, "state") === "all";
      const request = {
        model: textOf(input, "model"),
        kinds: enumsOf(input, "kind", DriftKindSchema) ?? [],
        states: isAll ? [] : (enumsOf(input, "state", DriftStateSchema) ?? [DriftState.OPEN]),
      };
      return pageOf("drifts", input, {
        read: async (page) => {
          const read = await call(AnalysisService.method.listDrifts, { ...request, ...page });
          return { items: read.drifts, nextPageToken: read.nextPageToken };
        },
        keep: (drift) =>
          (phase === undefined || drift.phase === phase) && holdsFor(drift.attributes, attributes),
        json: (drift) => toSeedJson(drift, DriftSchema),
      });
    },
  },
};

interface PageSource<T> {
  read(page: {
    readonly pageSize: number;
    readonly pageToken: string;
  }): Promise<{ readonly items: readonly T[]; readonly nextPageToken: string }>;
  keep(item: T): boolean;
  json(item: T): JsonObject;
}

/** One page under a name, filled from as many pages of the RPC as its filter takes. */
async function pageOf<T>(name: string, input: Input, source: PageSource<T>): Promise<JsonObject> {
  const size = pageSizeOf(input);
  let pageToken = textOf(input, "page_token");
  const kept: T[] = [];
  for (let count = 0; count < FILTER_PAGES_MAX; count++) {
    const page = await source.read({ pageSize: size - kept.length, pageToken });
    kept.push(...page.items.filter((item) => source.keep(item)));
    pageToken = page.nextPageToken;
    if (pageToken === "" || kept.length >= size) break;
  }
  return { [name]: kept.map((item) => source.json(item)), next_page_token: pageToken };
}

/** Whether something that holds for `own` attributes is about a scope. */
function holdsFor(
  own: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
  { isAbsentAny }: { readonly isAbsentAny?: true } = {},
): boolean {
  return Object.entries(wanted).every(([name, value]) =>
    own[name] === undefined ? isAbsentAny === true : own[name] === value,
  );
}

/** The seed's flat snapshot: its timeout is in seconds and has no unit in its name. */
function snapshotJson(snapshot: ConfigurationSnapshot): JsonObject {
  const { timeout_seconds, enabled, max_retries, metadata, ...head } = toSeedJson(
    snapshot,
    ConfigurationSnapshotSchema,
  );
  return {
    ...head,
    ...optional({ timeout: timeout_seconds, max_retries }),
    enabled: enabled ?? true,
    metadata: metadata ?? {},
  };
}

/** The seed's seven fields first; improvements in its form, "+2.5%". */
function recommendationJson(item: Recommendation): JsonObject {
  const { recommendation_id, parameter, confidence, reason, ...rest } = toSeedJson(
    item,
    RecommendationSchema,
  );
  const { current_value, recommended_value, expected_improvement: _, state, ...others } = rest;
  const { quality, cost, latency } = item.expectedImprovement ?? {};
  return {
    ...optional({ recommendation_id, parameter, current_value, recommended_value }),
    expected_improvement: optional({
      quality: quality?.text,
      cost: cost?.text,
      latency: latency?.text,
    }),
    ...optional({ confidence, reason, status: state }),
    ...others,
  };
}

/**
 * A side of a comparison: `live`, a revision's number, a snapshot's id, else a version or a label. The right one is live where it is
 * not given.
 */
function comparandOf(
  input: Input,
  side: "left" | "right",
): MessageInitShape<typeof ComparandSchema> {
  const text = textOf(input, side) || (side === "right" ? "live" : "");
  if (text === "") {
    throw wrong(side, "must be live, a revision, the id of a snapshot, a version or a label");
  }
  const model = textOf(input, `${side}_model`) || textOf(input, "model");
  if (text === "live") {
    const environment = textOf(input, `${side}_environment`);
    const attributes = { ...attributesOf(input), ...(environment === "" ? {} : { environment }) };
    return { source: { case: "live", value: { model, attributes } } };
  }
  if (/^\d{1,15}$/.test(text)) {
    return { source: { case: "revision", value: { model, revision: BigInt(text) } } };
  }
  if (/^cfg-/.test(text)) return { source: { case: "snapshotId", value: text } };
  return { source: { case: "version", value: { model, version: text } } };
}

/** The flat form of the seed as a model config: one phase with the settings that are given. */
function flatConfig(input: Input): JsonObject {
  const settings = SETTING_FIELDS.flatMap(({ key, parameter }): [string, JsonValue][] => {
    const value = input[parameter];
    return value === undefined ? [] : [[key, value]];
  });
  const phase = PhaseSchema.value[phaseOf(input) ?? Phase.EXECUTION]?.name ?? "";
  return {
    modelName: textOf(input, "model"),
    phases: [{ phase, settings: Object.fromEntries(settings) }],
    ...(input["enabled"] === undefined ? {} : { enabled: input["enabled"] }),
  };
}

/** A message of its JSON, with short names of phases. Errors: REQUEST_MALFORMED. */
function parsed<T extends DescMessage>(
  schema: T,
  field: string,
  json: JsonObject,
): MessageShape<T> {
  try {
    return fromJson(schema, withLongPhases(json));
  } catch (error) {
    throw wrong(field, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function withLongPhases(json: JsonObject): JsonObject {
  const { phases } = json;
  if (!Array.isArray(phases)) return json;
  return {
    ...json,
    phases: phases.map((entry) => {
      if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return entry;
      const number = enumNumber(PhaseSchema, String(entry["phase"]));
      return number === undefined ? entry : { ...entry, phase: number };
    }),
  };
}

function optional(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const given = Object.entries(fields).filter(
    (entry): entry is [string, JsonValue] => entry[1] !== undefined,
  );
  return Object.fromEntries(given);
}
