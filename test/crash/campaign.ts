import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Daemon, root, serveFlags, startDaemon } from "../support/daemon.ts";
import { ConfigLedger } from "./config-ledger.ts";
import { type Connection, connect } from "./connection.ts";
import { ExperimentLedger } from "./experiment-ledger.ts";
import { OutcomeLedger } from "./outcome-ledger.ts";
import { createRandom, type SeededRandom } from "./random.ts";
import { ScoreLedger } from "./score-ledger.ts";

export interface CampaignOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly dataDir: string;
  /** Whether to wait in the end until all units are released, and to hold their values against the tally: some 15 seconds. */
  readonly waitsForRelease?: boolean;
  /** Hears of each round once it is verified. */
  readonly onRound?: (round: number, summary: Summary) => void;
}

export interface Summary {
  readonly rounds: number;
  readonly killed: number;
  readonly killedDuringStart: number;
  readonly stoppedGently: number;
  readonly outcomesAcknowledged: number;
  readonly outcomesUnanswered: number;
  readonly outcomesRedelivered: number;
  readonly duplicatesConfirmed: number;
  readonly feedbackAcknowledged: number;
  readonly configWritesAcknowledged: number;
  readonly unitsEnrolled: number;
  readonly unitLookups: number;
  readonly unitOutcomesAcknowledged: number;
  readonly unitScoresAcknowledged: number;
  /** Outcomes, and scores of them, whose part in a unit is told apart. */
  readonly scoredCallsAcknowledged: number;
  /** From the start of the process to the ready line, as the daemon measures it. */
  readonly restartMs: { readonly median: number; readonly max: number };
}

const REPORTERS = 4;
const WRITERS = 2;
const ENROLLERS = 4;
/** How much longer the first rounds may last. */
const WARM_UP_MAX_MS = 10_000;
/** Rounds after which every unanswered outcome is sent again, so that the tally must be met exactly. */
const SETTLE_EVERY = 5;

/**
 * Rounds of load and `kill -9` on one data directory. After each restart everything that was acknowledged must be there, and
 * nothing twice. Errors with what is wrong, the round and the seed; the data directory stays for a look.
 */
export async function runCampaign(options: CampaignOptions): Promise<Summary> {
  const random = createRandom(options.seed);
  const outcomes = new OutcomeLedger(random, `crash-${options.seed}`);
  const configs = new ConfigLedger(random);
  const experiment = new ExperimentLedger(random);
  const scores = new ScoreLedger(random);
  const ledgers = { outcomes, configs, experiment, scores };
  const bootMs: number[] = [];
  const count = { killed: 0, killedDuringStart: 0, stoppedGently: 0 };
  const summaryAt = (rounds: number): Summary => ({
    rounds,
    ...count,
    outcomesAcknowledged: outcomes.acknowledgedCount,
    outcomesUnanswered: outcomes.uncertainCount + outcomes.orphanCount,
    outcomesRedelivered: outcomes.redeliveredCount,
    duplicatesConfirmed: outcomes.duplicateCount,
    feedbackAcknowledged: outcomes.feedbackCount,
    configWritesAcknowledged: configs.acknowledgedCount,
    unitsEnrolled: experiment.unitCount,
    unitLookups: experiment.lookups,
    unitOutcomesAcknowledged: experiment.acknowledgedOutcomes,
    unitScoresAcknowledged: experiment.acknowledgedScores,
    scoredCallsAcknowledged: scores.acknowledged,
    restartMs: {
      median: bootMs.toSorted((a, b) => a - b)[Math.floor(bootMs.length / 2)] ?? 0,
      max: Math.max(0, ...bootMs),
    },
  });
  for (let round = 1; round <= options.rounds; round++) {
    try {
      if (random.chance(0.15)) {
        await killDuringStart(options.dataDir, random);
        count.killedDuringStart += 1;
      }
      const daemon = await startDaemon({
        dataDir: options.dataDir,
        args: ["--loop-interval", "1"],
      });
      bootMs.push(daemon.bootMs);
      const isLast = round === options.rounds;
      try {
        await verify(daemon, ledgers, isLast || round % SETTLE_EVERY === 0);
        if (!isLast) await loadUntilKilled(daemon, ledgers, random, count);
        else if (options.waitsForRelease) await verifyReleased(daemon, ledgers);
      } finally {
        await daemon.kill();
      }
      options.onRound?.(round, summaryAt(round));
    } catch (cause) {
      const where = `round ${round} of seed ${options.seed} in ${options.dataDir}`;
      throw new Error(`${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return summaryAt(options.rounds);
}

interface Ledgers {
  readonly outcomes: OutcomeLedger;
  readonly configs: ConfigLedger;
  readonly experiment: ExperimentLedger;
  readonly scores: ScoreLedger;
}

async function verify(daemon: Daemon, ledgers: Ledgers, isSettling: boolean): Promise<void> {
  const connection = connect(daemon.agentsUrl);
  try {
    await ledgers.outcomes.verify(connection);
    await ledgers.configs.verify(connection, isSettling ? "all" : "new");
    await ledgers.outcomes.prepare(connection);
    await ledgers.experiment.prepare(connection);
    const begun = await ledgers.scores.prepare(connection);
    if (begun !== undefined) ledgers.configs.beginAfter(begun);
    await ledgers.experiment.verify(connection);
    await ledgers.scores.verify(connection);
    if (!isSettling) return;
    await ledgers.outcomes.settleAll(connection);
    await ledgers.outcomes.verify(connection);
  } finally {
    connection.close();
  }
}

async function verifyReleased(daemon: Daemon, { scores }: Ledgers): Promise<void> {
  const connection = connect(daemon.agentsUrl);
  try {
    await scores.verifyReleased(connection);
  } finally {
    connection.close();
  }
}

/** Concurrent reports and writes until the process is gone. */
async function loadUntilKilled(
  daemon: Daemon,
  { outcomes, configs, experiment, scores }: Ledgers,
  random: SeededRandom,
  count: { killed: number; stoppedGently: number },
): Promise<void> {
  const connections: Connection[] = [];
  const work = (step: (connection: Connection) => Promise<boolean>) => {
    const connection = connect(daemon.agentsUrl);
    connections.push(connection);
    return (async () => {
      while (await step(connection));
    })();
  };
  const workers = [
    ...Array.from({ length: REPORTERS }, () => work((to) => outcomes.report(to))),
    work((to) => outcomes.giveFeedback(to)),
    ...Array.from({ length: WRITERS }, () => work((to) => configs.write(to))),
    ...Array.from({ length: ENROLLERS }, () => work((to) => experiment.step(to))),
    work((to) => scores.step(to)),
  ];
  const settled = Promise.all(workers);
  settled.catch(() => undefined);
  await sleep(random.between(5, 400));
  // A round in which some kind of work was never done would prove nothing of it: on a slow machine it lasts longer.
  const until = Date.now() + WARM_UP_MAX_MS;
  while (!isUnderWay({ outcomes, configs, experiment, scores }) && Date.now() < until)
    await sleep(10);
  if (random.chance(0.05)) {
    count.stoppedGently += 1;
    const exit = await daemon.stop();
    if (exit.code !== 0) throw new Error(`stopped with ${exit.code}: ${exit.stderr}`);
  } else {
    count.killed += 1;
    await daemon.kill();
  }
  await settled;
  for (const connection of connections) connection.close();
}

/** Whether something of every kind was acknowledged. */
function isUnderWay({ outcomes, configs, experiment, scores }: Ledgers): boolean {
  const counts = [outcomes.acknowledgedCount, outcomes.feedbackCount, configs.acknowledgedCount];
  counts.push(experiment.acknowledgedOutcomes, experiment.acknowledgedScores, scores.acknowledged);
  return counts.every((count) => count > 0);
}

/** Starts a daemon and kills it before or while it reads its store. */
async function killDuringStart(dataDir: string, random: SeededRandom): Promise<void> {
  const child = spawn(
    process.execPath,
    [join(root, "bin/attuned.js"), "serve", ...serveFlags(dataDir)],
    { stdio: "ignore" },
  );
  const gone = new Promise((settle) => child.once("close", settle));
  await sleep(random.between(100, 600));
  child.kill("SIGKILL");
  await gone;
}
