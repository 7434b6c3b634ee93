import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";

interface RouteAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

interface RouteErrorBody {
  readonly error: {
    readonly code: string;
    readonly reason: string;
    readonly message: string;
    readonly violations: { field: string; message: string }[];
  };
}

async function ask(
  url: string,
  path: string,
  init: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<RouteAnswer> {
  const { body, headers = {} } = init;
  const response = await fetch(
    `${url}/config/${path}`,
    body === undefined
      ? { headers }
      : {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body),
        },
  );
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body: json };
}

function put(url: string, model: string, phase: string, settings: object, reason = "") {
  const config = { modelName: model, phases: [{ phase, settings }] };
  return call(url, "ModelService/PutModelConfig", { config, reason });
}

function errorOf({ body }: RouteAnswer): RouteErrorBody["error"] {
  return (body as unknown as RouteErrorBody).error;
}

describe("the routes of the seed (B138)", () => {
  let daemon: Daemon;
  beforeAll(async () => {
    daemon = await startDaemon();
    await put(
      daemon.agentsUrl,
      "gpt-4",
      "PHASE_EXECUTION",
      { temperature: 0.5 },
      "Optimization for consistency",
    );
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  it("GET /config/current answers the flat snapshot of a scope, execution where no phase is named (B087)", async () => {
    const { status, body } = await ask(
      daemon.agentsUrl,
      "current?model=gpt-oss-20b&environment=production",
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      snapshot_id: expect.stringMatching(/^cfg-/),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      model: "gpt-oss-20b",
      temperature: 0.7,
      max_tokens: 2000,
      timeout: 30,
      max_retries: 3,
      enabled: true,
      metadata: expect.objectContaining({ environment: "production", phase: "execution" }),
    });
    const planning = await ask(daemon.agentsUrl, "current?model=gpt-4&phase=planning");
    expect(planning.body).toMatchObject({ temperature: 0.3, max_tokens: 3000 });
  });

  it("GET /config/history answers changes, newest first, page by page (B088)", async () => {
    const { body } = await ask(daemon.agentsUrl, "history?model=gpt-4&phase=execution");
    expect(body["changes"]).toEqual([
      {
        change_id: expect.stringMatching(/^chg-/),
        timestamp: expect.any(String),
        parameter: "temperature",
        old_value: 0.7,
        new_value: 0.5,
        reason: "Optimization for consistency",
        changed_by: "system",
        model: "gpt-4",
        phase: "execution",
        revision: 1,
        attributes: {},
        override_id: "",
      },
    ]);
    expect((await ask(daemon.agentsUrl, "history?model=mistral")).body["changes"]).toEqual([]);
    await put(daemon.agentsUrl, "glm-4", "PHASE_PLANNING", { temperature: 0.1, maxTokens: 10 });
    const parameters: unknown[] = [];
    let token = "";
    do {
      const path = `history?model=glm-4&page_size=1&page_token=${encodeURIComponent(token)}`;
      const page = (await ask(daemon.agentsUrl, path)).body;
      parameters.push(...(page["changes"] as { parameter: string }[]).map((one) => one.parameter));
      token = String(page["next_page_token"]);
    } while (token !== "");
    expect(parameters).toEqual(["max_tokens", "temperature"]);
  });

  it("GET /config/history fills a page also where an environment leaves changes out", async () => {
    const url = daemon.agentsUrl;
    for (const [index, environment] of ["a", "b", "a", "b", "a"].entries()) {
      const override = {
        model: "llama-2",
        phase: "PHASE_PLANNING",
        selector: { environment },
        settings: { temperature: index / 10 },
      };
      await call(url, "HistoryService/PutOverride", { override });
    }
    const path = "history?model=llama-2&environment=a&page_size=2";
    const first = (await ask(url, path)).body;
    const token = encodeURIComponent(String(first["next_page_token"]));
    const second = (await ask(url, `${path}&page_token=${token}`)).body;
    const values = [first, second].flatMap(({ changes }) =>
      (changes as { new_value: number }[]).map((change) => change.new_value),
    );
    expect(values).toEqual([0.4, 0.2, 0]);
  });

  it("GET /config/compare tells what differs between two states", async () => {
    const url = daemon.agentsUrl;
    const save = { model: "gpt-4", version: "v1.0.0" };
    await call(url, "HistoryService/SaveConfigVersion", save);
    await put(url, "gpt-4", "PHASE_EXECUTION", { temperature: 0.9 });
    const { body } = await ask(url, "compare?model=gpt-4&left=v1.0.0");
    expect(body).toEqual({
      equal: false,
      differences: [
        { parameter: "temperature", phase: "execution", old_value: 0.5, new_value: 0.9 },
      ],
    });
    const same = await ask(url, "compare?model=gpt-4&left=v1.0.0&right=1");
    expect(same.body).toEqual({ equal: true, differences: [] });
    const none = await ask(url, "compare?model=gpt-4&left=v9");
    expect([none.status, errorOf(none).reason]).toEqual([404, "VERSION_NOT_FOUND"]);
    const models = await ask(
      url,
      "compare?phase=execution&left=live&left_model=gpt-4&right_model=mistral",
    );
    expect(models.body["differences"]).toContainEqual({
      parameter: "temperature",
      phase: "execution",
      old_value: 0.9,
      new_value: 0.7,
    });
  });

  it("POST /config/validate answers every broken rule, of the flat form and of a whole config", async () => {
    const url = daemon.agentsUrl;
    const flat = { model: "gpt-4", temperature: 3, timeout: 0, max_tokens: 100 };
    const { status, body } = await ask(url, "validate", { body: flat });
    expect(status).toBe(200);
    expect(body["valid"]).toBe(false);
    expect((body["violations"] as { field: string }[]).map(({ field }) => field)).toEqual([
      "config.phases[execution].settings.temperature",
      "config.phases[execution].settings.timeoutSeconds",
    ]);
    const config = {
      model_name: "custom",
      phases: [{ phase: "planning", settings: { max_tokens: 500 } }],
    };
    expect((await ask(url, "validate", { body: { config } })).body).toMatchObject({ valid: true });
    const constraints = { max_tokens: 100 };
    const held = await ask(url, "validate", { body: { config, constraints } });
    expect(held.body["valid"]).toBe(false);
    const torn = await ask(url, "validate", { body: { config: { model: "x" } } });
    expect([torn.status, errorOf(torn).violations[0]?.field]).toEqual([400, "config"]);
  });

  it("POST /config/analyze, GET /config/recommendations and GET /config/drift answer their RPCs", async () => {
    const url = daemon.agentsUrl;
    const analysis = await ask(url, "analyze", { body: { model: "gpt-4", phase: "execution" } });
    expect(analysis.body).toMatchObject({
      status: "insufficient_data",
      parameter: "temperature",
      metric: "quality",
      groups: [],
      sample_size: 0,
    });
    const wrapped = { next_page_token: "" };
    expect((await ask(url, "recommendations?model=gpt-4")).body).toEqual({
      recommendations: [],
      ...wrapped,
    });
    expect((await ask(url, "drift?phase=planning&state=all")).body).toEqual({
      drifts: [],
      ...wrapped,
    });
  });

  it("say what is wrong as JSON, with the status of HTTP", async () => {
    const url = daemon.agentsUrl;
    const phase = await ask(url, "current?model=gpt-4&phase=dreaming");
    expect([phase.status, errorOf(phase)]).toMatchObject([
      400,
      { code: "INVALID_ARGUMENT", reason: "PHASE_REQUIRED", violations: [{ field: "phase" }] },
    ]);
    const name = await ask(url, "current");
    expect([name.status, errorOf(name).reason]).toEqual([400, "MODEL_NAME_INVALID"]);
    const unknown = await ask(url, "history?colour=red&size=2");
    expect(errorOf(unknown).violations.map(({ field }) => field)).toEqual(["colour", "size"]);
    for (const path of ["history?page_size=0", "history?start=yesterday", "drift?kind=odd"]) {
      expect((await ask(url, path)).status).toBe(400);
    }
    const nowhere = await ask(url, "nowhere");
    expect([nowhere.status, errorOf(nowhere).reason]).toEqual([404, "METHOD_UNKNOWN"]);
    const posted = await ask(url, "current", { body: {} });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await ask(url, "validate")).status).toBe(405);
    const text = await ask(url, "validate", { body: 1, headers: { "content-type": "text/plain" } });
    expect(text.status).toBe(415);
    expect((await ask(url, "validate", { body: [1] })).status).toBe(400);
    const large = await ask(url, "validate", { body: { model: "x".repeat(300_000) } });
    expect([large.status, errorOf(large).reason]).toEqual([413, "REQUEST_TOO_LARGE"]);
  });

  it("answer HEAD without a body, and the same over HTTP/2", async () => {
    const head = await fetch(`${daemon.agentsUrl}/config/current?model=gpt-4`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const session = connect(daemon.agentsUrl);
    const stream = session.request({ ":path": "/config/current?model=mistral" });
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += chunk;
    session.close();
    expect(JSON.parse(text)).toMatchObject({ model: "mistral", temperature: 0.7 });
  });

  it("refuse a name that nobody gave the daemon", async () => {
    const { hostname, port } = new URL(daemon.agentsUrl);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: "evil.example" };
      httpRequest({ hostname, port, path: "/config/current?model=gpt-4", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it("count as calls of their RPCs", async () => {
    const page = await (await fetch(`${daemon.managementUrl}/metrics`)).text();
    expect(page).toMatch(
      /attuned_rpc_requests_total\{service="attuned.v1.HistoryService",method="GetCurrentConfig",code="OK"\} \d+/,
    );
  });
});

it("the routes take the role that their RPCs take, and a token raises it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "attuned-routes-"));
  const tokens = join(dir, "tokens.yaml");
  const sha256 = createHash("sha256").update("secret").digest("hex");
  writeFileSync(tokens, `- {name: reader, role: read, sha256: ${sha256}}\n`);
  await using daemon = await startDaemon({ args: ["--agents-role", "read", "--tokens", tokens] });
  expect((await ask(daemon.agentsUrl, "current?model=gpt-4")).status).toBe(200);
  const headers = { authorization: "Bearer secret" };
  expect((await ask(daemon.agentsUrl, "current?model=gpt-4", { headers })).status).toBe(200);
  const wrong = await ask(daemon.agentsUrl, "current?model=gpt-4", {
    headers: { authorization: "Bearer wrong" },
  });
  expect([wrong.status, errorOf(wrong).reason]).toEqual([401, "CREDENTIALS_INVALID"]);
  rmSync(dir, { recursive: true });
});
