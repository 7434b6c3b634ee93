import type { Phase } from "../domain/config/phase.ts";
import { type Scope, scopeKey } from "../domain/config/scope.ts";
import {
  ESTABLISHED_OUTCOMES_MIN,
  KNOWN_PAIRS_MAX,
  KNOWN_PAIRS_SPARE,
  LIVE_PAIRS_MAX,
  NEW_ARMS_PER_SCOPE_MAX,
  PAIR_UNHEARD_HOURS,
} from "../domain/kernel/limits.ts";
import type { Arm } from "../domain/outcome/outcome.ts";

/** An arm with the text keys that its cells are stored under. */
export interface LiveArm {
  readonly arm: Arm;
  readonly scopeKey: string;
}

/** An arm as it is stored, with what decides whether there is room for it. Records of before there were such bounds lack that. */
export interface ArmRecord extends Arm {
  /** Hours from 1970, by the daemon's clock, of the first and of the newest outcome that came in. */
  readonly firstHour?: number;
  readonly heardHour?: number;
  /** Outcomes counted for it, ever. */
  readonly outcomes?: number;
}

interface Pair extends LiveArm {
  readonly firstHour: number;
  heardHour: number;
  outcomes: number;
}

interface ArmsOfScope {
  readonly scope: Scope;
  readonly arms: Map<string, Pair>;
  /** Arms that this hour brought. */
  newcomers: number;
}

/** The arm that outcomes beyond a bound count for: visible, and never a candidate because it has no settings. */
export const OVERFLOW_CONFIG_ID = "overflow";

const HOUR_MS = 60 * 60 * 1000;
/** At most so much of an hour's room waits for established pairs. */
const RESERVED_MAX = LIVE_PAIRS_MAX / 2;

/**
 * The (scope, arm) pairs that are known, at most KNOWN_PAIRS_MAX. A pair is live in the hours in which outcomes of it come in, and at most
 * LIVE_PAIRS_MAX are at once. An outcome beyond either counts for the overflow arm of its phase; whether there is room is asked
 * again for the next one.
 *
 * Settings that somebody makes up call by call would fill any bound. So they cannot take the room of pairs with a history: a pair
 * is established with its tenth outcome, and as much of the hour's room as there are established pairs that were not heard yet, up
 * to half of it, is kept for those; a scope brings at most NEW_ARMS_PER_SCOPE_MAX pairs an hour; and when pairs must be forgotten,
 * those which never got to ten outcomes go first, beginning with the ones that were not heard for longest.
 */
export class Arms {
  readonly #scopes = new Map<string, ArmsOfScope>();
  /** Arms that were found before: outcomes of a batch share theirs, and finding one by its text costs more than counting. */
  #byArm = new WeakMap<Arm, Pair>();
  #pairs = 0;
  #established = 0;
  /** The hour of the newest outcome, and how many pairs, and established ones, were heard in it. */
  #hour = 0;
  #live = 0;
  #establishedLive = 0;

  /** Known pairs. */
  get pairs(): number {
    return this.#pairs;
  }

  /** Scopes with arms. */
  get scopeCount(): number {
    return this.#scopes.size;
  }

  /** Pairs that are live at a time. */
  live(nowMs: number): number {
    return hourOf(nowMs) === this.#hour ? this.#live : 0;
  }

  /** The arm that an outcome of `arm` counts for, which was received at a time and counts from now on. */
  admit(arm: Arm, receivedAtMs: number): LiveArm {
    const hour = hourOf(receivedAtMs);
    if (hour !== this.#hour) this.#turn(hour);
    const pair = this.#byArm.get(arm) ?? this.#known(arm) ?? this.#newcomer(arm);
    return pair && this.#hear(pair) ? pair : this.#overflow(arm.scope.phase);
  }

  /** Takes over a pair from the store. */
  restore(record: ArmRecord, nowMs: number): LiveArm {
    const { firstHour = 0, heardHour, outcomes, scope, configId, settings } = record;
    // Of a record that does not say: as if it were in use.
    return this.#remember(
      { scope, configId, settings },
      {
        firstHour,
        heardHour: heardHour ?? hourOf(nowMs) - 1,
        outcomes: outcomes ?? ESTABLISHED_OUTCOMES_MIN,
      },
    );
  }

  /** A pair as it is to be stored. */
  record({ scopeKey: key, arm }: LiveArm): ArmRecord {
    const pair = this.#scopes.get(key)?.arms.get(arm.configId);
    if (!pair) return arm;
    const { firstHour, heardHour, outcomes } = pair;
    return { ...arm, firstHour, heardHour, outcomes };
  }

  /** A known pair. */
  find(arm: Arm): LiveArm | undefined {
    return this.#known(arm);
  }

  /** A known pair by the parts of its keys. */
  get(key: string, configId: string): LiveArm | undefined {
    return this.#scopes.get(key)?.arms.get(configId);
  }

  /** Forgets a pair, which makes room for another. */
  forget({ scopeKey: key, arm }: LiveArm): void {
    const entry = this.#scopes.get(key);
    const pair = entry?.arms.get(arm.configId);
    if (!entry || !pair) return;
    entry.arms.delete(arm.configId);
    this.#byArm = new WeakMap();
    this.#pairs -= 1;
    if (isEstablished(pair)) this.#established -= 1;
    if (this.#isLive(pair)) {
      this.#live -= 1;
      if (isEstablished(pair)) this.#establishedLive -= 1;
    }
    if (entry.arms.size === 0) this.#scopes.delete(key);
  }

  /**
   * Pairs to forget so that the next hour finds room: none while KNOWN_PAIRS_SPARE more may come. First those that are not established
   * and were not heard in this hour, then those that were not heard for PAIR_UNHEARD_HOURS; of each the ones unheard for longest.
   */
  superfluous(nowMs: number, most: number): LiveArm[] {
    const count = Math.min(most, this.#pairs - (KNOWN_PAIRS_MAX - KNOWN_PAIRS_SPARE));
    if (count <= 0) return [];
    const hour = hourOf(nowMs);
    const sparse: Pair[] = [];
    const old: Pair[] = [];
    for (const { arms } of this.#scopes.values()) {
      for (const pair of arms.values()) {
        if (pair.arm.configId === OVERFLOW_CONFIG_ID || pair.heardHour >= hour) continue;
        if (!isEstablished(pair)) sparse.push(pair);
        else if (hour - pair.heardHour >= PAIR_UNHEARD_HOURS) old.push(pair);
      }
    }
    const byAge = (a: Pair, b: Pair) => a.heardHour - b.heardHour;
    const chosen = sparse.toSorted(byAge).slice(0, count);
    return [...chosen, ...old.toSorted(byAge).slice(0, count - chosen.length)];
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

  /** An hour begins: what was heard in it so far is what the store knows. */
  #turn(hour: number): void {
    this.#hour = hour;
    this.#live = 0;
    this.#establishedLive = 0;
    for (const entry of this.#scopes.values()) {
      entry.newcomers = 0;
      for (const pair of entry.arms.values()) {
        if (pair.firstHour === hour) entry.newcomers += 1;
        if (!this.#isLive(pair)) continue;
        this.#live += 1;
        if (isEstablished(pair)) this.#establishedLive += 1;
      }
    }
  }

  #known(arm: Arm): Pair | undefined {
    const pair = this.#scopes.get(scopeKey(arm.scope))?.arms.get(arm.configId);
    if (pair) this.#byArm.set(arm, pair);
    return pair;
  }

  /** Remembers a pair that was never seen, where there is room for it. */
  #newcomer(arm: Arm): Pair | undefined {
    const entry = this.#scopes.get(scopeKey(arm.scope));
    if (this.#pairs >= KNOWN_PAIRS_MAX || !this.#hasRoom(false)) return undefined;
    if (entry && entry.newcomers >= NEW_ARMS_PER_SCOPE_MAX) return undefined;
    return this.#remember(arm, { firstHour: this.#hour, heardHour: 0, outcomes: 0 });
  }

  #remember(arm: Arm, use: Pick<Pair, "firstHour" | "heardHour" | "outcomes">): Pair {
    const key = scopeKey(arm.scope);
    const entry = this.#scopes.get(key) ?? { scope: arm.scope, arms: new Map(), newcomers: 0 };
    this.#scopes.set(key, entry);
    // One scope and one key for all arms of a scope: they are most of what a pair takes in memory.
    const known = entry.arms.values().next().value;
    const pair: Pair = {
      arm: { ...arm, scope: entry.scope },
      scopeKey: known?.scopeKey ?? key,
      ...use,
    };
    entry.arms.set(arm.configId, pair);
    this.#pairs += 1;
    if (use.firstHour === this.#hour) entry.newcomers += 1;
    if (isEstablished(pair)) this.#established += 1;
    return pair;
  }

  /** Counts an outcome of a pair, where there is room for it in this hour. */
  #hear(pair: Pair): boolean {
    if (!this.#isLive(pair)) {
      if (!this.#hasRoom(isEstablished(pair))) return false;
      pair.heardHour = this.#hour;
      this.#live += 1;
      if (isEstablished(pair)) this.#establishedLive += 1;
    }
    pair.outcomes += 1;
    if (pair.outcomes === ESTABLISHED_OUTCOMES_MIN) {
      this.#established += 1;
      this.#establishedLive += 1;
    }
    return true;
  }

  #isLive({ arm, heardHour }: Pair): boolean {
    return heardHour === this.#hour && arm.configId !== OVERFLOW_CONFIG_ID;
  }

  #hasRoom(forEstablished: boolean): boolean {
    const awaited = this.#established - this.#establishedLive;
    const reserved = forEstablished ? 0 : Math.min(RESERVED_MAX, awaited);
    return this.#live + reserved < LIVE_PAIRS_MAX;
  }

  #overflow(phase: Phase): LiveArm {
    const scope: Scope = { model: OVERFLOW_CONFIG_ID, phase, dimensions: [] };
    const arm: Arm = { scope, configId: OVERFLOW_CONFIG_ID, settings: {} };
    const overflow =
      this.#known(arm) ??
      this.#remember(arm, { firstHour: this.#hour, heardHour: this.#hour, outcomes: 0 });
    overflow.heardHour = this.#hour;
    return overflow;
  }
}

/** Whether a pair has a history, which made-up settings do not get. */
function isEstablished({ arm, outcomes }: Pair): boolean {
  return outcomes >= ESTABLISHED_OUTCOMES_MIN && arm.configId !== OVERFLOW_CONFIG_ID;
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}
