import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CAPABILITIES } from "../../domain/catalog/model-facts.ts";
import type { ModelConfig } from "../../domain/config/model-config.ts";
import { anyPhase, anySettings } from "../../domain/outcome/outcome-fixtures.ts";
import { type ModelCapability, ModelConfigSchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { modelConfigFromWire, modelConfigToWire } from "./model-config.ts";

const text = fc.string({ minLength: 1 });
const whole = fc.nat(2 ** 31 - 1);
const optional = { requiredKeys: [] };
const some = <T extends object>(value: T) => Object.keys(value).length > 0;

const anyConfig: fc.Arbitrary<ModelConfig> = fc.record(
  {
    modelName: fc.string(),
    modelFamily: text,
    displayName: text,
    description: text,
    specialInstructions: text,
    capabilities: fc.uniqueArray(fc.constantFrom(...CAPABILITIES), { minLength: 1 }),
    limits: fc
      .record({ contextWindow: whole, maxIterations: whole, maxParallelCalls: whole }, optional)
      .filter(some),
    retryPolicy: fc
      .record(
        {
          maxRetries: whole,
          retryOnErrors: fc.array(text, { minLength: 1 }),
          backoffMultiplier: fc.double({ min: 1, max: 100, noNaN: true }),
          initialDelayMs: whole,
          maxDelayMs: whole,
          retryOnValidationFailure: fc.boolean(),
        },
        optional,
      )
      .filter(some),
    phases: fc.dictionary(anyPhase, anySettings, { minKeys: 1 }),
    optimizationTips: fc.array(text, { minLength: 1 }),
    enabled: fc.boolean(),
  },
  { requiredKeys: ["modelName"] },
);

test("a config goes over the wire and comes back as it was, zero and false included", () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      expect(modelConfigFromWire(modelConfigToWire(config))).toEqual(config);
    }),
  );
});

test("a phase without a phase, a phase twice and a capability that is none are refused with their places", () => {
  const refused = (init: Parameters<typeof create<typeof ModelConfigSchema>>[1]) => {
    try {
      modelConfigFromWire(create(ModelConfigSchema, { modelName: "m", ...init }));
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const violation = (field: string) =>
    expect.objectContaining({
      reason: "CONFIG_INVALID",
      detail: expect.objectContaining({ violations: [expect.objectContaining({ field })] }),
    });
  expect(refused({ phases: [{ phase: 1 }, { phase: 0 }] })).toEqual(
    violation("config.phases[1].phase"),
  );
  expect(refused({ phases: [{ phase: 1 }, { phase: 1 }] })).toEqual(
    violation("config.phases[1].phase"),
  );
  expect(refused({ capabilities: [1, 99 as ModelCapability] })).toEqual(
    violation("config.capabilities[1]"),
  );
  expect(() => modelConfigFromWire(undefined)).toThrow("config must be given");
});
