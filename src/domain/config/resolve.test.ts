import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyPhase, anySettings } from "../outcome/outcome-fixtures.ts";
import { LAYERS, type LayerEntry } from "./layer.ts";
import { type FieldProvenance, resolveLayers } from "./resolve.ts";
import { SETTING_FIELDS } from "./settings.ts";

const anyEntry: fc.Arbitrary<LayerEntry> = fc.record({
  layer: fc.constantFrom(...LAYERS),
  revision: fc.nat(1000),
  source: fc.string(),
  config: fc.record(
    {
      modelName: fc.constant("m"),
      limits: fc.record({ maxIterations: fc.nat() }, { requiredKeys: [] }),
      phases: fc.dictionary(anyPhase, anySettings, { maxKeys: 6 }),
      enabled: fc.boolean(),
    },
    { requiredKeys: ["modelName"] },
  ),
});

/** Entries lowest layer first, several of one layer among them. */
const anyLayers = fc
  .array(anyEntry, { maxLength: 8 })
  .map((entries) => entries.toSorted((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer)));

function provenanceOf(provenance: readonly FieldProvenance[], field: string) {
  return provenance.find((item) => item.field === field);
}

describe("a merge of layers", () => {
  test("is total and deterministic", () => {
    fc.assert(
      fc.property(anyLayers, anyPhase, (layers, phase) => {
        expect(resolveLayers(layers, phase)).toEqual(resolveLayers(structuredClone(layers), phase));
      }),
    );
    expect(resolveLayers([], "planning")).toEqual({
      settings: {},
      armSettings: {},
      limits: {},
      enabled: true,
      provenance: [],
      revision: 0,
    });
  });

  test("takes each field from the last layer that sets it, and provenance names that layer", () => {
    fc.assert(
      fc.property(anyLayers, anyPhase, (layers, phase) => {
        const { settings, provenance } = resolveLayers(layers, phase);
        for (const { key } of SETTING_FIELDS) {
          const winner = layers.findLast(
            (entry) => entry.config.phases?.[phase]?.[key] !== undefined,
          );
          expect(settings[key]).toEqual(winner?.config.phases?.[phase]?.[key]);
          const told = provenanceOf(provenance, key);
          expect(told).toEqual(
            winner && {
              field: key,
              layer: winner.layer,
              revision: winner.revision,
              source: winner.source,
            },
          );
        }
        const limit = layers.findLast((entry) => entry.config.limits?.maxIterations !== undefined);
        expect(provenanceOf(provenance, "limits.maxIterations")?.layer).toBe(limit?.layer);
      }),
    );
  });

  test("leaves the call's own settings out of the arm, and everything else in", () => {
    fc.assert(
      fc.property(anyLayers, anyPhase, (layers, phase) => {
        const without = layers.filter(({ layer }) => layer !== "call");
        const merged = resolveLayers(layers, phase);
        expect(merged.armSettings).toEqual(resolveLayers(without, phase).settings);
        expect(merged.revision).toBe(resolveLayers(without, phase).revision);
      }),
    );
  });

  test("is switched off by any layer, whatever a later one says; a call cannot switch it off", () => {
    fc.assert(
      fc.property(anyLayers, anyPhase, (layers, phase) => {
        const off = layers.some(
          ({ layer, config }) => layer !== "call" && config.enabled === false,
        );
        expect(resolveLayers(layers, phase).enabled).toBe(!off);
      }),
    );
  });
});
