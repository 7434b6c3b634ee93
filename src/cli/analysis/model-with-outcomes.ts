import { ModelService } from "../../gen/attuned/v1/model_service_pb.ts";
import { OutcomeService } from "../../gen/attuned/v1/outcome_service_pb.ts";
import type { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Daemon } from "../command.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { readPages } from "../selectors.ts";
import { formatEnum } from "../terminal/format.ts";

const MODELS_MAX = 100_000;
/** Lookups under way at once. */
const CONCURRENCY = 8;

/**
 * The one registered model that has outcomes in a phase. CommandFailed where none has, UsageError with the candidates where several
 * have.
 */
export async function onlyModelWithOutcomes(daemon: Daemon, phase: Phase): Promise<string> {
  const models = daemon.service(ModelService);
  const { items } = await readPages(MODELS_MAX, async (pageSize, pageToken) => {
    const page = await models.listModels({ pageSize, pageToken });
    return {
      items: page.models.map((model) => model.modelName),
      nextPageToken: page.nextPageToken,
    };
  });
  const outcomes = daemon.service(OutcomeService);
  const candidates: string[] = [];
  for (let at = 0; at < items.length; at += CONCURRENCY) {
    const found = await Promise.all(
      items.slice(at, at + CONCURRENCY).map(async (model) => {
        const { metrics } = await outcomes.getMetrics({ model, phase, pageSize: 1 });
        return metrics.length > 0 ? [model] : [];
      }),
    );
    candidates.push(...found.flat());
  }
  const name = formatEnum(PhaseSchema, phase);
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw new CommandFailed(
      `no registered model has outcomes in phase ${name}; name a MODEL, or report outcomes first`,
    );
  }
  if (others.length > 0) {
    throw new UsageError(
      `several models have outcomes in phase ${name}, name one with --model: ${candidates.join(", ")}`,
    );
  }
  return only;
}
