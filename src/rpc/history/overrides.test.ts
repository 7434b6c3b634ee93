import { describe, expect, test } from "vitest";
import { parseEnvironment } from "../../domain/config/environment.ts";
import { OVERRIDES_MAX } from "../../domain/config/override.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { ResolutionReason } from "../../gen/attuned/v1/resolution_pb.ts";
import { keys } from "../../store/keys.ts";
import { openTestServices, refusalOf, type TestServices } from "../rpc-fixtures.ts";

const E = Phase.EXECUTION;

async function temperature(
  { configs }: TestServices,
  attributes: Record<string, string> = {},
  model = "gpt-4",
) {
  return (await configs.resolveConfig({ model, phase: E, attributes })).settings?.temperature;
}

describe("overrides", () => {
  test("an override holds for the requests that its selector matches, and for no others", async () => {
    const services = await openTestServices();
    const { override, revision } = await services.history.putOverride({
      override: {
        model: "gpt-4",
        phase: E,
        selector: { environment: "staging" },
        settings: { temperature: 0.2 },
      },
      reason: "a trial",
    });
    expect(override).toMatchObject({ revision, changedBy: "system", reason: "a trial" });
    expect(await temperature(services, { environment: "staging", agent: "planner" })).toBe(0.2);
    expect(await temperature(services)).toBe(0.7);
    expect(await temperature(services, { environment: "staging" }, "gpt-4-turbo")).toBe(0.7);
  });

  test("it is there after a restart", async () => {
    const services = await openTestServices();
    await services.history.putOverride({
      override: { model: "gpt-4", settings: { temperature: 0.2 } },
    });
    const again = await openTestServices({ database: services.memory.database });
    expect(await temperature(again)).toBe(0.2);
  });

  test("the history has the merged values of a request with exactly the selector", async () => {
    const { history } = await openTestServices();
    const selector = { environment: "staging" };
    const { override } = await history.putOverride({
      override: { model: "gpt-4", phase: E, selector, settings: { temperature: 0.2 } },
      reason: "a trial",
    });
    const { changes } = await history.getHistory({ model: "gpt-4" });
    expect(changes).toMatchObject([
      {
        parameter: "temperature",
        phase: E,
        oldValue: { kind: { value: 0.7 } },
        newValue: { kind: { value: 0.2 } },
        reason: "a trial",
        attributes: selector,
        overrideId: override?.overrideId,
      },
    ]);
  });

  test("one with the same model, phase, selector and kind is replaced and keeps its id", async () => {
    const services = await openTestServices();
    const put = (value: number, pin: boolean) =>
      services.history.putOverride({
        override: { model: "gpt-4", phase: E, settings: { temperature: value }, pin },
      });
    const first = await put(0.2, false);
    const second = await put(0.3, false);
    expect(second.override?.overrideId).toBe(first.override?.overrideId);
    expect(second.revision).toBe(first.revision + 1n);
    const pin = await put(0.4, true);
    expect(pin.override?.overrideId).not.toBe(first.override?.overrideId);
    expect(await temperature(services)).toBe(0.4);
    const { overrides } = await services.history.listOverrides({});
    expect(overrides.map((override) => override.settings?.temperature).sort()).toEqual([0.3, 0.4]);
  });

  test("the same content again takes no revision", async () => {
    const { history } = await openTestServices();
    const request = { override: { model: "gpt-4", settings: { temperature: 0.2 } } };
    const first = await history.putOverride(request);
    expect((await history.putOverride(request)).revision).toBe(first.revision);
  });

  test("X31 enabled=false switches the matching requests off: an answer, not an error", async () => {
    const { configs, history } = await openTestServices();
    const { changes } = await history.putOverride({
      override: { selector: { agent: "planner" }, enabled: false },
    });
    expect(new Set(changes.map(({ parameter }) => parameter))).toEqual(new Set(["enabled"]));
    const off = await configs.resolveConfig({
      model: "gpt-4",
      phase: E,
      attributes: { agent: "planner" },
    });
    expect(off).toMatchObject({ enabled: false, reason: ResolutionReason.DISABLED });
    expect((await configs.resolveConfig({ model: "gpt-4", phase: E })).enabled).toBe(true);
  });

  test("an override of every model reaches each, and its removal leaves none of it", async () => {
    const services = await openTestServices();
    const { override } = await services.history.putOverride({
      override: { phase: E, settings: { temperature: 0.1 } },
    });
    expect(await temperature(services)).toBe(0.1);
    expect(await temperature(services, {}, "claude-3-opus")).toBe(0.1);
    const { changes } = await services.history.deleteOverride({
      overrideId: override?.overrideId ?? "",
      reason: "over",
    });
    expect(changes).toMatchObject([{ parameter: "temperature", reason: "over" }]);
    expect(await temperature(services)).toBe(0.7);
    expect((await services.history.listOverrides({})).overrides).toEqual([]);
  });

  test("an alias names the config that it stands for", async () => {
    const { history } = await openTestServices();
    const { override } = await history.putOverride({
      override: { model: "gpt-35-turbo", settings: { temperature: 0.2 } },
    });
    expect(override?.model).toBe("gpt-3.5-turbo");
    expect((await history.listOverrides({ model: "azure/gpt-35-turbo" })).overrides).toHaveLength(
      1,
    );
    expect((await history.listOverrides({ model: "gpt-4" })).overrides).toEqual([]);
  });

  test("a field that the environment sets is accepted with a warning, one that it does not set without", async () => {
    const environment = parseEnvironment({ ATTUNED_MODEL_TEMPERATURE_EXECUTION: "0.9" });
    const services = await openTestServices({ environment });
    const { warnings, changes } = await services.history.putOverride({
      override: { model: "gpt-4", phase: E, settings: { temperature: 0.2, maxTokens: 100 } },
    });
    expect(warnings).toMatchObject([
      { code: "FIELD_SHADOWED", field: "override.settings.temperature" },
    ]);
    expect(warnings[0]?.message).toContain("ATTUNED_MODEL_TEMPERATURE_EXECUTION");
    expect(changes.map(({ parameter }) => parameter)).toEqual(["max_tokens"]);
    expect(await temperature(services)).toBe(0.9);
    const pinned = await services.history.putOverride({
      override: { model: "gpt-4", phase: E, settings: { temperature: 0.2 }, pin: true },
    });
    expect(pinned.warnings).toEqual([]);
    expect(await temperature(services)).toBe(0.2);
  });

  test("A117 every broken rule is listed at once, and nothing is written", async () => {
    const { engine, history } = await openTestServices();
    const selector = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "v"]));
    const refusal = await refusalOf(
      history.putOverride({
        override: { model: "gpt-4", selector, settings: { temperature: 3, maxTokens: 0 } },
      }),
    );
    expect(refusal.reason).toBe("CONFIG_INVALID");
    expect(refusal.violations.map(([field]) => field)).toEqual([
      "override.settings.temperature",
      "override.settings.maxTokens",
      "override.selector",
    ]);
    const empty = await refusalOf(history.putOverride({ override: { model: "gpt-4" } }));
    expect(empty.violations.map(([field]) => field)).toEqual(["override.settings"]);
    expect((await refusalOf(history.putOverride({}))).reason).toBe("CONFIG_INVALID");
    expect(engine.state.config.revision).toBe(0);
  });

  test("there are so many and no more; an id that is not there is not found", async () => {
    const first = await openTestServices();
    const ops = Array.from({ length: OVERRIDES_MAX }, (_, index) => {
      const overrideId = `ovr-${index}`;
      const selector = { agent: `a${index}` };
      const settings = { temperature: 0.5 };
      const written = { revision: 0, changedBy: "system", reason: "", atMs: 0 };
      return {
        put: keys.override(overrideId),
        json: { overrideId, model: "gpt-4", selector, settings, pin: false, ...written },
      };
    });
    await first.memory.store.write(ops, "buffered");
    const { history } = await openTestServices({ database: first.memory.database });
    const refusal = await refusalOf(
      history.putOverride({ override: { model: "gpt-4", settings: { temperature: 0.2 } } }),
    );
    expect(refusal.reason).toBe("TOO_MANY_OVERRIDES");
    expect((await refusalOf(history.deleteOverride({ overrideId: "ovr-x" }))).reason).toBe(
      "OVERRIDE_NOT_FOUND",
    );
    await history.deleteOverride({ overrideId: "ovr-7" });
    const page = await history.listOverrides({ pageSize: 1000 });
    const rest = await history.listOverrides({ pageSize: 1000, pageToken: page.nextPageToken });
    expect(page.overrides.length + rest.overrides.length).toBe(OVERRIDES_MAX - 1);
  });
});
