import type { ModelFacts } from "../../gen/attuned/v1/model_service_pb.ts";
import { formatNumber } from "./format.ts";

type Fact = readonly [name: string, value: string | undefined];

/** What the catalog knows of a model, as lines of a fact list. Empty where it knows nothing. */
export function modelFactRows(facts: ModelFacts | undefined): readonly Fact[] {
  if (facts === undefined) return [];
  const efforts = facts.reasoningEfforts.join(" ");
  const byDefault = facts.defaultEffort === "" ? "" : `, ${facts.defaultEffort} by default`;
  return [
    ["catalog", `${facts.canonicalId} of ${facts.vendor}, ${facts.lifecycle}`],
    ["provider window", tokens(facts.contextWindow)],
    ["longest prompt", tokens(facts.inputTokensMax)],
    ["longest answer", tokens(facts.outputTokensMax)],
    ["price", priceText(facts)],
    ...facts.priceTiers.map(
      (tier): Fact => [
        `  above ${tier.inputTokensAbove}`,
        `${usd(tier.inputUsdPerMillion)} in, ${usd(tier.outputUsdPerMillion)} out`,
      ],
    ),
    ["price from", facts.priceSource === "" ? "" : `${facts.priceSource}, ${facts.priceAsOf}`],
    ["takes temperature", facts.temperature.replace("effort_none", "only with effort none")],
    ["efforts", efforts === "" ? "" : `${efforts}${byDefault}`],
    ["native api", facts.nativeApi],
  ];
}

/** US dollars of a million tokens; empty where no price is known. */
export function usd(perMillion: number | undefined): string {
  return perMillion === undefined ? "" : `$${formatNumber(perMillion)}`;
}

function priceText(facts: ModelFacts): string {
  const { inputUsdPerMillion, outputUsdPerMillion, cacheReadUsdPerMillion } = facts;
  if (inputUsdPerMillion === undefined) return "";
  const cached =
    cacheReadUsdPerMillion === undefined ? "" : `, ${usd(cacheReadUsdPerMillion)} in from cache`;
  return `${usd(inputUsdPerMillion)} in, ${usd(outputUsdPerMillion)} out${cached}, of a million tokens`;
}

function tokens(count: number): string {
  return count === 0 ? "" : `${count} tokens`;
}
