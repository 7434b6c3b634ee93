import { afterAll, expect, test } from "vitest";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";

const daemon = await startDaemon();
afterAll(() => daemon[Symbol.asyncDispose]());
const params = (request: object) =>
  call<{
    readonly params: object;
    readonly adjustments?: readonly { readonly param: string; readonly reason: string }[];
  }>(daemon.agentsUrl, "ConfigService/GetLLMParams", { phase: "PHASE_PLANNING", ...request });

test("A014: the parameter dict on the wire has the seed's bytes", async () => {
  const response = await fetch(`${daemon.agentsUrl}/attuned.v1.ConfigService/GetLLMParams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"gpt-4","phase":"PHASE_PLANNING","mode":"RENDER_MODE_RAW"}',
  });
  expect(await response.text()).toContain(
    '"params":{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9}',
  );
});

test("A119: a prompt that leaves too little room is cut to, refused in strict mode, and counted", async () => {
  const tight = async () =>
    sampleValue(await readMetrics(daemon.managementUrl), "attuned_context_tight_total");
  const before = await tight();
  const roomy = await params({ model: "gpt-4-turbo", promptTokens: 1000 });
  expect(roomy).toMatchObject({ params: { max_tokens: 3000 } });
  expect(roomy.adjustments).toBeUndefined();
  expect(await tight()).toBe(before);
  const cut = await params({ model: "gpt-4-turbo", promptTokens: 127_000 });
  expect(cut.params).toMatchObject({ max_tokens: 1000 });
  expect(cut.adjustments).toMatchObject([{ param: "max_tokens", reason: "CONTEXT_TIGHT" }]);
  const strict = { mode: "RENDER_MODE_STRICT", promptTokens: 127_000, phase: "PHASE_PLANNING" };
  const refused = await post(daemon.agentsUrl, "ConfigService/GetLLMParams", {
    model: "gpt-4-turbo",
    ...strict,
  });
  expect([refused.body["code"], reasonOf(refused)]).toEqual([
    "failed_precondition",
    "RENDER_REFUSED",
  ]);
  expect(await tight()).toBe(before + 2);
});

test("the age of the catalog is on the page of metrics", async () => {
  const { date } = await call<{ readonly date: string }>(
    daemon.agentsUrl,
    "ModelService/GetCatalogInfo",
  );
  const page = await readMetrics(daemon.managementUrl);
  const seconds = sampleValue(page, "attuned_catalog_timestamp_seconds");
  expect(new Date(seconds * 1000).toISOString().slice(0, 10)).toBe(date);
});
