/**
 * The heavy simulations behind docs/statistics.md: `npm run statistics -- [part ...]`. Fixed seeds;
 * about seven minutes on an idle core in all. Prints a table, and exits with 1 where a target fails.
 */
import { allocation } from "./heavy-allocation.ts";
import { detector, ratio, reporting, speed } from "./heavy-checks.ts";
import { coverage, detection, guard, nullStreams, seasons } from "./heavy-engine.ts";
import { latencyChanges } from "./heavy-latency.ts";
import { observationalIntervals, plateau, recordedAnswers } from "./heavy-observational.ts";
import { canaries, cliffs, productOrders, recordedSeasons } from "./heavy-product.ts";
import { type HeavyRow, passes } from "./heavy-row.ts";
import { scoredCalls } from "./heavy-scored.ts";

const PARTS: Readonly<Record<string, () => Generator<HeavyRow>>> = {
  speed,
  guard,
  canaries,
  coverage,
  detection,
  seasons,
  detector,
  latency: latencyChanges,
  ratio,
  reporting,
  allocation,
  observational: observationalIntervals,
  plateau,
  recorded: recordedAnswers,
  product: productOrders,
  claims: recordedSeasons,
  cliffs,
  scored: scoredCalls,
  null: nullStreams,
};

function main(wanted: readonly string[]): boolean {
  let isAllWell = true;
  for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
    const part = PARTS[name];
    if (part === undefined) {
      console.error(`no part ${name}; there are: ${Object.keys(PARTS).join(", ")}`);
      return false;
    }
    const started = performance.now();
    for (const row of part()) {
      const target =
        "atMost" in row.target ? `<= ${row.target.atMost}` : `>= ${row.target.atLeast}`;
      const verdict = passes(row) ? "ok  " : "FAIL";
      isAllWell &&= passes(row);
      console.log(
        `${verdict} ${row.what.padEnd(66)} ${row.measured.toFixed(4).padStart(11)} ${target}`,
      );
    }
    console.log(`     (${name}: ${((performance.now() - started) / 1000).toFixed(0)} s)`);
  }
  return isAllWell;
}

process.exitCode = main(process.argv.slice(2)) ? 0 : 1;
