import { atLeast, atMost, type HeavyRow } from "./heavy-row.ts";
import type { Random } from "./random.ts";
import { everWorse, type ScoredSetting } from "./scored-worlds.ts";

const WORLDS = 100;
const HOW = { looks: 30, callsPerLook: 60 };

const right = (rate: number) => (random: Random) => (random.uniform() < rate ? 100 : 0);

/** Quality where calls fail and a part of the others is scored: what is ever called worse, over 30 looks. */
export function* scoredCalls(): Generator<HeavyRow> {
  const share = (
    settings: readonly ScoredSetting[],
    isFound: (worse: ReadonlySet<number>) => boolean,
  ) =>
    Array.from({ length: WORLDS }, (_, seed) =>
      everWorse(settings, { ...HOW, seed: seed + 1 }),
    ).filter(isFound).length / WORLDS;
  const sound = { temperature: 0.2, success: 1, quality: right(0.6) };
  for (const scored of [1, 0.3, 0.1]) {
    const failing = { temperature: 0.7, success: 0.75, quality: right(0.8), scored: () => scored };
    yield atMost(
      `same success x quality, ${100 * scored} % scored: one ever called worse`,
      share([{ ...sound, scored: () => scored }, failing], ({ size }) => size > 0),
      0.05,
    );
  }
  const hiding = (quality: number) => (quality === 100 ? 1 : 0.3);
  yield atMost(
    "a rival that hides seven of ten bad answers: the sound one ever called worse",
    share(
      [
        { ...sound, scored: () => 1 },
        { ...sound, temperature: 0.7, scored: hiding },
      ],
      (worse) => worse.has(0.2),
    ),
    0.05,
  );
  yield atLeast(
    "seven of ten calls fail, rated ones better, 10 % scored: found",
    share(
      [
        { temperature: 0.7, success: 1, quality: right(0.7), scored: () => 0.1 },
        { temperature: 1.2, success: 0.3, quality: right(0.85), scored: () => 0.1 },
      ],
      (worse) => worse.has(1.2) && !worse.has(0.7),
    ),
    0.99,
  );
}
