import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ESTABLISHED_OUTCOMES_MIN,
  KNOWN_PAIRS_MAX,
  KNOWN_PAIRS_SPARE,
  LIVE_PAIRS_MAX,
  NEW_ARMS_PER_SCOPE_MAX,
  PAIR_UNHEARD_HOURS,
} from "../domain/kernel/limits.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import { armAt } from "../domain/outcome/outcome-fixtures.ts";
import { Arms } from "./arms.ts";

const HOUR_MS = 3_600_000;
const NOON = 500_000 * HOUR_MS;

/** Arm `index` of many, ten in a scope. */
function armOf(index: number, name = "model"): Arm {
  const model = `${name}-${Math.floor(index / 10)}`;
  const settings = { temperature: (index % 10) / 10 };
  return {
    scope: { model, phase: "execution", dimensions: ["", ""] },
    configId: `${model}-${index}`,
    settings,
  };
}

/** Lets each of some arms be heard; answers how many counted for themselves. */
function hear(arms: Arms, from: readonly Arm[], atMs: number, times = 1): number {
  let own = 0;
  for (const arm of from) {
    for (let time = 0; time < times; time++)
      if (arms.admit(arm, atMs).arm.configId === arm.configId) own += time === 0 ? 1 : 0;
  }
  return own;
}

const many = (count: number, name?: string) =>
  Array.from({ length: count }, (_, index) => armOf(index, name));

test("an arm is itself again, in the order of first outcomes", () => {
  const arms = new Arms();
  const [first, second] = [arms.admit(armAt(0.7), NOON), arms.admit(armAt(0.3), NOON)];
  expect(arms.admit(armAt(0.7), NOON)).toBe(first);
  expect(arms.ofScope(first.scopeKey)).toEqual([first, second]);
  expect([arms.pairs, arms.live(NOON), arms.scopeCount]).toEqual([2, 2, 1]);
});

describe("live pairs", () => {
  test("beyond their bound outcomes count for one overflow arm per phase, which has no settings", () => {
    const arms = new Arms();
    expect(hear(arms, many(LIVE_PAIRS_MAX), NOON)).toBe(LIVE_PAIRS_MAX);
    const over = arms.admit(armOf(0, "other"), NOON);
    expect(over.arm).toMatchObject({ configId: "overflow", settings: {} });
    expect(arms.admit(armOf(1, "other"), NOON)).toBe(over);
    const other = armOf(2, "other");
    const planning = { ...other, scope: { ...other.scope, phase: "planning" as const } };
    expect(arms.admit(planning, NOON)).not.toBe(over);
    expect(hear(arms, [armOf(5)], NOON)).toBe(1);
    expect(arms.live(NOON)).toBe(LIVE_PAIRS_MAX);
  });

  test("are those of the hour: ten thousand pairs take turns, and overflow does not stick", () => {
    const arms = new Arms();
    const all = many(5 * LIVE_PAIRS_MAX);
    for (let hour = 0; hour < 5; hour++) {
      const own = all.slice(hour * LIVE_PAIRS_MAX, (hour + 1) * LIVE_PAIRS_MAX);
      expect(hear(arms, own, NOON + hour * HOUR_MS)).toBe(LIVE_PAIRS_MAX);
      const [waits] = all.slice((hour + 1) * LIVE_PAIRS_MAX);
      if (waits) expect(hear(arms, [waits], NOON + hour * HOUR_MS)).toBe(0);
    }
    expect(arms.live(NOON + 4 * HOUR_MS)).toBe(LIVE_PAIRS_MAX);
    expect(arms.live(NOON + 5 * HOUR_MS)).toBe(0);
    expect(arms.pairs).toBe(all.length + 1);
    expect(hear(arms, all.slice(0, 1), NOON + 6 * HOUR_MS)).toBe(1);
  });

  test("of made-up settings leave room for those with a history", () => {
    const arms = new Arms();
    const real = many(LIVE_PAIRS_MAX / 2, "real");
    hear(arms, real, NOON, ESTABLISHED_OUTCOMES_MIN);
    for (let hour = 1; hour <= 3; hour++) {
      const atMs = NOON + hour * HOUR_MS;
      const madeUp = many(3 * LIVE_PAIRS_MAX, `made-up-${hour}`);
      expect(hear(arms, madeUp, atMs)).toBe(LIVE_PAIRS_MAX / 2);
      // Neither do those of the hour before, which are known by now.
      if (hour > 1) expect(hear(arms, many(LIVE_PAIRS_MAX, `made-up-${hour - 1}`), atMs)).toBe(0);
      expect(hear(arms, real, atMs)).toBe(real.length);
    }
  });

  test("of one scope are a few new ones an hour, and other scopes find room beside them", () => {
    const arms = new Arms();
    const { scope } = armAt(0.7);
    const madeUp = (hour: number) =>
      Array.from({ length: 5_000 }, (_, index) => ({
        ...armAt(index),
        scope,
        configId: `${hour} ${index}`,
      }));
    expect(hear(arms, madeUp(0), NOON)).toBe(NEW_ARMS_PER_SCOPE_MAX);
    expect(hear(arms, many(1_000), NOON)).toBe(1_000);
    expect(hear(arms, madeUp(1), NOON + HOUR_MS)).toBe(NEW_ARMS_PER_SCOPE_MAX);
  });
});

describe("known pairs", () => {
  function filled(): Arms {
    const arms = new Arms();
    for (let hour = 0; arms.pairs < KNOWN_PAIRS_MAX; hour++)
      hear(arms, many(LIVE_PAIRS_MAX, `hour-${hour}`), NOON + hour * HOUR_MS);
    return arms;
  }

  test("are bounded: new ones overflow until some are forgotten, known ones count on", () => {
    const arms = filled();
    const atMs = NOON + 100 * HOUR_MS;
    expect(hear(arms, many(1, "new"), atMs)).toBe(0);
    expect(arms.pairs).toBeLessThanOrEqual(KNOWN_PAIRS_MAX + 1);
    expect(hear(arms, many(10, "hour-0"), atMs)).toBe(10);
    for (const live of arms.superfluous(atMs, 100)) arms.forget(live);
    expect(hear(arms, many(1, "new"), atMs)).toBe(1);
  });

  test("that were made up are forgotten first, the longest unheard before others, live ones never", () => {
    const arms = new Arms();
    hear(arms, many(500, "real"), NOON, ESTABLISHED_OUTCOMES_MIN);
    let hour = 1;
    for (; arms.pairs <= KNOWN_PAIRS_MAX - KNOWN_PAIRS_SPARE; hour++)
      hear(arms, many(LIVE_PAIRS_MAX / 2, `made-up-${hour}`), NOON + hour * HOUR_MS);
    const gone = arms.superfluous(NOON + hour * HOUR_MS, 200);
    expect(gone.length).toBe(200);
    expect(new Set(gone.map(({ arm }) => arm.scope.model.split("-")[2]))).toEqual(new Set(["1"]));
    // Real ones only once they were unheard for long, and nothing else is left.
    const all = arms.superfluous(NOON + (hour - 1) * HOUR_MS, KNOWN_PAIRS_MAX);
    expect(all.some(({ arm }) => arm.scope.model.startsWith("real"))).toBe(false);
    for (const live of [...arms.all()])
      if (live.arm.scope.model.startsWith("made-up")) arms.forget(live);
    expect(arms.superfluous(NOON + 2 * PAIR_UNHEARD_HOURS * HOUR_MS, 10)).toEqual([]);
  });

  test("none is superfluous while there is room", () => {
    const arms = new Arms();
    hear(arms, many(100), NOON);
    expect(arms.superfluous(NOON + 10_000 * HOUR_MS, 100)).toEqual([]);
  });
});

test("taken over from records at any moment, everything goes on as it would have", () => {
  const names = ["a", "b"];
  const heard = fc.record({
    arm: fc.nat(3_000),
    name: fc.constantFrom(...names),
    times: fc.integer({ min: 1, max: 12 }),
    run: fc.integer({ min: 1, max: 900 }),
    hour: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(heard, { maxLength: 12 }), fc.nat(12), (script, at) => {
      const steps = script.toSorted((a, b) => a.hour - b.hour);
      const play = (arms: Arms, step: (typeof steps)[number]) =>
        hear(
          arms,
          Array.from({ length: step.run }, (_, i) => armOf(step.arm + i, step.name)),
          NOON + step.hour * HOUR_MS,
          step.times,
        );
      const whole = new Arms();
      const answers = steps.map((step) => play(whole, step));
      const before = new Arms();
      for (const step of steps.slice(0, at)) play(before, step);
      const after = new Arms();
      for (const live of before.all()) after.restore(before.record(live), NOON);
      expect(steps.slice(at).map((step) => play(after, step))).toEqual(answers.slice(at));
    }),
    { numRuns: 30 },
  );
});

test("a record from before there were bounds is as one in use", () => {
  const arms = new Arms();
  arms.restore(armAt(0.7), NOON);
  hear(arms, many(3 * LIVE_PAIRS_MAX), NOON);
  expect(hear(arms, [armAt(0.7)], NOON)).toBe(1);
});
