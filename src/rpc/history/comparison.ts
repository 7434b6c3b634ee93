import type { ServiceImpl } from "@connectrpc/connect";
import { type Comparable, comparableOf, compareStates } from "../../domain/config/comparison.ts";
import { PHASES } from "../../domain/config/phase.ts";
import { mergedConfig } from "../../domain/config/registry.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Engine } from "../../engine/engine.ts";
import { pastConfigAt } from "../../engine/past-configs.ts";
import { comparableSnapshot, readSnapshot } from "../../engine/snapshots.ts";
import { findVersion } from "../../engine/versions.ts";
import type {
  Comparand,
  HistoryService,
  LiveScope,
  ModelRevision,
} from "../../gen/attuned/v1/history_service_pb.ts";
import { differenceToWire } from "../wire/history.ts";
import { pastModel } from "./past-model.ts";

/** What differs between two states of settings. */
export function comparisonMethods(engine: Engine) {
  return {
    async compareConfigs(request) {
      const left = await comparableFrom(engine, request.left, "left");
      const right = await comparableFrom(engine, request.right, "right");
      const model = left.model === right.model ? left.model : "";
      const differences = compareStates(left, right);
      return {
        differences: differences.map((difference) => differenceToWire(difference, model)),
        equal: differences.length === 0,
      };
    },
  } satisfies Partial<ServiceImpl<typeof HistoryService>>;
}

async function comparableFrom(
  engine: Engine,
  comparand: Comparand | undefined,
  field: string,
): Promise<Comparable> {
  const source = comparand?.source;
  switch (source?.case) {
    case "live":
      return liveScope(engine, source.value);
    case "version": {
      const model = await pastModel(engine, source.value.model);
      const { merged } = await findVersion(engine.store, model, source.value.version);
      return comparableOf(merged);
    }
    case "snapshotId": {
      const snapshot = await readSnapshot(engine.store, source.value);
      if (snapshot) return comparableSnapshot(snapshot);
      throw new Fault(
        "SNAPSHOT_NOT_FOUND",
        `no snapshot ${JSON.stringify(source.value)} is kept; the oldest make room for newer ones`,
        { resource: { type: "snapshot", name: source.value } },
      );
    }
    case "revision":
      return pastRevision(engine, source.value, field);
    default:
      throw invalid(field, "must be a live scope, a version, a snapshot or a revision");
  }
}

/** What the phases of a scope answer now, with overrides, environment and pins. */
function liveScope(engine: Engine, { model, attributes }: LiveScope): Comparable {
  const answers = PHASES.map(({ phase }) => {
    const request = { model, phase, attributes, unit: "", requireKnown: false, callSettings: {} };
    return [phase, engine.lookups.resolve(request)] as const;
  });
  const key = engine.lookups.modelKey(model);
  return {
    model: key,
    phases: new Map(
      answers.map(([phase, { settings, enabled }]) => [phase, { settings, enabled }]),
    ),
    config: mergedConfig(engine.state.config, key),
  };
}

async function pastRevision(
  engine: Engine,
  wanted: ModelRevision,
  field: string,
): Promise<Comparable> {
  const state = engine.state.config;
  const revision = Number(wanted.revision);
  if (revision < 0 || revision > state.revision) {
    throw invalid(`${field}.revision`, `must be from 0 to ${state.revision}, is ${revision}`);
  }
  const model = await pastModel(engine, wanted.model);
  return comparableOf((await pastConfigAt(engine.store, state, { model, revision })).merged);
}

function invalid(field: string, message: string): Fault {
  return new Fault("COMPARAND_INVALID", `${field} ${message}`, {
    violations: [{ field, message }],
  });
}
