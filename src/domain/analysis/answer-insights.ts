import type { Scope } from "../config/scope.ts";
import type { ChangeImpact } from "./change-impact.ts";
import type { CostAnalysis, CostOption } from "./cost-analysis.ts";
import { capital, type Insight, number, signed } from "./insight.ts";
import type { LowerLimit } from "./lower-limit.ts";
import type { OptimalSettings } from "./optimal-settings.ts";
import type { TokenEfficiency } from "./token-efficiency.ts";

/** What is said of tokens and quality. */
export function tokenInsights(found: TokenEfficiency, scope: Scope): Insight[] {
  const make = maker(scope, { parameter: "max_tokens", metric: "quality" }, found.evidence);
  const { sampleSize, samplesNeeded, limits } = found;
  const cuts = found.isCutting
    ? [make("LIMIT_CUTS", cutText(found.truncatedShare ?? 0), "deterministic")]
    : [];
  if (found.status === "insufficient_data") {
    const text = `Too little data on tokens: ${sampleSize} calls have quality and output tokens; ${samplesNeeded} more are needed.`;
    return [make("INSUFFICIENT_DATA", text), ...cuts];
  }
  const knee = limits.find(({ maxTokens }) => maxTokens === found.diminishingReturnsAt);
  if (!knee) return cuts;
  const isBound = found.evidence === "structural_bound";
  const text = `With max_tokens ${knee.maxTokens}, ${isBound ? "quality would fall by at most" : "up to"} ${number(knee.lossHigh)} points${isBound ? "" : " of quality may be at stake"}: ${number(100 * knee.shareWithin)} % of ${sampleSize} calls end within it. More tokens bring next to nothing. ${
    isBound
      ? "Lower the limit step by step, with an eye on cut answers."
      : "This is no bound here; run an experiment before lowering it."
  }`;
  return [make("LIMIT_MAY_FALL", text), ...cuts];
}

function cutText(share: number): string {
  return `${number(100 * share)} % of the answers are cut off at their limit, more than 1 in 100: raise max_tokens, or ask for shorter answers.`;
}

/** What is said of lower values of a timeout or of retries. */
export function lowerLimitInsights(found: LowerLimit, scope: Scope): Insight[] {
  const { parameter, lowestTolerable, served, sampleSize } = found;
  if (!lowestTolerable || served === undefined || lowestTolerable.limit >= served) return [];
  const { limit, lossHigh, shareWithin } = lowestTolerable;
  const at = parameter.text(Number(limit.toPrecision(3)));
  const make = maker(scope, { parameter: parameter.name, metric: "success" }, found.evidence);
  const text = `With ${parameter.name} ${at} in place of ${parameter.text(served)}, at most ${number(100 * lossHigh)} % of all calls would be lost: ${number(100 * shareWithin)} % of ${sampleSize} calls succeeded within it. Lower it step by step, with an eye on the success rate.`;
  return [make("LIMIT_MAY_FALL", text)];
}

/** What is said of cost against quality. */
export function costInsights(found: CostAnalysis, scope: Scope): Insight[] {
  const make = maker(scope, { parameter: "settings", metric: "cost" }, "observational");
  if (found.status === "insufficient_data") {
    const text = `Too little data on cost: ${found.sampleSize} outcomes have one; at least ${found.samplesNeeded} more are needed, so that two settings have 10 each.`;
    return [make("INSUFFICIENT_DATA", text)];
  }
  const [most] = found.options;
  const insights: Insight[] = [];
  const better = found.options.find(({ configId }) => configId === most?.dominatedBy);
  if (most && better) insights.push(make("CHEAPER_AS_GOOD", cheaperText(most, better)));
  const best = found.options.find(({ configId }) => configId === found.bestValue);
  if (best?.netBenefit !== undefined) {
    const text = `${optionText(best)} has the best evidenced net benefit: ${number(best.netBenefit)} points a call after its cost.`;
    insights.push(make("BEST_VALUE", text));
  }
  if (insights.length === 0) {
    const text = `No settings are shown to be cheaper than those used most and as good (${found.sampleSize} outcomes); ${found.timeToAnswer.text}.`;
    insights.push(make("NO_DIFFERENCE_SHOWN", text));
  }
  return insights;
}

function cheaperText(most: CostOption, better: CostOption): string {
  const { savings = 0, savingsInterval } = better;
  const range = savingsInterval
    ? ` (${number(savingsInterval.low)} to ${number(savingsInterval.high)})`
    : "";
  return `${optionText(better)} is cheaper than the settings used most (${optionText(most)}) and not shown to be worse: about ${number(savings)} USD a month${range} at the present rate. Observational: try it in an experiment.`;
}

function optionText({ model, settings, configId }: CostOption): string {
  const told = Object.entries(settings)
    .filter(([key]) => key === "temperature" || key === "maxTokens")
    .map(([key, value]) => `${key === "maxTokens" ? "max_tokens" : key} ${value}`);
  return `${model} with ${told.length > 0 ? told.join(", ") : configId}`;
}

/** What is said of a change, metric by metric. */
export function changeInsights(found: readonly ChangeImpact[], scope: Scope, what: string) {
  return found.map((impact): Insight => {
    const { metric, before, after, difference, interval, verdict } = impact;
    const make = maker(scope, { parameter: what, metric: metric.name }, "observational");
    const name = capital(metric.name);
    const told = `${name} before: ${sideText(before.mean)} (${before.sampleSize} outcomes), after: ${sideText(after.mean)} (${after.sampleSize})`;
    if (verdict === "insufficient_data") {
      const missing =
        impact.samplesNeeded > 0
          ? `at least ${impact.samplesNeeded} more are needed, 10 on each side`
          : "no scope has outcomes on both sides";
      return make("INSUFFICIENT_DATA", `${told}: too little data, ${missing}.`);
    }
    const by = interval ? ` (${signed(interval.low)} to ${signed(interval.high)})` : "";
    const size = `${signed(difference ?? 0)} ${metric.unit}${by}`;
    if (verdict === "not_shown")
      return make("CHANGE_NOT_SHOWN", `${told}: no difference is shown, ${size}.`);
    return make(
      verdict === "better" ? "CHANGE_BETTER" : "CHANGE_WORSE",
      `${told}: it became ${verdict}, ${size}. Whatever else changed at that time is in it.`,
    );
  });
}

function sideText(mean: number | undefined): string {
  return mean === undefined ? "-" : number(mean);
}

/** What is said of the best evidenced settings. */
export function settingsInsights(found: OptimalSettings, scope: Scope): Insight[] {
  const metric = found.metric.name;
  const make = maker(scope, { parameter: "settings", metric }, "observational");
  const { best, options, suggestions } = found;
  if (!best) {
    const most = options[0]?.sampleSize ?? 0;
    const text = `Too little data: ${found.sampleSize} outcomes with ${metric} over ${options.length} distinct settings, at most ${most} each; ${found.samplesNeeded} more are needed at one of them.`;
    return [make("INSUFFICIENT_DATA", text)];
  }
  const alike = options.filter(({ isOptimal }) => isOptimal === true).length;
  const insights = suggestions.map(({ text }) => make("SETTINGS_SUGGESTED", `${capital(text)}.`));
  if (alike > 1) {
    const text = `${alike} distinct settings are not shown to differ in ${metric}: any of them will do.`;
    insights.push(make("NO_DIFFERENCE_SHOWN", text));
  }
  return insights;
}

function maker(
  scope: Scope,
  about: { readonly parameter: string; readonly metric: string },
  evidence: Insight["evidence"],
) {
  return (code: Insight["code"], text: string, own = evidence): Insight => ({
    code,
    text,
    evidence: own,
    scope,
    ...about,
  });
}
