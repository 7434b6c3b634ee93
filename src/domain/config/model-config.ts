import type { Capability } from "../catalog/model-facts.ts";
import type { Phase } from "./phase.ts";
import type { Settings } from "./settings.ts";

/** Limits that an agent keeps around its calls. */
export interface Limits {
  /** Tokens of prompt and answer together. */
  readonly contextWindow?: number;
  /** Reasoning steps. */
  readonly maxIterations?: number;
  /** Calls in flight. */
  readonly maxParallelCalls?: number;
}

export interface RetryPolicy {
  readonly maxRetries?: number;
  readonly retryOnErrors?: readonly string[];
  readonly backoffMultiplier?: number;
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly retryOnValidationFailure?: boolean;
}

/**
 * What one layer says of a model. Absent fields fall through to the layer below; the merge of all layers has the same shape.
 */
export interface ModelConfig {
  readonly modelName: string;
  readonly modelFamily?: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly capabilities?: readonly Capability[];
  readonly limits?: Limits;
  readonly retryPolicy?: RetryPolicy;
  readonly phases?: Readonly<Partial<Record<Phase, Settings>>>;
  readonly specialInstructions?: string;
  readonly optimizationTips?: readonly string[];
  readonly enabled?: boolean;
  /** Heading in the registry's list; only the builtin models have one of the seed's four. */
  readonly group?: string;
}

/** Fields of `over` win over those of `under`; limits, retry policy and each phase's settings merge field by field. */
export function mergeModelConfig(under: ModelConfig, over: ModelConfig): ModelConfig {
  const phases: Partial<Record<Phase, Settings>> = { ...under.phases };
  for (const [name, settings] of Object.entries(over.phases ?? {})) {
    const phase = name as Phase;
    phases[phase] = { ...phases[phase], ...settings };
  }
  return {
    ...under,
    ...over,
    limits: { ...under.limits, ...over.limits },
    retryPolicy: { ...under.retryPolicy, ...over.retryPolicy },
    phases,
    // Switched off in any layer is switched off: a higher layer cannot switch a model on that a lower one stopped.
    ...(under.enabled === false ? { enabled: false } : {}),
  };
}
