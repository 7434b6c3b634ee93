import type { Window } from "../../gen/attuned/v1/metrics_pb.ts";
import type { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { printChange } from "./change-report.ts";
import { printCorrelations } from "./correlation-report.ts";
import { printCost } from "./cost-report.ts";
import { printModels } from "./models-report.ts";
import { printSettings } from "./settings-report.ts";
import { printTokens } from "./tokens-report.ts";

/** What every analysis is asked. */
export interface AnalysisQuestion {
  /** Empty where the subject is about all models. */
  readonly model: string;
  readonly phase: Phase;
  readonly attributes: Record<string, string>;
  readonly window?: Window;
}

/** An analysis that is not about the levels of one parameter. */
export interface Subject {
  /** Whether the person names a model, or means the only one with outcomes. */
  readonly needsModel: boolean;
  readonly print: (
    context: CommandContext,
    daemon: Daemon,
    question: AnalysisQuestion,
  ) => Promise<void>;
}

/** By the word that a person types after `analyze`. */
export const SUBJECTS: ReadonlyMap<string, Subject> = new Map([
  ["tokens", { needsModel: true, print: printTokens }],
  ["models", { needsModel: false, print: printModels }],
  ["cost", { needsModel: false, print: printCost }],
  ["change", { needsModel: false, print: printChange }],
  ["correlations", { needsModel: false, print: printCorrelations }],
  ["settings", { needsModel: true, print: printSettings }],
]);
