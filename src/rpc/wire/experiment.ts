import { create } from "@bufbuild/protobuf";
import type { Phase } from "../../domain/config/phase.ts";
import { PHASES } from "../../domain/config/phase.ts";
import {
  type Attributes,
  attributeViolations,
  type Scope,
  scopeAttributes,
  scopeOf,
} from "../../domain/config/scope.ts";
import type { Settings } from "../../domain/config/settings.ts";
import {
  DESIGNED_EFFECT_DEFAULT,
  PERIOD_MS_DEFAULT,
  UNIT_WINDOW_MS_DEFAULT,
} from "../../domain/experiment/bounds.ts";
import {
  type Experiment,
  type ExperimentArm,
  type ExperimentState,
  MILLION,
} from "../../domain/experiment/experiment.ts";
import type { ExperimentPlan } from "../../domain/experiment/experiment-violation.ts";
import {
  CALL_TTL_MS_DEFAULT,
  isScore,
  type MetricRule,
  type MissingPolicy,
  SCORE_TTL_MS_DEFAULT,
  scaleOf,
} from "../../domain/experiment/metric-rule.ts";
import {
  type ArmTally,
  type ExperimentTally,
  type MetricTally,
  ownRelease,
} from "../../domain/experiment/tally.ts";
import type { TimeToAnswer } from "../../domain/experiment/time-to-answer.ts";
import type { EnrolledUnit } from "../../domain/experiment/unit.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Variant } from "../../engine/experiments/experiment-changes.ts";
import {
  type ExperimentArmResult,
  ExperimentArmResultSchema,
  type ExperimentForecast,
  ExperimentForecastSchema,
  ExperimentMetricResultSchema,
  ExperimentSchema,
  VariantSchema,
  type ExperimentArm as WireArm,
  type Experiment as WireExperiment,
  type ExperimentMetric as WireMetric,
  MissingPolicy as WireMissing,
  ExperimentState as WireState,
  type Variant as WireVariant,
} from "../../gen/attuned/v1/experiment_pb.ts";
import type {
  CreateExperimentRequest,
  CreateVariantRequest,
} from "../../gen/attuned/v1/experiment_service_pb.ts";
import type { PhaseSettings } from "../../gen/attuned/v1/settings_pb.ts";
import { meanInterval } from "../../stats/confidence-sequence.ts";
import { meanOf } from "../../stats/power-sums.ts";
import { phaseToWire, requiredPhase } from "./phase.ts";
import { settingsFromWire, settingsToWire } from "./settings.ts";
import { timestampToWire } from "./time.ts";

/** Chance that an interval ever misses, over all looks. */
const ALPHA = 0.05;

const STATES: Readonly<Record<ExperimentState, WireState>> = {
  draft: WireState.DRAFT,
  running: WireState.RUNNING,
  paused: WireState.PAUSED,
  concluded: WireState.CONCLUDED,
  aborted: WireState.ABORTED,
};

const MISSING: Readonly<Record<MissingPolicy, WireMissing>> = {
  censor: WireMissing.CENSOR,
  failure: WireMissing.FAILURE,
  ignore: WireMissing.IGNORE,
};

export function experimentStateToWire(state: ExperimentState): WireState {
  return STATES[state];
}

/** Errors: EXPERIMENT_INVALID for a phase that is named twice, PHASE_REQUIRED. */
export function variantFromWire(
  wire: CreateVariantRequest,
  model: string,
): Pick<Variant, "model" | "name" | "phases"> {
  return { model, name: wire.variantName, phases: phasesFromWire(wire.changes) };
}

export function variantToWire(variant: Variant): WireVariant {
  return create(VariantSchema, {
    baseConfig: variant.model,
    variantName: variant.name,
    changes: PHASES.flatMap(({ phase }) => {
      const settings = variant.phases[phase];
      return settings ? [{ phase: phaseToWire(phase), settings: settingsToWire(settings) }] : [];
    }),
    createdAt: timestampToWire(variant.createdAtMs),
    createdBy: variant.createdBy,
  });
}

/** What a request plans, with defaults filled in. Errors: PHASE_REQUIRED, ATTRIBUTES_INVALID, EXPERIMENT_INVALID. */
export function planFromWire(
  wire: CreateExperimentRequest,
  at: { readonly model: string; readonly dimensions: readonly string[] },
): ExperimentPlan {
  const { unitWindowSeconds, scoreFraction, periodSeconds, designedEffect } = wire;
  const metrics = wire.metrics.length === 0 ? [{ metric: "success" }] : wire.metrics;
  return {
    name: wire.name,
    scope: scopeFromWire(wire, at),
    arms: armsFromWire(wire.arms),
    metrics: metrics.map(metricFromWire),
    unitWindowMs:
      unitWindowSeconds === undefined ? UNIT_WINDOW_MS_DEFAULT : unitWindowSeconds * 1000,
    periodMs: periodSeconds === 0 ? PERIOD_MS_DEFAULT : periodSeconds * 1000,
    scoreFractionPpm: scoreFraction === undefined ? MILLION : Math.round(scoreFraction * MILLION),
    designedEffect: designedEffect === 0 ? DESIGNED_EFFECT_DEFAULT : designedEffect,
  };
}

export function experimentToWire(
  experiment: Experiment,
  dimensions: readonly string[],
): WireExperiment {
  const { scope, startedAtMs, endedAtMs } = experiment;
  return create(ExperimentSchema, {
    experimentId: experiment.experimentId,
    name: experiment.name,
    model: scope.model,
    phase: phaseToWire(scope.phase),
    attributes: scopeAttributes(scope, dimensions),
    arms: experiment.arms.map(({ name, variant, changes, weightPpm }) => ({
      name,
      variantName: variant,
      changes: settingsToWire(changes),
      weight: weightPpm / MILLION,
    })),
    metrics: experiment.metrics.map(({ metric, missing, ttlMs, cap }) => ({
      metric,
      missing: MISSING[missing],
      ttlSeconds: ttlMs / 1000,
      ...(cap === undefined ? {} : { cap }),
    })),
    unitWindowSeconds: experiment.unitWindowMs / 1000,
    periodSeconds: experiment.periodMs / 1000,
    scoreFraction: experiment.scoreFractionPpm / MILLION,
    designedEffect: experiment.designedEffect,
    state: STATES[experiment.state],
    epoch: experiment.epoch,
    reason: experiment.reason,
    createdAt: timestampToWire(experiment.createdAtMs),
    createdBy: experiment.createdBy,
    ...(startedAtMs === undefined ? {} : { startedAt: timestampToWire(startedAtMs) }),
    ...(endedAtMs === undefined ? {} : { endedAt: timestampToWire(endedAtMs) }),
    stateChangedAt: timestampToWire(experiment.stateChangedAtMs),
    stateChangedBy: experiment.stateChangedBy,
    stateReason: experiment.stateReason,
    revision: BigInt(experiment.revision),
    baseline: settingsToWire(experiment.baseline),
    ...(experiment.unitsRemovedAtMs === undefined
      ? {}
      : { unitsRemovedAt: timestampToWire(experiment.unitsRemovedAtMs) }),
  });
}

/** A forecast; `smallestEffect` is what the units so far would show, in the primary metric's own unit. */
export function forecastToWire(
  forecast: TimeToAnswer,
  smallestEffect?: number,
): ExperimentForecast {
  const { unitsHalf, unitsLikely, ratePerHour, hoursLikely, variance } = forecast;
  const time =
    hoursLikely === undefined
      ? "no calls came in the last day, so there is no telling how long that takes"
      : `about ${inWords(hoursLikely)} at ${ratePerHour.toFixed(1)} calls an hour, longer where units make several calls`;
  const shown =
    smallestEffect === undefined
      ? ""
      : `; those released so far would show an effect of ${Number(smallestEffect.toPrecision(3))}`;
  return create(ExperimentForecastSchema, {
    unitsHalf: BigInt(unitsHalf),
    unitsLikely: BigInt(unitsLikely),
    ratePerHour,
    ...(hoursLikely === undefined ? {} : { hoursLikely }),
    variance,
    varianceObserved: forecast.isVarianceObserved,
    ...(smallestEffect === undefined ? {} : { smallestEffect }),
    text: `${unitsLikely} units for an answer with a chance of eight in ten, if the effect is as planned: ${time}${shown}`,
  });
}

/** What the released units of each arm say, and those that `ahead` knows to be final for a metric; nothing of a difference. */
export function resultsToWire(
  experiment: Experiment,
  tally: ExperimentTally,
  ahead: (metric: number) => readonly EnrolledUnit[],
): ExperimentArmResult[] {
  const own = experiment.metrics.map((rule, index) =>
    ownRelease(tally, { index, rule }, ahead(index)),
  );
  return tally.arms.map((arm, index) => ({
    ...armResult(experiment, arm, index),
    metrics: experiment.metrics.map((rule, at) =>
      create(ExperimentMetricResultSchema, {
        metric: rule.metric,
        ...metricTallyToWire(rule, arm.metrics[at]),
        ownRelease: ownReleaseToWire(rule, own[at]?.[index], tally.releases[at]?.cutMs ?? 0),
      }),
    ),
  }));
}

function ownReleaseToWire(
  rule: MetricRule,
  own: (MetricTally & { readonly released: number }) | undefined,
  cutMs: number,
) {
  return {
    ...metricTallyToWire(rule, own),
    released: BigInt(own?.released ?? 0),
    ...(cutMs > 0 ? { cutAt: timestampToWire(cutMs) } : {}),
  };
}

function armResult(experiment: Experiment, arm: ArmTally, index: number): ExperimentArmResult {
  return create(ExperimentArmResultSchema, {
    arm: index,
    name: experiment.arms[index]?.name ?? "",
    assigned: BigInt(arm.assigned),
    reported: BigInt(arm.reported),
    released: BigInt(arm.released),
    lateOutcomes: BigInt(arm.lateOutcomes),
    voidOutcomes: BigInt(arm.voidOutcomes),
    frozenScores: BigInt(arm.frozenScores),
  });
}

function metricTallyToWire(rule: MetricRule, tally: MetricTally | undefined) {
  const scale = scaleOf(rule);
  const mean = tally && meanOf(tally.sums);
  const interval = tally && meanInterval(tally.sums, { alpha: ALPHA });
  return {
    ...(mean === undefined || !interval
      ? {}
      : {
          mean: mean * scale,
          interval: { low: interval.low * scale, high: interval.high * scale },
        }),
    reported: BigInt(tally?.reported ?? 0),
    imputed: BigInt(tally?.imputed ?? 0),
    censored: BigInt(tally?.censored ?? 0),
  };
}

function scopeFromWire(
  wire: CreateExperimentRequest,
  at: { readonly model: string; readonly dimensions: readonly string[] },
): Scope {
  const attributes: Attributes = wire.attributes;
  const violations = attributeViolations(attributes);
  for (const key of Object.keys(attributes)) {
    if (at.dimensions.includes(key)) continue;
    const message = `must be a dimension: ${at.dimensions.join(", ")}`;
    violations.push({ field: `attributes.${key}`, message });
  }
  if (violations.length > 0) {
    throw new Fault(
      "ATTRIBUTES_INVALID",
      violations.map(({ field, message }) => `${field} ${message}`).join("; "),
      { violations },
    );
  }
  return scopeOf(at.model, requiredPhase(wire.phase), attributes, at.dimensions);
}

/** Names and weights are filled in; what the shares lack to a million by rounding goes to control. */
function armsFromWire(wire: readonly WireArm[]): ExperimentArm[] {
  const isEven = wire.every(({ weight }) => weight === 0);
  const shares = wire.map(({ weight }) =>
    isEven ? Math.floor(MILLION / wire.length) : Math.round(weight * MILLION),
  );
  const rest = MILLION - shares.reduce((sum, share) => sum + share, 0);
  const isRounding = Math.abs(rest) <= wire.length;
  return wire.map(({ name, variantName, changes }, index) => ({
    name: name === "" ? (index === 0 ? "control" : `arm-${index}`) : name,
    variant: variantName,
    changes: settingsFromWire(changes),
    weightPpm: (shares[index] ?? 0) + (index === 0 && isRounding ? rest : 0),
  }));
}

function metricFromWire(
  wire: Pick<WireMetric, "metric"> & Partial<Pick<WireMetric, "missing" | "ttlSeconds" | "cap">>,
): MetricRule {
  const { metric, missing = WireMissing.UNSPECIFIED, ttlSeconds = 0, cap } = wire;
  const policy = (Object.keys(MISSING) as MissingPolicy[]).find((key) => MISSING[key] === missing);
  const ttlMs = isScore(metric) ? SCORE_TTL_MS_DEFAULT : CALL_TTL_MS_DEFAULT;
  return {
    metric,
    missing: policy ?? "failure",
    ttlMs: ttlSeconds === 0 ? ttlMs : ttlSeconds * 1000,
    ...(cap === undefined ? {} : { cap }),
  };
}

function phasesFromWire(changes: readonly PhaseSettings[]): Partial<Record<Phase, Settings>> {
  const phases: Partial<Record<Phase, Settings>> = {};
  for (const [index, entry] of changes.entries()) {
    const phase = requiredPhase(entry.phase);
    if (phases[phase]) {
      throw new Fault("EXPERIMENT_INVALID", `changes[${index}].phase is named twice`, {
        violations: [{ field: `changes[${index}].phase`, message: "must be named once" }],
      });
    }
    phases[phase] = settingsFromWire(entry.settings);
  }
  return phases;
}

function inWords(hours: number): string {
  if (hours < 2) return `${Math.ceil(hours * 60)} minutes`;
  return hours < 72 ? `${Math.ceil(hours)} hours` : `${Math.ceil(hours / 24)} days`;
}
