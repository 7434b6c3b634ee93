import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCampaign } from "./campaign.ts";

/** `npm run crash -- --rounds 200 [--seed N]`: prints its progress and a summary, ends with 1 when something was lost or doubled. */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  process.stderr.write("--rounds takes a whole number from 1, --seed a whole number\n");
  process.exit(2);
}
const dataDir = mkdtempSync(join(tmpdir(), "attuned-crash-"));
const startedMs = performance.now();
process.stdout.write(`seed ${seed}, ${rounds} rounds, data in ${dataDir}\n`);
try {
  const summary = await runCampaign({
    rounds,
    seed,
    dataDir,
    waitsForRelease: true,
    onRound(round, now) {
      if (round % 10 !== 0 && round !== rounds) return;
      const seconds = Math.round((performance.now() - startedMs) / 1000);
      process.stdout.write(
        `round ${round}: ${now.outcomesAcknowledged} outcomes and ${now.configWritesAcknowledged} config writes acknowledged, ` +
          `restart ${now.restartMs.median} ms (at most ${now.restartMs.max}), ${seconds} s\n`,
      );
    },
  });
  rmSync(dataDir, { recursive: true, force: true });
  process.stdout.write(`${JSON.stringify(summary, null, 2)}\nnothing lost, nothing twice\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
