import type { Scope } from "../config/scope.ts";
import type { ChangeImpact } from "./change-impact.ts";
import type { CostAnalysis, CostOption, NetGain } from "./cost-analysis.ts";
import { capital, type Insight, number, signed } from "./insight.ts";
import type { LowerLimit } from "./lower-limit.ts";
import type { OptimalSettings, SettingsOption } from "./optimal-settings.ts";
import { lacksScores } from "./scoring.ts";
import type { TokenEfficiency } from "./token-efficiency.ts";

/** What is said of tokens and quality. */
export function tokenInsights(found: TokenEfficiency, scope: Scope): Insight[] {
  const make = maker(scope, { parameter: "max_tokens", metric: "quality" }, found.evidence);
  const { sampleSize, samplesNeeded, limits } = found;
  const cuts = found.isCutting
    ? [make("LIMIT_CUTS", cutText(found.truncatedShare ?? 0), "deterministic")]
    : [];
  if (found.status === "insufficient_data") {
    const text = `Too little data on tokens: ${sampleSize} calls have quality and output tokens; ${samplesNeeded} more are needed before any limit can be shown to cost as little as is tolerated.`;
    return [make("INSUFFICIENT_DATA", text), ...cuts];
  }
  const knee = limits.find(({ maxTokens }) => maxTokens === found.diminishingReturnsAt);
  if (!knee) {
    const text = `No limit is shown to cost as little as is tolerated (${sampleSize} calls).`;
    return [make("NO_DIFFERENCE_SHOWN", text), ...cuts];
  }
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
  insights.push(...valueInsights(found, make));
  const turned = found.options.filter(
    ({ gain }) => gain?.naive !== undefined && gain.naive * gain.estimate < 0,
  );
  if (turned.length > 0) insights.push(make("SIGN_TURNED", turnedText(found, turned)));
  const share = Math.max(...found.options.map(({ unscoredShare }) => unscoredShare));
  if (lacksScores(share)) insights.push(make("SCORES_MISSING", missingText(found, share)));
  if (!better) {
    const text = `No settings are shown to be cheaper than those used most and as good (${found.sampleSize} outcomes); ${found.timeToAnswer.text}.`;
    insights.push(make("NO_DIFFERENCE_SHOWN", text));
  }
  return insights;
}

type Make = (code: Insight["code"], text: string) => Insight;

/** What is said of net benefit, where somebody says what quality is worth. */
function valueInsights({ options, bestValue }: CostAnalysis, make: Make): Insight[] {
  const [most, ...others] = options;
  const best = options.find(({ configId }) => configId === bestValue);
  if (!most) return [];
  if (best === most) {
    const text = `${optionText(most)}, used most, brings more net benefit than any other settings.`;
    return [make("BEST_VALUE", text)];
  }
  if (best?.gain) {
    const text = `${optionText(best)} brings ${gainText(best.gain)} points of net benefit a call more than the settings used most (${optionText(most)}).`;
    return [make("BEST_VALUE", text)];
  }
  const [first] = others
    .flatMap((option) => (option.gain ? [{ option, gain: option.gain }] : []))
    .toSorted((a, b) => b.gain.estimate - a.gain.estimate);
  if (!first) return [];
  const text = `No settings are shown to bring more net benefit than those used most; ${optionText(first.option)} is observed at ${gainText(first.gain)} points a call against them.`;
  return [make("VALUE_NOT_SHOWN", text)];
}

function gainText({ estimate, interval }: NetGain): string {
  return `${signed(estimate)} (${signed(interval.low)} to ${signed(interval.high)})`;
}

function turnedText({ strata }: CostAnalysis, turned: readonly CostOption[]): string {
  const told = turned.map((option) => {
    const { naive = 0, estimate = 0 } = option.gain ?? {};
    return `${optionText(option)} ${signed(naive)} as plain means but ${signed(estimate)} within strata`;
  });
  return `The plain means mislead: against the settings used most, ${told.join(", ")} (points of net benefit a call, ${strata} strata). The settings were used on unlike calls; go by the comparison within strata, or run an experiment.`;
}

function missingText({ isWorstCase }: CostAnalysis, share: number): string {
  return isWorstCase
    ? `Up to ${number(100 * share)} % of the successful calls of some settings have no score, and others have more: what is not scored could be anything and counts against every claim.`
    : `Up to ${number(100 * share)} % of the successful calls of some settings have no score; they are taken to be like those with one, which is assumed, not shown.`;
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
  const insights = suggestions.map(({ text }) => make("SETTINGS_SUGGESTED", `${capital(text)}.`));
  const alike = options.filter(({ isOptimal }) => isOptimal === true);
  if (alike.length > 1) insights.push(make("NO_DIFFERENCE_SHOWN", alikeText(found, alike)));
  return insights;
}

/** That no difference is shown is not that there is none. */
function alikeText({ metric, options }: OptimalSettings, alike: readonly SettingsOption[]): string {
  const most = Math.max(...alike.map(({ shortfall }) => shortfall?.high ?? 0));
  const others = options.filter(({ isOptimal, isInDoubt }) => isOptimal === false || isInDoubt);
  const worse =
    others.length > 0 ? `; ${others.length} others are shown to be worse or in doubt` : "";
  return `${alike.length} distinct settings are not shown to differ in ${metric.name}: some of them may still be worse than the best by up to ${number(most)} ${metric.unit}${worse}.`;
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
