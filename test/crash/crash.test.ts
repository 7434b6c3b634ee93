import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCampaign } from "./campaign.ts";

test("nothing acknowledged is lost or counted twice, and no unit redrawn, over rounds of kill -9", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "attuned-crash-"));
  const summary = await runCampaign({ rounds: 6, seed: 20_261, dataDir });
  // A campaign that did nothing would prove nothing.
  expect(summary.killed + summary.stoppedGently).toBe(5);
  expect(summary.outcomesAcknowledged).toBeGreaterThan(0);
  expect(summary.feedbackAcknowledged).toBeGreaterThan(0);
  expect(summary.configWritesAcknowledged).toBeGreaterThan(0);
  expect(summary.unitOutcomesAcknowledged).toBeGreaterThan(0);
  expect(summary.unitScoresAcknowledged).toBeGreaterThan(0);
  expect(summary.scoredCallsAcknowledged).toBeGreaterThan(0);
  rmSync(dataDir, { recursive: true, force: true });
}, 90_000);
