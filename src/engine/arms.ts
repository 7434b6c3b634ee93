import type { Phase } from "../domain/config/phase.ts";
import { type Scope, scopeKey } from "../domain/config/scope.ts";
import { LIVE_PAIRS_MAX } from "../domain/kernel/limits.ts";
import type { Arm } from "../domain/outcome/outcome.ts";

/** An arm with the text keys that its cells are stored under. */
export interface LiveArm {
  readonly arm: Arm;
  readonly scopeKey: string;
}

/** The arm that outcomes beyond the bound count for: visible, and never a candidate because it has no settings. */
export const OVERFLOW_CONFIG_ID = "overflow";

/**
 * Every (scope, arm) pair with outcomes, at most LIVE_PAIRS_MAX and one overflow arm per phase, which all further pairs fold into.
 */
export class Arms {
  readonly #scopes = new Map<
    string,
    { readonly scope: Scope; readonly arms: Map<string, LiveArm> }
  >();
  /** Arms that were admitted before: outcomes of a batch share theirs, and finding one by its text costs more than counting. */
  #byArm = new WeakMap<Arm, LiveArm>();
  #pairs = 0;

  get pairs(): number {
    return this.#pairs;
  }

  /** The arm that an outcome of `arm` counts for, remembered from now on. */
  admit(arm: Arm): LiveArm {
    const recent = this.#byArm.get(arm);
    if (recent) return recent;
    const live = this.#find(arm);
    this.#byArm.set(arm, live);
    return live;
  }

  #find(arm: Arm): LiveArm {
    const key = scopeKey(arm.scope);
    const known = this.#scopes.get(key)?.arms.get(arm.configId);
    if (known) return known;
    if (this.#pairs >= LIVE_PAIRS_MAX && arm.configId !== OVERFLOW_CONFIG_ID) {
      return this.#find(overflowArm(arm.scope.phase));
    }
    return this.#remember(key, arm);
  }

  /** The arm that an outcome of `arm` would count for, where there is one already. */
  find(arm: Arm): LiveArm | undefined {
    return this.#scopes.get(scopeKey(arm.scope))?.arms.get(arm.configId);
  }

  /** Forgets an arm that has no cells any more, which makes room for another. */
  forget({ scopeKey: key, arm }: LiveArm): void {
    const entry = this.#scopes.get(key);
    if (!entry?.arms.delete(arm.configId)) return;
    this.#byArm = new WeakMap();
    this.#pairs -= 1;
    if (entry.arms.size === 0) this.#scopes.delete(key);
  }

  /** All arms, scope by scope. */
  *all(): Generator<LiveArm> {
    for (const { arms } of this.#scopes.values()) yield* arms.values();
  }

  /** Arms of a scope, in order of their first outcome. */
  ofScope(key: string): readonly LiveArm[] {
    return [...(this.#scopes.get(key)?.arms.values() ?? [])];
  }

  scope(key: string): Scope | undefined {
    return this.#scopes.get(key)?.scope;
  }

  /** Scopes of a (model, phase), or all. */
  *scopes(of?: {
    readonly model: string;
    readonly phase: Phase;
  }): Generator<[key: string, scope: Scope]> {
    for (const [key, { scope }] of this.#scopes) {
      if (!of || (scope.model === of.model && scope.phase === of.phase)) yield [key, scope];
    }
  }

  #remember(key: string, arm: Arm): LiveArm {
    const entry = this.#scopes.get(key) ?? { scope: arm.scope, arms: new Map<string, LiveArm>() };
    this.#scopes.set(key, entry);
    const live = { arm, scopeKey: key };
    entry.arms.set(arm.configId, live);
    this.#pairs += 1;
    return live;
  }
}

function overflowArm(phase: Phase): Arm {
  return {
    scope: { model: OVERFLOW_CONFIG_ID, phase, dimensions: [] },
    configId: OVERFLOW_CONFIG_ID,
    settings: {},
  };
}
