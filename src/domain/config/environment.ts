import { PHASES, type Phase } from "./phase.ts";
import { type SettingKey, type Settings, settingFieldOf, settingViolation } from "./settings.ts";
import type { ConfigWarning } from "./validate.ts";

/** One variable that was read, and what it sets. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  /** "default_model", "planning.temperature", "max_tokens" for every phase. */
  readonly sets: string;
}

/** What the daemon's environment sets, for every model. */
export interface EnvironmentLayer {
  readonly defaultModel: string | undefined;
  readonly phases: Readonly<Partial<Record<Phase, Settings>>>;
  /** The variable that set each field of `phases`. */
  readonly sources: Readonly<Partial<Record<Phase, Readonly<Partial<Record<SettingKey, string>>>>>>;
  readonly variables: readonly EnvironmentVariable[];
  readonly warnings: readonly ConfigWarning[];
}

export const NO_ENVIRONMENT: EnvironmentLayer = {
  defaultModel: undefined,
  phases: {},
  sources: {},
  variables: [],
  warnings: [],
};

/** The seed's names, and ours with the same meaning; ours win. */
const PREFIXES = ["VIBEAGENT_MODEL_", "ATTUNED_MODEL_"] as const;
const PARAMETERS = ["temperature", "max_tokens", "top_p", "timeout", "max_retries"] as const;

/**
 * Reads the layer `env` from variables: `…_MODEL_DEFAULT`, `…_MODEL_<PARAMETER>` for every phase and
 * `…_MODEL_<PARAMETER>_<PHASE>` for one, which wins (seed decisions X24, X25). A variable with a value that no setting takes, or
 * with an unknown name after the prefix, is a warning and changes nothing: a daemon must start beside foreign variables.
 */
export function parseEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentLayer {
  const phases: Partial<Record<Phase, Settings>> = {};
  const sources: Partial<Record<Phase, Partial<Record<SettingKey, string>>>> = {};
  const specific = new Set<string>();
  const variables: EnvironmentVariable[] = [];
  const warnings: ConfigWarning[] = [];
  let defaultModel: string | undefined;
  for (const prefix of PREFIXES) {
    const names = Object.keys(env)
      .filter((name) => name.startsWith(prefix))
      .toSorted();
    for (const name of names) {
      const value = env[name]?.trim() ?? "";
      if (value === "") continue;
      const rest = name.slice(prefix.length);
      if (rest === "DEFAULT") {
        defaultModel = value;
        variables.push({ name, value, sets: "default_model" });
        continue;
      }
      const target = targetOf(rest);
      const number = Number(value);
      const violation = target
        ? settingViolation(target.field, number)
        : "is not a name that attuned knows";
      if (!target || violation) {
        warnings.push(warning(name, `${name}=${value} is ignored: it ${violation}`));
        continue;
      }
      variables.push({
        name,
        value,
        sets: target.phase ? `${target.phase}.${target.parameter}` : target.parameter,
      });
      for (const { phase } of PHASES) {
        const place = `${phase} ${target.field.key}`;
        if (target.phase ? target.phase !== phase : specific.has(place)) continue;
        if (target.phase) specific.add(place);
        phases[phase] = { ...phases[phase], [target.field.key]: number };
        sources[phase] = { ...sources[phase], [target.field.key]: name };
      }
    }
  }
  const sweeping = variables.filter(({ sets }) => sets !== "default_model");
  if (sweeping.length > 0) {
    const names = sweeping.map(({ name }) => name).join(", ");
    warnings.push(
      warning(
        "",
        `these variables set parameters of every model, above files and stored configs: ${names}`,
      ),
    );
  }
  return { defaultModel, phases, sources, variables, warnings };
}

function targetOf(rest: string) {
  for (const parameter of PARAMETERS) {
    const field = settingFieldOf(parameter);
    const upper = parameter.toUpperCase();
    if (!field) continue;
    if (rest === upper) return { parameter, field, phase: undefined };
    const phase = PHASES.find((facts) => rest === `${upper}_${facts.phase.toUpperCase()}`)?.phase;
    if (phase) return { parameter, field, phase };
  }
  return undefined;
}

function warning(field: string, message: string): ConfigWarning {
  return { code: "ENVIRONMENT", field, message };
}
