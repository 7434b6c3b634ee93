import {
  type ConfigurationChange,
  diffSettings,
  type ParameterChange,
} from "../domain/config/change.ts";
import {
  OVERRIDES_MAX,
  type Override,
  overrideIdentity,
  overrideViolations,
} from "../domain/config/override.ts";
import { PHASES, type Phase } from "../domain/config/phase.ts";
import { type ConfigState, isKnownModel, lookupLayers } from "../domain/config/registry.ts";
import { resolveLayers } from "../domain/config/resolve.ts";
import { SETTING_FIELDS } from "../domain/config/settings.ts";
import type { ConfigWarning } from "../domain/config/validate.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { keys } from "../store/keys.ts";
import {
  type Author,
  acceptedChanges,
  checkReason,
  historyOps,
  reasonViolations,
} from "./author.ts";
import type { Change, ChangeContext, Plan, Touched } from "./change.ts";
import { requireValidConfig } from "./config-check.ts";
import { snapshotOps, takeSnapshot } from "./snapshots.ts";
import type { EngineState } from "./state.ts";
import { phasesOf } from "./stored-layers.ts";

/** An override as a caller writes it. */
export type OverrideContent = Pick<
  Override,
  "model" | "phase" | "selector" | "settings" | "enabled" | "pin"
>;

export interface OverrideWritten {
  readonly override: Override;
  readonly revision: number;
  readonly changes: readonly ConfigurationChange[];
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Writes an override or a pin; one with the same model, phase, selector and kind is replaced and keeps its id. One with the same
 * content is not written again. Errors: CONFIG_INVALID, TOO_MANY_OVERRIDES.
 */
export function putOverride(content: OverrideContent, author: Author): Change<OverrideWritten> {
  return {
    name: "put_override",
    async plan(state, context) {
      requireValidConfig([...overrideViolations(content), ...reasonViolations(author)]);
      const before = state.config;
      const present = findOverride(before, content);
      if (present && hasSameContent(present, content)) {
        const warnings = overrideWarnings(before, present, context.dimensions);
        const { revision } = before;
        const result = { override: present, revision, changes: [], warnings };
        return { ops: [], next: state, touched: new Set(), result };
      }
      if (!present) checkOverrideRoom(before.overrides.size + 1);
      const revision = before.revision + 1;
      const override = overrideOf(content, {
        overrideId: present?.overrideId ?? context.createId("ovr"),
        revision,
        changedBy: author.changedBy,
        reason: author.reason,
        atMs: context.nowMs,
      });
      const overrides = new Map(before.overrides).set(override.overrideId, override);
      const next = { ...before, revision, overrides };
      const plan = await writePlan(state, { next, override, author }, context);
      const warnings = overrideWarnings(next, override, context.dimensions);
      const result = { override, revision, changes: plan.changes ?? [], warnings };
      return {
        ...plan,
        ops: [{ put: keys.override(override.overrideId), json: override }, ...plan.ops],
        result,
      };
    },
  };
}

/** Removes an override or a pin. Errors: REQUEST_MALFORMED, OVERRIDE_NOT_FOUND. */
export function deleteOverride(
  overrideId: string,
  author: Author,
): Change<{ readonly revision: number; readonly changes: readonly ConfigurationChange[] }> {
  return {
    name: "delete_override",
    async plan(state, context) {
      checkReason(author);
      const before = state.config;
      const override = before.overrides.get(overrideId);
      if (!override) throw overrideNotFound(overrideId);
      const revision = before.revision + 1;
      const overrides = new Map(before.overrides);
      overrides.delete(overrideId);
      const next = { ...before, revision, overrides };
      const plan = await writePlan(state, { next, override, author }, context);
      return {
        ...plan,
        ops: [{ delete: keys.override(overrideId) }, ...plan.ops],
        result: { revision, changes: plan.changes ?? [] },
      };
    },
  };
}

/** An override from what a caller wrote and what the daemon adds. */
export function overrideOf(
  content: OverrideContent,
  added: Pick<Override, "overrideId" | "revision" | "changedBy" | "reason" | "atMs">,
): Override {
  const { model, phase, selector, settings, enabled, pin } = content;
  return {
    model,
    phase,
    selector,
    settings,
    pin,
    ...(enabled === undefined ? {} : { enabled }),
    ...added,
  };
}

/** The stored override that this one would replace. */
export function findOverride(state: ConfigState, content: OverrideContent): Override | undefined {
  const identity = overrideIdentity(content);
  for (const override of state.overrides.values())
    if (overrideIdentity(override) === identity) return override;
  return undefined;
}

/** Whether two overrides of one identity do the same. */
export function hasSameContent(one: OverrideContent, other: OverrideContent): boolean {
  return one.enabled === other.enabled && diffSettings(one.settings, other.settings).length === 0;
}

/** Errors: TOO_MANY_OVERRIDES where so many are more than there may be. */
export function checkOverrideRoom(overrides: number): void {
  if (overrides <= OVERRIDES_MAX) return;
  throw new Fault(
    "TOO_MANY_OVERRIDES",
    `${OVERRIDES_MAX} overrides and pins are stored; delete one first`,
  );
}

/** Models whose lookups an override may change. */
export function touchedBy({ model }: Pick<Override, "model">): Touched {
  return model === "" ? "all" : new Set([model]);
}

/**
 * What an override changes of the merged values: those of a request that brings exactly its selector's attributes, in its phase or
 * in each. An override of every model shows those of a model without a config.
 */
export function overrideDifferences(
  before: ConfigState,
  after: ConfigState,
  override: Pick<Override, "model" | "phase" | "selector">,
  dimensions: readonly string[],
): ParameterChange[] {
  const [earlier, later] = [withNeighbours(before, override), withNeighbours(after, override)];
  return phasesOfOverride(override).flatMap((phase) => {
    const subject = { model: override.model, phase, attributes: override.selector };
    const old = resolveLayers(lookupLayers(earlier, subject, dimensions), phase);
    const now = resolveLayers(lookupLayers(later, subject, dimensions), phase);
    const changes = diffSettings(old.settings, now.settings, phase);
    if (old.enabled === now.enabled) return changes;
    return [
      ...changes,
      { parameter: "enabled", phase, oldValue: old.enabled, newValue: now.enabled },
    ];
  });
}

/** Says which settings of an override a later layer sets in all the requests that it matches. */
export function overrideWarnings(
  state: ConfigState,
  override: Override,
  dimensions: readonly string[],
): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  if (override.model !== "" && !isKnownModel(state, override.model)) {
    warnings.push({
      code: "UNKNOWN_MODEL",
      field: "override.model",
      message: `no config is known for ${JSON.stringify(override.model)}; the override waits for requests that name it`,
    });
  }
  const near = withNeighbours(state, override);
  for (const phase of phasesOfOverride(override)) {
    const subject = { model: override.model, phase, attributes: override.selector };
    const merged = resolveLayers(lookupLayers(near, subject, dimensions), phase);
    for (const { field, layer, source } of merged.provenance) {
      const known = SETTING_FIELDS.find(({ key }) => key === field);
      if (!known || override.settings[known.key] === undefined) continue;
      if (source === override.overrideId) continue;
      warnings.push({
        code: "FIELD_SHADOWED",
        field: `override.settings.${field}`,
        message: `${phase}: ${known.parameter} has no effect, because the later layer ${layer} sets it (${source})`,
      });
    }
  }
  return warnings;
}

/** The plan of a write but for the override's own op and the result. */
async function writePlan(
  state: EngineState,
  write: { readonly next: ConfigState; readonly override: Override; readonly author: Author },
  context: ChangeContext,
): Promise<Omit<Plan<undefined>, "result">> {
  const { next, override, author } = write;
  const { model, selector, overrideId } = override;
  const { dimensions, store } = context;
  const origin = {
    model,
    revision: next.revision,
    overrideId,
    ...(Object.keys(selector).length === 0 ? {} : { attributes: selector }),
  };
  const differences = overrideDifferences(state.config, next, override, dimensions);
  const changes = acceptedChanges(differences, origin, author, context);
  const phases = override.phase ? [override.phase] : phasesOf(changes);
  const snapshots = (model === "" ? [] : phases).map((phase) =>
    takeSnapshot(next, { modelKey: model, phase, attributes: selector }, context),
  );
  return {
    ops: [
      { put: keys.meta("revision"), json: next.revision },
      ...historyOps(changes),
      ...(await snapshotOps(store, snapshots)),
    ],
    next: { ...state, config: next },
    touched: touchedBy(override),
    changes,
  };
}

/** The state with those overrides alone that can meet this one: looking through all for each phase would take long with many. */
function withNeighbours(state: ConfigState, { model }: Pick<Override, "model">): ConfigState {
  const overrides = new Map<string, Override>();
  for (const [id, other] of state.overrides)
    if (other.model === "" || other.model === model) overrides.set(id, other);
  return { ...state, overrides };
}

function phasesOfOverride({ phase }: Pick<Override, "phase">): readonly Phase[] {
  return phase ? [phase] : PHASES.map((facts) => facts.phase);
}

function overrideNotFound(overrideId: string): Fault {
  return new Fault("OVERRIDE_NOT_FOUND", `no override has the id ${JSON.stringify(overrideId)}`, {
    metadata: { overrideId },
    resource: { type: "override", name: overrideId },
  });
}
