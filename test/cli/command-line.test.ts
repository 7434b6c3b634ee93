import { describe, expect, test } from "vitest";
import { COMMANDS, GROUP_DEFAULT } from "../../src/cli/command-table.ts";
import { cli } from "./run.ts";

describe("help", () => {
  test.each([[""], ["help"], ["--help"], ["-h"]])("%j lists every command", async (line) => {
    const { code, stdout, stderr } = await cli(line);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toContain(`  ${name} `);
      expect(stdout.replace(/\s+/g, " ")).toContain(summary);
    }
  });

  test.each(COMMANDS.map(({ name }) => [name]))("%s says what it is for", async (name) => {
    const { code, stdout } = await cli(`help ${name}`);
    expect(code).toBe(0);
    expect(stdout).toContain("attuned");
    expect(stdout.split("\n").every((line) => line.length <= 140)).toBe(true);
  });

  test.each(COMMANDS.filter(({ load }) => load !== undefined))(
    "$name has the name and the summary of its table, and a help with an example",
    async ({ name, summary, load }) => {
      const command = await load?.();
      expect(command).toMatchObject({ name, summary });
      expect(command?.example).toContain(`attuned ${name.split(" ")[0]}`);
      const { code, stdout } = await cli(`${name} --help`);
      expect(code).toBe(0);
      expect(stdout).toContain(`${summary}.`);
      expect(stdout).toContain(`Example: ${command?.example}`);
      expect(stdout).toContain("--address ADDRESS");
    },
  );

  test("every group leads to one of its commands", () => {
    for (const name of Object.values(GROUP_DEFAULT)) {
      expect(COMMANDS.map((command) => command.name)).toContain(name);
    }
  });
});

describe("a wrong command line", () => {
  test.each([
    [
      "resolv gpt-4 planning",
      'unknown command "resolv", did you mean "resolve"? See: attuned help',
    ],
    ["xyzzy", 'unknown command "xyzzy". See: attuned help'],
    [
      "drift detct",
      'unknown command "drift detct", did you mean "drift detect"? See: attuned help',
    ],
    [
      "resolve gpt-4 planning --explan",
      'unknown option "--explan", did you mean "--explain"? See: attuned help resolve',
    ],
    [
      "--adress http://x status",
      'unknown option "--adress", did you mean "--address"? See: attuned help',
    ],
    ["status -x", 'unknown option "-x". See: attuned help status'],
    ["resolve gpt-4", "resolve needs PHASE: attuned resolve MODEL PHASE"],
    ["resolve a planning c", 'resolve takes no argument "c". See: attuned help resolve'],
    ["status --address", "--address needs a value"],
    ["status --address ftp://x", "--address takes http://HOST:PORT or unix:/PATH"],
    ["status --timeout 0", "--timeout takes a number from 0.001 to 86400"],
    ["status -o xml", '--output takes one of table, json, not "xml"'],
    ["resolve gpt-4 plan", 'not "plan", did you mean "planning"?'],
    ["resolve gpt-4 planning -a nope", "--attribute takes KEY=VALUE"],
    ["help nope", 'unknown command "nope"'],
    ["serve", "serve takes its options after its name"],
    ["metrics gpt-4 planning --since 2h --until 3h", "--until must be later than --since"],
    ["analyze temprature", 'did you mean "temperature"?'],
    ["analyze temperature gpt-4 planning --model gpt-5", "analyze is given two of --model"],
    ["models gpt-4 --group x", "models takes --group, --family and --lifecycle only without NAME"],
    ["put gpt-4 --create", "put takes --create only with --set"],
    ["completion tcsh", "completion takes one of bash, zsh, fish"],
    ["replay x --batch 1001", "--batch takes a whole number from 1 to 1000"],
  ])("%j is refused in one line", async (line, message) => {
    const { code, stdout, stderr } = await cli(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^attuned: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });

  test("cannot forge lines on the terminal", async () => {
    const { stderr } = await cli(["x\n\u001b[2Jroot#"]);
    expect(stderr).toBe('attuned: unknown command "x  [2Jroot#". See: attuned help\n');
  });
});
