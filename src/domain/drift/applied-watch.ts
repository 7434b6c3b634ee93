import { rateLogEvidence } from "../../stats/mismatch.ts";
import { SETTING_FIELDS, sameSetting } from "../config/settings.ts";
import type { Arm, Outcome } from "../outcome/outcome.ts";
import type { DriftFinding } from "./drift.ts";
import { mayBeRendered, type RenderedValues } from "./rendered-values.ts";

/** A share of calls with other settings that is no drift: one agent that lags behind a change. */
const RATE_TOLERATED = 0.01;
/** Chance of an alarm where no more than that share is applied otherwise, at all looks together. */
const ALPHA = 0.01;
/** Calls that must come as told, all but one, for the drift to be gone. */
const RECOVERY_BLOCK = 100;

/** What is known of how agents apply the settings of an arm. A plain record. */
export interface AppliedWatch {
  /** Calls with a token that said what they applied. */
  readonly trials: number;
  readonly hits: number;
  /** How often each parameter differed. */
  readonly differing: Readonly<Record<string, number>>;
  readonly firstHitMs: number;
  readonly isAlarm: boolean;
  readonly recovery: { readonly trials: number; readonly hits: number };
}

export const NEW_APPLIED_WATCH: AppliedWatch = {
  trials: 0,
  hits: 0,
  differing: {},
  firstHitMs: 0,
  isAlarm: false,
  recovery: { trials: 0, hits: 0 },
};

/** Stands for settings of which only the id is known. */
const SOME = "settings";

/**
 * The parameters that a call applied otherwise than was decided or rendered for it; undefined where it had no decision or did not say.
 * `rendered` is asked only where a value is not the decided one. A value that the decision has and its rendering leaves out is no
 * difference either: who asks for RAW parameters, or for none, applies what was decided, and the provider's refusal is an outcome of its
 * own (REJECTED_PARAM). A parameter that a call does not name is none: the provider's dialect may not have it.
 */
export function differingParameters(
  outcome: Outcome,
  rendered: () => RenderedValues,
): string[] | undefined {
  const { decidedAtMs, appliedSettings, appliedConfigId, arm, inputTokens } = outcome;
  if (decidedAtMs === undefined) return undefined;
  if (appliedSettings) {
    const others = SETTING_FIELDS.flatMap(({ key, parameter }) => {
      const value = appliedSettings[key];
      const told = arm.settings[key];
      return value === undefined || sameSetting(value, told)
        ? []
        : [{ key, parameter, value, told }];
    });
    if (others.length === 0) return [];
    const values = rendered();
    return others
      .filter(({ told, ...applied }) => !mayBeRendered(values, applied, { told, inputTokens }))
      .map(({ parameter }) => parameter);
  }
  if (appliedConfigId === "") return undefined;
  return appliedConfigId === arm.configId ? [] : [SOME];
}

/** Folds one call. The alarm is an e-process against "at most 1 % are applied otherwise", and stays until a hundred calls came as told. */
export function foldApplied(
  watch: AppliedWatch,
  seen: { readonly differing: readonly string[]; readonly atMs: number },
): AppliedWatch {
  const hit = seen.differing.length > 0 ? 1 : 0;
  const trials = watch.trials + 1;
  const hits = watch.hits + hit;
  const differing = { ...watch.differing };
  for (const parameter of seen.differing) differing[parameter] = (differing[parameter] ?? 0) + 1;
  const firstHitMs = watch.firstHitMs === 0 && hit === 1 ? seen.atMs : watch.firstHitMs;
  const isShown =
    hit === 1 && rateLogEvidence({ hits, trials }, RATE_TOLERATED) >= Math.log(1 / ALPHA);
  const isAlarm = watch.isAlarm || isShown;
  const recovery = { trials: watch.recovery.trials + 1, hits: watch.recovery.hits + hit };
  const isOver = recovery.trials >= RECOVERY_BLOCK;
  if (isAlarm && isOver && recovery.hits <= RATE_TOLERATED * RECOVERY_BLOCK)
    return NEW_APPLIED_WATCH;
  return {
    trials,
    hits,
    differing,
    firstHitMs,
    isAlarm,
    recovery: isOver || !isAlarm ? { trials: 0, hits: 0 } : recovery,
  };
}

/** The drift that an alarm means; undefined without one. */
export function applicationDrift(arm: Arm, watch: AppliedWatch): DriftFinding | undefined {
  if (!watch.isAlarm) return undefined;
  const { trials, hits } = watch;
  const named = Object.entries(watch.differing)
    .toSorted(([, a], [, b]) => b - a)
    .map(([parameter]) => parameter);
  const share = hits / trials;
  return {
    kind: "application",
    scope: arm.scope,
    parameter: named.join(", "),
    configId: arm.configId,
    differing: named.filter((parameter) => parameter !== SOME),
    served: arm.configId,
    optimum: [],
    optimumValues: [],
    magnitude: Math.min(1, Number(share.toPrecision(6))),
    threshold: RATE_TOLERATED,
    evidence: "deterministic",
    sampleSize: trials,
    sinceMs: watch.firstHitMs,
    message: `${hits} of ${trials} calls applied other settings than they were told (${named.join(", ")}): what was measured there is not what was decided; find the agent that overwrites them`,
  };
}
