import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { type Daemon, runAttuned, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

const SCOPE = { model: "gpt-4", phase: "PHASE_EXECUTION" };
let reported = 0;

async function tokenOf({ agentsUrl }: Daemon): Promise<string> {
  const { decisionToken } = await call<{ decisionToken: string }>(
    agentsUrl,
    "ConfigService/ResolveConfig",
    SCOPE,
  );
  return decisionToken;
}

/** The id of the key that sealed a token. */
function sealedBy(token: string): string {
  return Buffer.from(token, "base64url").subarray(1, 5).toString("hex");
}

/** What becomes of an outcome with a token: `accepted`, or the reason. */
async function report({ agentsUrl }: Daemon, decisionToken: string): Promise<string> {
  reported += 1;
  const outcome = { outcomeId: `o-${reported}`, decisionToken, status: "OUTCOME_STATUS_OK" };
  const { rejected } = await call<{ rejected?: { reason: string }[] }>(
    agentsUrl,
    "OutcomeService/ReportOutcomes",
    { outcomes: [outcome] },
  );
  return rejected?.[0]?.reason ?? "accepted";
}

async function keys(action: string, ...args: string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await runAttuned(["keys", action, ...args]);
  expect(stderr).not.toContain("attuned:");
  expect(code).toBe(0);
  const [title = [], ...rows] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));
  expect(title).toEqual(["KEY", "USE", "MADE", "REPLACED"]);
  return rows.map(([id = "", use = ""]) => [id, use]);
}

/** Tells a running daemon to read its keys, and waits until it seals with another one than `before`. */
async function reload(daemon: Daemon, before: string): Promise<string> {
  process.kill(daemon.pid, "SIGHUP");
  return eventually(
    () => tokenOf(daemon),
    (token) => sealedBy(token) !== sealedBy(before),
  );
}

test("keys rotate under a running daemon, and tokens of the key before count on", async () => {
  await using daemon = await startDaemon();
  const { dataDir } = daemon;
  const before = await tokenOf(daemon);
  const [[first] = []] = await keys("list", "--data-dir", dataDir);
  expect(first).toBe(sealedBy(before));
  const rotated = await keys("rotate", "--data-dir", dataDir);
  expect(rotated.map(([, use]) => use)).toEqual(["seals and opens", "opens"]);
  expect(rotated[1]?.[0]).toBe(first);
  const after = await reload(daemon, before);
  expect(sealedBy(after)).toBe(rotated[0]?.[0]);
  expect(await report(daemon, before)).toBe("accepted");
  expect(await report(daemon, after)).toBe("accepted");
  expect(statSync(join(dataDir, "token-keys.json")).mode & 0o777).toBe(0o600);
  const shown = (await runAttuned(["keys", "list", "--data-dir", dataDir])).stdout;
  for (const { secret } of JSON.parse(readFileSync(join(dataDir, "token-keys.json"), "utf8")).keys)
    expect(shown).not.toContain(secret);

  await daemon.kill();
  await using again = await startDaemon({ dataDir });
  expect(sealedBy(await tokenOf(again))).toBe(sealedBy(after));
  expect(await report(again, before)).toBe("accepted");
  // A key that leaked is revoked at once.
  expect(await keys("rotate", "--revoke", "--data-dir", dataDir)).toHaveLength(1);
  const last = await reload(again, after);
  expect(await report(again, before)).toBe("TOKEN_INVALID");
  expect(await report(again, after)).toBe("TOKEN_INVALID");
  expect(await report(again, last)).toBe("accepted");
});

test("keys that are imported open the tokens of the daemon that they are of", async () => {
  await using one = await startDaemon();
  await using other = await startDaemon();
  const token = await tokenOf(one);
  const own = await tokenOf(other);
  expect(await report(other, token)).toBe("TOKEN_INVALID");
  const file = join(one.dataDir, "token-keys.json");
  const both = await keys("import", file, "--data-dir", other.dataDir);
  expect(both).toEqual([
    [sealedBy(own), "seals and opens"],
    [sealedBy(token), "opens"],
  ]);
  process.kill(other.pid, "SIGHUP");
  await eventually(
    () => report(other, token),
    (verdict) => verdict === "accepted",
  );
  expect(await report(other, own)).toBe("accepted");
});

describe("a key file", () => {
  test("with a mistake changes nothing in a running daemon, and its log says why", async () => {
    await using daemon = await startDaemon();
    const path = join(daemon.dataDir, "token-keys.json");
    const before = await tokenOf(daemon);
    writeFileSync(path, "{");
    process.kill(daemon.pid, "SIGHUP");
    await eventually(
      () => daemon.stderr(),
      (log) => log.includes("token keys not read again"),
    );
    expect(daemon.stderr()).toContain("is no JSON");
    expect(await report(daemon, before)).toBe("accepted");
  });

  test("is named where it is missing, and asked for where it is not named", async () => {
    const missing = await runAttuned(["keys", "list", "--data-dir", "/nowhere"]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("/nowhere/token-keys.json: there is no such file");
    expect((await runAttuned(["keys"])).code).toBe(2);
    expect((await runAttuned(["keys", "import"])).code).toBe(2);
    expect((await runAttuned(["keys", "list", "--nonsense"])).code).toBe(2);
    expect((await runAttuned(["keys", "--help"])).stdout).toContain("attuned keys rotate");
  });

  test("of an option is rotated instead of that of the data directory", async () => {
    await using daemon = await startDaemon();
    const file = join(daemon.dataDir, "shared.json");
    const [[made] = []] = await keys("rotate", "--token-keys", file);
    await daemon.stop();
    await using again = await startDaemon({
      dataDir: daemon.dataDir,
      args: ["--token-keys", file],
    });
    const before = await tokenOf(again);
    expect(sealedBy(before)).toBe(made);
    await keys("rotate", "--token-keys", file);
    await reload(again, before);
    expect(await report(again, before)).toBe("accepted");
    rmSync(file);
  });
});
