import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectRouter } from "@connectrpc/connect";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { HistoryService } from "../../src/gen/attuned/v1/history_service_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { createHistoryService } from "../../src/rpc/history-service.ts";
import { createModelService } from "../../src/rpc/model-service.ts";
import { openTestServices } from "../../src/rpc/rpc-fixtures.ts";
import { cli } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "attuned-versions-"));
afterAll(() => rmSync(folder, { recursive: true }));

let daemon: (router: ConnectRouter) => void;
beforeEach(async () => {
  daemon = await freshDaemon();
});

/** The daemon's own services over an empty store. */
async function freshDaemon(): Promise<(router: ConnectRouter) => void> {
  const { engine, platform } = await openTestServices();
  return ({ service }) => {
    service(HistoryService, createHistoryService(engine, platform.clock));
    service(ModelService, createModelService(engine, platform.clock));
  };
}

/** The lines of a command that must succeed, without the spaces that align columns. */
async function lines(line: string | readonly string[], stdin = ""): Promise<string[]> {
  const { code, stdout, stderr } = await cli(line, { daemon, stdin });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("error") });
  return stdout
    .trimEnd()
    .split("\n")
    .map((text) => text.trimEnd().replace(/ {2,}/g, "  "));
}

describe("A008 B008 versions, labels and rollback on the command line", () => {
  test("a version is saved, listed newest first with its labels, shown and deleted", async () => {
    expect((await lines("versions gpt-4 save v1.0.0 --reason first"))[0]).toMatch(
      /^models\/gpt-4\/versions\/v1\.0\.0 saved: revision 1, content [0-9a-f]{12}$/,
    );
    expect((await lines("versions gpt-4 save v1.0.0"))[0]).toContain("was saved before");
    await lines("put gpt-4 --set execution.temperature=0.5");
    await lines("versions gpt-4 save v1.1.0");
    await lines("label gpt-4 production v1.0.0");
    const table = await lines("versions gpt-4");
    expect(table.map((row) => row.split("  ").slice(0, 2))).toEqual([
      ["VERSION", "LABELS"],
      ["v1.1.0", expect.stringMatching(/^\d+$/)],
      ["v1.0.0", "production"],
    ]);
    const shown = await lines("versions gpt-4 show production");
    expect(shown[0]).toBe("gpt-4 v1.0.0");
    expect(shown.join("\n")).toContain("execution  temperature=0.7 max_tokens=2000");
    expect(await lines("versions gpt-4 delete v1.1.0")).toEqual([
      "gpt-4 v1.1.0 deleted: revision 5",
    ]);
  });

  test("the list is the daemon's answer with -o json", async () => {
    await lines("versions gpt-4 save v1");
    const [json = ""] = await lines("versions gpt-4 -o json");
    expect(JSON.parse(json)).toMatchObject({ versions: [{ model: "gpt-4", version: "v1" }] });
  });

  test("a label says where it was, and can be removed", async () => {
    await lines("versions gpt-4 save v1");
    expect((await lines("label gpt-4 staging v1"))[0]).toBe("gpt-4 staging: v1, revision 2");
    expect(await lines("label gpt-4 staging --remove --expect v1 --reason over")).toEqual([
      "gpt-4 staging: removed (was v1), revision 3",
      "PHASE  PARAMETER  OLD  NEW",
      "-  labels.staging  v1  -",
    ]);
  });

  test("a rollback shows what became another", async () => {
    await lines("versions gpt-4 save v1");
    await lines("put gpt-4 --set execution.temperature=0.5");
    expect(await lines("rollback gpt-4 --to v1")).toEqual([
      "gpt-4: revision 3",
      "PHASE  PARAMETER  OLD  NEW",
      "execution  temperature  0.5  0.7",
    ]);
    expect((await lines("rollback gpt-4 --revision 2 --reason again"))[0]).toBe(
      "gpt-4: revision 4",
    );
  });

  test("B064 diff takes what is served, a version, a revision and a snapshot", async () => {
    await lines("versions gpt-4 save v1");
    await lines("put gpt-4 --set execution.temperature=0.5");
    for (const other of ["gpt-4@v1", "gpt-4#1", "gpt-4@latest"]) {
      expect(await lines(`diff ${other} gpt-4`)).toEqual([
        `PHASE  PARAMETER  ${other}  gpt-4`,
        "execution  temperature  0.7  0.5",
      ]);
    }
    expect(await lines("diff gpt-4#2 live:gpt-4")).toEqual(["nothing differs"]);
  });

  test.each([
    ["versions gpt-4 savee v1", 'not "savee", did you mean "save"?'],
    ["versions gpt-4 save", "takes a VERSION"],
    ["versions gpt-4 list v1", "takes no VERSION"],
    ["label gpt-4 production", "takes a VERSION to point to, or --remove"],
    ["label gpt-4 production v1 --remove", "takes a VERSION to point to, or --remove"],
    ["rollback gpt-4", "either --to VERSION or --revision N"],
    ["rollback gpt-4 --to v1 --revision 1", "either --to VERSION or --revision N"],
    ["rollback gpt-4 --revision=-1", "whole number"],
    ["diff gpt-4#x gpt-4", "a revision is a number"],
    ["diff gpt-4@ gpt-4", "names no version"],
    ["override put gpt-4", "--set FIELD=VALUE or --disable"],
    ["override put gpt-4 --set temperatur=1", 'did you mean "temperature"?'],
    ["export -f toml", "toml"],
  ])("%s is a mistake of the command line", async (line, message) => {
    const { code, stderr } = await cli(line, { daemon });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe("overrides on the command line", () => {
  test("are written, listed and removed", async () => {
    const written = await lines(
      "override put gpt-4 --phase execution --select agent=planner --set temperature=0.2 --pin --reason trial",
    );
    const id = /^(ovr-[0-9a-f]+): revision 1$/.exec(written[0] ?? "")?.[1] ?? "";
    expect(written.slice(1)).toEqual([
      "PHASE  PARAMETER  OLD  NEW",
      "execution  temperature  0.7  0.2",
    ]);
    await lines("override put --disable --select agent=rogue");
    const table = await lines("override");
    expect(table).toHaveLength(3);
    expect(table.join("\n")).toContain(
      `${id}  pin  gpt-4  execution  agent=planner  temperature=0.2`,
    );
    expect(table.join("\n")).toContain("override  every  every  agent=rogue  switched off");
    expect((await lines(`override delete ${id}`))[0]).toBe(`${id} deleted: revision 3`);
    expect(await lines("override list")).toHaveLength(2);
  });
});

describe("export and import on the command line", () => {
  test("A008 a file goes from one daemon to another and comes back the same", async () => {
    await lines("put gpt-4 --set execution.temperature=0.5");
    await lines("versions gpt-4 save v1");
    const [yaml, json] = [join(folder, "all.yaml"), join(folder, "all.json")];
    await lines(["export", yaml]);
    await lines(["export", json]);
    const printed = await cli("export", { daemon });
    expect(printed.stdout).toBe(readFileSync(yaml, "utf8"));
    expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({ format: "attuned/v1" });

    daemon = await freshDaemon();
    expect(await lines(["import", json, "--validate-only"])).toEqual([
      "2 would be written, 0 there already",
    ]);
    expect(await lines(["import", yaml])).toEqual(["2 written, 0 there already, revision 2"]);
    expect(await lines("import -", readFileSync(json, "utf8"))).toEqual([
      "0 written, 2 there already, revision 2",
    ]);
    expect((await cli("export", { daemon })).stdout).toBe(readFileSync(yaml, "utf8"));
  });

  test("a file that cannot be read or written is said", async () => {
    const missing = await cli(["import", join(folder, "none.yaml")], { daemon });
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("no such file") });
    writeFileSync(join(folder, "file"), "");
    const target = await cli(["export", join(folder, "file", "below.yaml")], { daemon });
    expect(target).toMatchObject({ code: 1, stderr: expect.stringContaining("cannot write") });
  });
});
