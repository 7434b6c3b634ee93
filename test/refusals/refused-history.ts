import type { FaultReason } from "../../src/domain/kernel/fault-reason.ts";
import {
  badAttributes,
  badNames,
  badPages,
  badSettings,
  LONG_NAME,
  LONG_REASON,
  REVERSED,
  type RefusedValue,
  refused,
  SCOPE,
  unknownIds,
} from "./refused-parts.ts";

/** Requests that HistoryService must refuse, of every method. */
export const REFUSED_HISTORY: Readonly<Record<string, readonly RefusedValue[]>> = {
  "HistoryService/GetCurrentConfig": [
    ...badNames((model) => ({ model })),
    refused("a number that is no phase", { ...SCOPE, phase: 99 }, "PHASE_REQUIRED"),
    ...badAttributes(SCOPE),
  ],
  "HistoryService/GetHistory": [
    ...badPages({}),
    refused("a reversed window", REVERSED, "WINDOW_INVALID"),
    refused("a number that is no phase", { phase: 99 }, "PHASE_REQUIRED"),
    refused("a name of 257 characters", { model: LONG_NAME }, "MODEL_NAME_INVALID"),
  ],
  "HistoryService/RecordSnapshot": [
    ...badNames((model) => ({ model })),
    ...badAttributes(SCOPE),
    refused("a number that is no phase", { ...SCOPE, phase: 99 }, "PHASE_REQUIRED"),
    refused(
      "17 entries of metadata",
      {
        ...SCOPE,
        metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"])),
      },
      "ATTRIBUTES_INVALID",
    ),
    refused("a reason of 1025 characters", { ...SCOPE, reason: LONG_REASON }, "REQUEST_MALFORMED"),
  ],
  "HistoryService/CompareConfigs": badComparands(),
  "HistoryService/SaveConfigVersion": [
    ...badNames((model) => ({ model, version: "v1" })),
    refused("no version", { model: "gpt-4" }, "VERSION_NAME_INVALID"),
    refused("a slash", { model: "gpt-4", version: "v/1" }, "VERSION_NAME_INVALID"),
    refused("a space", { model: "gpt-4", version: "v 1" }, "VERSION_NAME_INVALID"),
    refused("129 characters", { model: "gpt-4", version: "v".repeat(129) }, "VERSION_NAME_INVALID"),
    refused("the name latest", { model: "gpt-4", version: "latest" }, "VERSION_NAME_INVALID"),
    refused("a model that is not known", { model: "gpt-44", version: "v1" }, "MODEL_NOT_FOUND"),
    refused(
      "a reason of 1025 characters",
      { model: "gpt-4", version: "v1", reason: LONG_REASON },
      "REQUEST_MALFORMED",
    ),
  ],
  "HistoryService/LoadConfigVersion": [
    ...badNames((model) => ({ model, version: "v1" })),
    ...unknownVersions({ model: "gpt-4" }),
  ],
  "HistoryService/ListConfigVersions": [
    ...badNames((model) => ({ model })),
    ...badPages({ model: "gpt-4" }),
  ],
  "HistoryService/DeleteConfigVersion": [
    ...badNames((model) => ({ model, version: "v1" })),
    ...unknownVersions({ model: "gpt-4" }),
  ],
  "HistoryService/SetLabel": [
    ...badNames((model) => ({ model, label: "production", version: "v1" })),
    refused("no label", { model: "gpt-4", version: "v1" }, "LABEL_INVALID"),
    refused("the label head", { model: "gpt-4", label: "head", version: "v1" }, "LABEL_INVALID"),
    refused("a label of digits", { model: "gpt-4", label: "17", version: "v1" }, "LABEL_INVALID"),
    {
      what: "a label that is not where it is expected",
      request: { model: "gpt-4", label: "production", version: "v1", expectedVersion: "v0" },
      reason: "ETAG_STALE",
      metadata: ["model", "label", "version"],
    },
    refused(
      "an unknown version",
      { model: "gpt-4", label: "production", version: "nobodys" },
      "VERSION_NOT_FOUND",
    ),
  ],
  "HistoryService/Rollback": [
    ...badNames((model) => ({ model, version: "v1" })),
    ...unknownVersions({ model: "gpt-4" }),
    refused("no target", { model: "gpt-4" }, "REQUEST_MALFORMED"),
    refused("a negative revision", { model: "gpt-4", revision: -1 }, "REQUEST_MALFORMED"),
    refused("a revision to come", { model: "gpt-4", revision: 2 ** 53 }, "REQUEST_MALFORMED"),
    {
      what: "a stale etag",
      request: { model: "gpt-4", revision: 0, etag: "stale" },
      reason: "ETAG_STALE",
      metadata: ["model", "etag"],
    },
  ],
  "HistoryService/PutOverride": badOverrides(),
  "HistoryService/DeleteOverride": unknownIds("overrideId", "OVERRIDE_NOT_FOUND"),
  "HistoryService/ListOverrides": [...badNames((model) => ({ model })).slice(1), ...badPages({})],
  "HistoryService/ExportConfigs": [
    refused("an unknown format", { format: "xml" }, "FORMAT_INVALID"),
    ...badNames((model) => ({ models: [model] })),
  ],
  "HistoryService/ImportConfigs": [
    refused("no YAML", { content: "a: [" }, "FORMAT_INVALID"),
    refused("nothing", {}, "FORMAT_INVALID"),
    refused("another document", { content: "a: 1" }, "CONFIG_INVALID"),
    refused(
      "a config out of range",
      { content: "format: attuned/v1\nconfigs: [{model_name: m, limits: {max_iterations: 0}}]" },
      "CONFIG_INVALID",
    ),
    refused(
      "a reason of 1025 characters",
      { content: "format: attuned/v1", reason: LONG_REASON },
      "REQUEST_MALFORMED",
    ),
  ],
};

function unknownVersions(request: object): RefusedValue[] {
  return ["", "nobodys", "v".repeat(100_000)].map((version) => ({
    what: `the version ${JSON.stringify(version.slice(0, 10))}`,
    request: { ...request, version },
    reason: "VERSION_NOT_FOUND",
    metadata: ["model", "version", "suggestions"],
  }));
}

function badComparands(): RefusedValue[] {
  const right = { live: { model: "gpt-4" } };
  const left = (what: string, comparand: object, reason: FaultReason) =>
    refused(what, { left: comparand, right }, reason);
  return [
    refused("nothing to compare", {}, "COMPARAND_INVALID"),
    left("one side without a source", {}, "COMPARAND_INVALID"),
    left(
      "a revision to come",
      { revision: { model: "gpt-4", revision: 2 ** 53 } },
      "COMPARAND_INVALID",
    ),
    left(
      "a negative revision",
      { revision: { model: "gpt-4", revision: -1 } },
      "COMPARAND_INVALID",
    ),
    left("an unknown version", { version: { model: "gpt-4", version: "x" } }, "VERSION_NOT_FOUND"),
    left("an unknown snapshot", { snapshotId: "nobody" }, "SNAPSHOT_NOT_FOUND"),
    left(
      "a snapshot's id of 100,000 characters",
      { snapshotId: "s".repeat(100_000) },
      "SNAPSHOT_NOT_FOUND",
    ),
    left("a version of no model", { version: { version: "v1" } }, "MODEL_NAME_INVALID"),
    left("a live scope of no model", { live: {} }, "MODEL_NAME_INVALID"),
    ...badAttributes({}).map(({ what, request, reason }) =>
      left(what, { live: { model: "gpt-4", ...request } }, reason),
    ),
  ];
}

function badOverrides(): RefusedValue[] {
  const override = (more: object) => ({ override: { model: "gpt-4", ...more } });
  const settings = { temperature: 0.5 };
  const keys = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`key${i}`, "value"]));
  return [
    refused("no override", {}, "CONFIG_INVALID"),
    refused("one that does nothing", override({}), "CONFIG_INVALID"),
    refused("9 keys", override({ settings, selector: keys }), "CONFIG_INVALID"),
    refused("an empty key", override({ settings, selector: { "": "x" } }), "CONFIG_INVALID"),
    refused("a number that is no phase", override({ settings, phase: 99 }), "PHASE_REQUIRED"),
    ...badSettings((bad) => override({ settings: bad })),
    ...badNames((model) => override({ model, settings })).slice(2),
    refused(
      "a reason of 1025 characters",
      { ...override({ settings }), reason: LONG_REASON },
      "CONFIG_INVALID",
    ),
  ];
}
