import type { AnalyzeParameterImpactResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import {
  AnalysisService,
  type FindOptimalTemperatureResponse,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import { ExperimentDecision, type ExperimentWinner } from "../../gen/attuned/v1/experiment_pb.ts";
import { ExperimentService } from "../../gen/attuned/v1/experiment_service_pb.ts";
import type { Daemon } from "../command.ts";
import type { AnalysisQuestion } from "./subjects.ts";

/** What other calls say of the question that an analysis answers. */
export interface RelatedAnswers {
  /** Only for temperature. */
  readonly optimum: FindOptimalTemperatureResponse | undefined;
  /** By experiment with a claim among the randomised comparisons; undefined where another finding keeps the claim from winning. */
  readonly winners: ReadonlyMap<string, ExperimentWinner | undefined>;
}

/** Asks for the best temperature where the analysis is of temperatures, and for the winners of the experiments with claims. */
export async function relatedAnswers(
  daemon: Daemon,
  question: AnalysisQuestion,
  { parameter, metric, randomised }: AnalyzeParameterImpactResponse,
): Promise<RelatedAnswers> {
  const isTemperature = parameter === "temperature";
  const optimum = isTemperature
    ? await daemon.service(AnalysisService).findOptimalTemperature({ ...question, metric })
    : undefined;
  const claims = randomised.filter(({ decision }) => decision === ExperimentDecision.CLAIMED);
  const winners = new Map<string, ExperimentWinner | undefined>();
  for (const experimentId of new Set(claims.map((claim) => claim.experimentId))) {
    const { winner } = await daemon.service(ExperimentService).getExperiment({ experimentId });
    winners.set(experimentId, winner);
  }
  return { optimum, winners };
}
