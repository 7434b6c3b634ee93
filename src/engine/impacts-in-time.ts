import type { MeasuredArm } from "../domain/analysis/measured-arm.ts";
import {
  analyseParameterSteps,
  type ParameterImpact,
} from "../domain/analysis/parameter-impact.ts";
import { IMPACTS_KEPT_MAX } from "../domain/kernel/limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { Slices } from "../platform/slices.ts";
import type { ScopeHours } from "./scope-hours.ts";

interface KeptImpacts {
  readonly lookedAtMs: number;
  readonly byParameter: ReadonlyMap<string, ParameterImpact>;
}

/**
 * Analyses within the hours that levels share, and what the last of them found in each scope. An analysis reads every hour of its scope,
 * some hundred times what one over all time reads, so who looks at many scopes may not look at the hours of all, and takes for the others
 * what was found before.
 */
export class ImpactsInTime {
  readonly #hours: ScopeHours;
  readonly #clock: Pick<Clock, "nowMs">;
  /** The ones looked at last come last. */
  readonly #kept = new Map<string, KeptImpacts>();

  constructor(hours: ScopeHours, clock: Pick<Clock, "nowMs">) {
    this.#hours = hours;
    this.#clock = clock;
  }

  /** When the hours of a scope were looked at; 0 where that is not known. */
  lookedAtMs(scope: string): number {
    return this.#kept.get(scope)?.lookedAtMs ?? 0;
  }

  /** The analysis of now. */
  async look(
    scope: string,
    about: {
      readonly arms: readonly MeasuredArm[];
      readonly plain: ParameterImpact;
      readonly slices: Slices;
    },
  ): Promise<ParameterImpact> {
    const { arms, plain, slices } = about;
    const hours = await this.#hours.read(scope, slices);
    const timed = arms.map((arm): MeasuredArm => {
      const own = hours.get(arm.configId ?? "");
      return own ? { ...arm, hours: own } : arm;
    });
    const { parameter, metric } = plain;
    const impact = await slices.run(
      analyseParameterSteps(timed, parameter, metric, this.#hours.time),
    );
    this.#keep(scope, impact);
    return impact;
  }

  /** What the last look found of the same parameter and metric; undefined where there was none, or it made room for others. */
  known(scope: string, { parameter, metric }: ParameterImpact): ParameterImpact | undefined {
    const impact = this.#kept.get(scope)?.byParameter.get(parameter.name);
    return impact?.metric.name === metric.name ? impact : undefined;
  }

  #keep(scope: string, impact: ParameterImpact): void {
    const byParameter = new Map(this.#kept.get(scope)?.byParameter);
    byParameter.set(impact.parameter.name, impact);
    this.#kept.delete(scope);
    this.#kept.set(scope, { lookedAtMs: this.#clock.nowMs(), byParameter });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= IMPACTS_KEPT_MAX) return;
      this.#kept.delete(oldest);
    }
  }
}

/** Looks at the hours of at most so many scopes. */
export class HourLooks {
  #left: number;
  readonly #granted = new Set<string>();

  constructor(most: number) {
    this.#left = most;
  }

  /** Whether the hours of a scope may be looked at; a scope that was granted one look is granted all. */
  grant(scope: string): boolean {
    if (this.#granted.has(scope)) return true;
    if (this.#left <= 0) return false;
    this.#left -= 1;
    this.#granted.add(scope);
    return true;
  }
}
