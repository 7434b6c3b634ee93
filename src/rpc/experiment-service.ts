import type { ServiceImpl } from "@connectrpc/connect";
import { type Experiment, isServing } from "../domain/experiment/experiment.ts";
import { remainingTime, timeToAnswer } from "../domain/experiment/time-to-answer.ts";
import type { Engine } from "../engine/engine.ts";
import {
  createExperiment,
  createVariant,
  moveExperiment,
  requiredExperiment,
  startExperiment,
} from "../engine/experiments/experiment-changes.ts";
import { scopeHistory } from "../engine/experiments/scope-history.ts";
import { verdictIn } from "../engine/experiments/verdicts.ts";
import { pageOfArray } from "../engine/page.ts";
import type {
  ExperimentService,
  ListExperimentsRequest,
} from "../gen/attuned/v1/experiment_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { callerName } from "./request-fields.ts";
import {
  experimentStateToWire,
  experimentToWire,
  forecastToWire,
  planFromWire,
  resultsToWire,
  variantFromWire,
  variantToWire,
} from "./wire/experiment.ts";
import { checksToWire, comparisonToWire, winnerToWire } from "./wire/experiment-evidence.ts";
import { optionalPhase } from "./wire/phase.ts";
import { timestampToWire } from "./wire/time.ts";

/** Randomised comparisons: their life, and what their units did. */
export function createExperimentService(
  engine: Engine,
  clock: Clock,
): ServiceImpl<typeof ExperimentService> {
  const { dimensions } = engine;
  const answer = (experiment: Experiment) => ({
    experiment: experimentToWire(experiment, dimensions),
  });
  return {
    async createVariant(request, context) {
      const model = engine.lookups.modelKey(request.baseConfig);
      const author = { reason: request.reason, changedBy: callerName(context) };
      const variant = await engine.commit(createVariant(variantFromWire(request, model), author));
      return { variant: variantToWire(variant) };
    },
    async createExperiment(request, context) {
      const model = engine.lookups.modelKey(request.model);
      const plan = planFromWire(request, { model, dimensions });
      const author = { reason: request.reason, changedBy: callerName(context) };
      const experiment = await engine.commit(createExperiment(plan, author));
      const history = await scopeHistory(engine, experiment, clock.nowMs());
      return { ...answer(experiment), forecast: forecastToWire(timeToAnswer(experiment, history)) };
    },
    getExperiment(request) {
      const experiment = requiredExperiment(engine.state, request.experimentId);
      const { comparisons, winner } = verdictIn(engine.state, experiment);
      return {
        ...answer(experiment),
        ...(winner ? { winner: winnerToWire(experiment, winner) } : {}),
        comparisons: comparisons.filter(({ isPrimary }) => isPrimary).map(comparisonToWire),
      };
    },
    listExperiments: (request) => listed(engine, request),
    async startExperiment(request, context) {
      const author = { reason: request.reason, changedBy: callerName(context) };
      // Numbers for units are on disk before the first lookup needs one.
      await engine.experiments.reserve();
      const experiment = requiredExperiment(engine.state, request.experimentId);
      const { outcomes } = await scopeHistory(engine, experiment, clock.nowMs());
      return answer(await engine.commit(startExperiment(request.experimentId, author, outcomes)));
    },
    async pauseExperiment(request, context) {
      const author = { reason: request.reason, changedBy: callerName(context) };
      return answer(await engine.commit(moveExperiment(request.experimentId, "paused", author)));
    },
    async concludeExperiment(request, context) {
      const author = { reason: request.reason, changedBy: callerName(context) };
      return answer(await engine.commit(moveExperiment(request.experimentId, "concluded", author)));
    },
    async getExperimentResults(request) {
      const experiment = requiredExperiment(engine.state, request.experimentId);
      return { ...answer(experiment), ...(await resultsOf(engine, experiment, clock)) };
    },
  };
}

/** What the units of an experiment did, and what that says of its arms. */
async function resultsOf(engine: Engine, experiment: Experiment, clock: Clock) {
  const { tally, pending } = engine.experiments.results(experiment);
  const { comparisons, checks, winner } = verdictIn(engine.state, experiment);
  const evidence = engine.state.inference.evidence.get(experiment.experimentId);
  return {
    arms: resultsToWire(experiment, tally, (metric) =>
      engine.experiments.ahead(experiment, metric),
    ),
    ...(tally.cutMs > 0 ? { cutAt: timestampToWire(tally.cutMs) } : {}),
    pending: BigInt(pending),
    comparisons: comparisons.map(comparisonToWire),
    checks: checksToWire(checks),
    ...(winner ? { winner: winnerToWire(experiment, winner) } : {}),
    ...(evidence && evidence.cutMs > 0 ? { evidenceCutAt: timestampToWire(evidence.cutMs) } : {}),
    ...(isServing(experiment) ? { forecast: await forecastNow(engine, experiment, clock) } : {}),
  };
}

/** How long a running experiment still takes, and what its units so far would show. */
async function forecastNow(engine: Engine, experiment: Experiment, clock: Clock) {
  const history = await scopeHistory(engine, experiment, clock.nowMs());
  const { tally } = engine.experiments.results(experiment);
  const released = tally.arms.reduce((sum, arm) => sum + arm.released, 0);
  const forecast = remainingTime(timeToAnswer(experiment, history), released);
  const effects = verdictIn(engine.state, experiment).comparisons.flatMap(
    ({ isPrimary, smallestEffect }) => (isPrimary && smallestEffect ? [smallestEffect] : []),
  );
  return forecastToWire(forecast, effects.length > 0 ? Math.max(...effects) : undefined);
}

/** A page of the experiments that a request asks for. */
function listed(engine: Engine, request: ListExperimentsRequest) {
  const { dimensions } = engine;
  const phase = optionalPhase(request.phase);
  const model = request.model === "" ? "" : engine.lookups.modelKey(request.model);
  const experiments = [...engine.state.config.experiments.values()]
    .filter(
      ({ scope, state }) =>
        (model === "" || scope.model === model) &&
        (phase === undefined || scope.phase === phase) &&
        (request.states.length === 0 || request.states.includes(experimentStateToWire(state))),
    )
    .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  const page = pageOfArray(experiments, request, orderOf);
  return {
    experiments: page.items.map((experiment) => experimentToWire(experiment, dimensions)),
    nextPageToken: page.nextPageToken,
  };
}

/** A key that sorts experiments by their creation, newest first. */
function orderOf({ createdAtMs, experimentId }: Experiment): string {
  return `${String(Number.MAX_SAFE_INTEGER - createdAtMs).padStart(16, "0")} ${experimentId}`;
}
