import { describe, expect, test } from "vitest";
import { gatherOptions, type OptionSources, parseOptions, printOptions } from "./options.ts";

const gather = (sources: Partial<OptionSources>) =>
  gatherOptions({ argv: [], env: {}, readFile: () => "", ...sources });
const parse = async (sources: Partial<OptionSources>, isTerminal = false) => {
  const place = { isTerminal, env: sources.env ?? {}, exists: () => false };
  return parseOptions(await gather(sources), place);
};

describe("flags win over the environment, that over the file, that over the default", () => {
  const file = () => "data-dir: /from/file\n";
  const argv = ["--config", "x.yaml"];
  const env = { ATTUNED_DATA_DIR: "/from/environment" };

  test.each([
    [{ argv: [...argv, "--data-dir", "/from/flag"], env }, "/from/flag", "flag"],
    [{ argv, env }, "/from/environment", "environment"],
    [{ argv }, "/from/file", "file"],
    [{}, "./data", "default"],
  ] as const)("%o", async (sources, text, origin) => {
    const values = await gather({ ...sources, readFile: file });
    expect(values.dataDir).toEqual({ text, origin });
    const line = printOptions(values)
      .split("\n")
      .find((each) => each.startsWith("data-dir"));
    expect(line?.split(/\s+/)).toEqual(["data-dir", text, origin]);
  });

  test("the file itself may be named by the environment, and an empty variable says nothing", async () => {
    const values = await gather({
      env: { ATTUNED_CONFIG: "x.yaml", ATTUNED_DATA_DIR: "" },
      readFile: file,
    });
    expect(values.dataDir).toEqual({ text: "/from/file", origin: "file" });
  });

  test("a list in the file is one value, a number too", async () => {
    const readFile = () => "allowed-hosts: [a.example, b.example]\nloop-interval: 2.5\n";
    const options = await parse({ argv, readFile });
    expect(options.allowedHosts).toEqual(["a.example", "b.example"]);
    expect(options.loopIntervalMs).toBe(2500);
  });
});

describe("what is wrong is said with where it stands", () => {
  test.each([
    [{ argv: ["--listen", "nowhere"] }, "--listen must be HOST:PORT"],
    [{ env: { ATTUNED_LISTEN: "127.0.0.1:99999" } }, "ATTUNED_LISTEN must be HOST:PORT"],
    [{ argv: ["--loop-interval", "0"] }, "--loop-interval must be a number of seconds"],
    [{ argv: ["--journal-size", "15"] }, "--journal-size must be a whole number of mebibytes"],
    [{ argv: ["--journal-size", "20.5"] }, "--journal-size must be a whole number of mebibytes"],
    [{ argv: ["--loop-interval", "NaN"] }, "--loop-interval must be a number of seconds"],
    [{ argv: ["--agents-role", "root"] }, "--agents-role must be one of read, report"],
    [{ argv: ["--no-such-flag"] }, "Unknown option '--no-such-flag'"],
    [{ argv: ["stray"] }, "Unexpected argument"],
    [{ argv: ["--config", "x"], readFile: () => "lissten: 1\n" }, 'unknown option "lissten"'],
    [{ argv: ["--config", "x"], readFile: () => "- 1\n" }, "must be a map of options"],
    [{ argv: ["--config", "x"], readFile: () => "a: [\n" }, "cannot read the options file x"],
    [
      { argv: ["--config", "x"], readFile: () => "log-level: loud\n" },
      "log-level in x must be one of debug",
    ],
  ])("%o", async (sources, message) => {
    await expect(gather(sources)).rejects.toThrow(message);
  });
});

test("variables that Kubernetes injects for a service of the same name do not matter", async () => {
  const env = {
    ATTUNED_PORT: "tcp://10.0.0.1:8713",
    ATTUNED_SERVICE_HOST: "10.0.0.1",
    ATTUNED_PORT_8713_TCP_ADDR: "10.0.0.1",
  };
  expect((await gather({ env })).listen.origin).toBe("default");
});

describe("what agents may do without a token", () => {
  const kubernetes = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  test.each([
    [{}, "admin", true],
    [{ argv: ["--listen", "localhost:1"] }, "admin", true],
    [{ argv: ["--listen", "[::1]:1"] }, "admin", true],
    [{ argv: ["--listen", "0.0.0.0:1"] }, "report", false],
    [{ argv: ["--listen", ":1"] }, "report", false],
    [{ argv: ["--listen", "10.0.0.5:1"] }, "report", false],
    [{ env: kubernetes }, "report", false],
    [{ argv: ["--agents-role", "admin"], env: kubernetes }, "admin", false],
    [{ argv: ["--agents-role", "read"] }, "read", false],
  ])("%o: %s", async (sources, role, isAssumed) => {
    const options = await parse(sources);
    expect([options.agentsRole, options.isAgentsRoleAssumed]).toEqual([role, isAssumed]);
  });
});

test("logs are text on a terminal and JSON elsewhere, unless told", async () => {
  expect((await parse({}, true)).logFormat).toBe("text");
  expect((await parse({})).logFormat).toBe("json");
  expect((await parse({ argv: ["--log-format", "json"] }, true)).logFormat).toBe("json");
});
