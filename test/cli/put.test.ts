import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import type { PutModelConfigRequest } from "../../src/gen/attuned/v1/model_service_pb.ts";
import {
  ModelService,
  PutModelConfigRequestSchema,
} from "../../src/gen/attuned/v1/model_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { refusal } from "./refusal.ts";
import { cli } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "attuned-put-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A registry with one model; `stale` writes are refused before one is taken. */
function registry(stale = 0) {
  const written: JsonValue[] = [];
  let left = stale;
  let reads = 0;
  const daemon = ({ service }: ConnectRouter) =>
    service(ModelService, {
      getModelConfig: ({ model }) => {
        reads += 1;
        if (model !== "gpt-35-turbo" && model !== "gpt-3.5-turbo") {
          throw refusal(`no config is known for "${model}"`, Code.NotFound, "MODEL_NOT_FOUND");
        }
        const stored = {
          modelName: "gpt-3.5-turbo",
          phases: [{ phase: Phase.EXECUTION, settings: { maxTokens: 500 } }],
        };
        return { config: stored, stored, etag: `e${reads}` };
      },
      putModelConfig: (request: PutModelConfigRequest) => {
        left -= 1;
        if (left >= 0) throw refusal("the etag is stale", Code.Aborted, "ETAG_STALE");
        const temperature = request.config?.phases[0]?.settings?.temperature ?? 0;
        if (temperature > 2) throw violations();
        written.push(toJson(PutModelConfigRequestSchema, request));
        return {
          config: { modelName: request.config?.modelName ?? "" },
          revision: 18n,
          served: true,
          changes: [
            {
              parameter: "temperature",
              phase: Phase.EXECUTION,
              oldValue: { kind: { case: "numberValue", value: 0.7 } },
              newValue: { kind: { case: "numberValue", value: temperature } },
            },
          ],
        };
      },
    });
  return { daemon, written };
}

function violations(): ConnectError {
  return new ConnectError("the config breaks 2 rules", Code.InvalidArgument, undefined, [
    { desc: ErrorInfoSchema, value: { domain: "attuned", reason: "CONFIG_INVALID" } },
    {
      desc: BadRequestSchema,
      value: {
        fieldViolations: [
          { field: "config.phases[0].settings.temperature", description: "is above 2" },
          { field: "config.limits.maxIterations", description: "is below 1" },
        ],
      },
    },
  ]);
}

describe("put --set", () => {
  test("changes the named fields of the stored layer, under its etag", async () => {
    const { daemon, written } = registry();
    const line = "put gpt-3.5-turbo --set execution.temperature=1.5 --reason trial";
    const { code, stdout, stderr } = await cli(line, { daemon });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatchInlineSnapshot(`
      "gpt-3.5-turbo: revision 18
      PHASE      PARAMETER    OLD  NEW
      execution  temperature  0.7  1.5
      "
    `);
    expect(written).toEqual([
      {
        config: {
          modelName: "gpt-3.5-turbo",
          phases: [{ phase: "PHASE_EXECUTION", settings: { temperature: 1.5, maxTokens: 500 } }],
        },
        etag: "e1",
        reason: "trial",
      },
    ]);
  });

  test("reads again when someone else wrote in between", async () => {
    const { daemon, written } = registry(2);
    expect(await cli("put gpt-3.5-turbo --set execution.temperature=1", { daemon })).toMatchObject({
      code: 0,
    });
    expect(written).toMatchObject([{ etag: "e3" }]);
  });

  test("gives up on a stale etag that the person named", async () => {
    const { daemon, written } = registry(1);
    const line = "put gpt-3.5-turbo --set execution.temperature=1 --etag old";
    expect(await cli(line, { daemon })).toEqual({
      code: 4,
      stdout: "",
      stderr:
        "attuned: the etag is stale; read it again, merge your change and write again (ETAG_STALE)\n",
    });
    expect(written).toEqual([]);
  });

  test("registers a new model only when told to", async () => {
    const { daemon, written } = registry();
    const line = "put new-model --set execution.temperature=1";
    expect(await cli(line, { daemon })).toEqual({
      code: 4,
      stdout: "",
      stderr:
        'attuned: no config is known for "new-model"; --create registers "new-model" as a new model (MODEL_NOT_FOUND)\n',
    });
    expect(await cli(`${line} --create`, { daemon })).toMatchObject({ code: 0 });
    expect(written).toMatchObject([{ config: { modelName: "new-model" } }]);
  });

  test("shows every violation on a line of its own", async () => {
    const { daemon } = registry();
    expect(await cli("put gpt-3.5-turbo --set execution.temperature=3", { daemon })).toEqual({
      code: 4,
      stdout: "",
      stderr:
        "attuned: the config breaks 2 rules (CONFIG_INVALID)\n" +
        "  config.phases[0].settings.temperature: is above 2\n" +
        "  config.limits.maxIterations: is below 1\n",
    });
  });
});

describe("put FILE", () => {
  const yaml = "model_name: gpt-4\nphases:\n  execution:\n    temperature: 0.2\n";

  test("writes the file's content as the whole stored layer", async () => {
    const { daemon, written } = registry();
    const path = join(folder, "gpt-4.yaml");
    writeFileSync(path, yaml);
    expect(await cli(["put", path, "--reason", "from git"], { daemon })).toMatchObject({ code: 0 });
    const config = {
      modelName: "gpt-4",
      phases: [{ phase: "PHASE_EXECUTION", settings: { temperature: 0.2 } }],
    };
    expect(written).toEqual([{ config, reason: "from git" }]);
  });

  test("reads stdin", async () => {
    const { daemon, written } = registry();
    expect(await cli("put -", { daemon, stdin: yaml })).toMatchObject({ code: 0 });
    expect(written).toMatchObject([{ config: { modelName: "gpt-4" } }]);
  });

  test("says what is wrong with a file", async () => {
    const { daemon } = registry();
    expect(await cli("put /nowhere.yaml", { daemon })).toEqual({
      code: 1,
      stdout: "",
      stderr: "attuned: cannot read /nowhere.yaml: there is no such file\n",
    });
    const { code, stderr } = await cli("put -", { daemon, stdin: "model_name: x\ntemprature: 1" });
    expect(code).toBe(1);
    expect(stderr).toContain("- is not a model config:");
    expect(stderr).toContain("temprature");
  });
});
