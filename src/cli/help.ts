import type { Command, OptionSpec } from "./command.ts";
import { COMMANDS } from "./command-table.ts";
import { GLOBAL_OPTIONS } from "./global-options.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { wrap } from "./terminal/text.ts";

const INDENT = "  ";
const GAP = 2;

/** Prints all commands and the options that every command takes. */
export function printOverview(terminal: Terminal): void {
  const { style } = terminal;
  terminal.out(
    "attuned serves LLM settings, learns from how the calls went, and proposes better ones.",
  );
  terminal.out("");
  terminal.out(`${style.bold("Usage:")} attuned COMMAND [ARGUMENTS] [OPTIONS]`);
  terminal.out("");
  terminal.out(style.bold("Commands:"));
  printPairs(
    COMMANDS.map(({ name, summary }) => [name, summary]),
    terminal,
  );
  terminal.out("");
  printOptions("Options of every command:", GLOBAL_OPTIONS, terminal);
  terminal.out("");
  terminal.out("One command: attuned help COMMAND. Version: attuned --version.");
  terminal.out(
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 no daemon answers, 4 the daemon refused the call.",
  );
}

/** Prints the help of one command. */
export function printCommandHelp(command: Command, terminal: Terminal): void {
  const { style } = terminal;
  terminal.out(`${command.summary}.`);
  terminal.out("");
  terminal.out(`${style.bold("Usage:")} attuned ${command.name} ${command.usage}`.trimEnd());
  terminal.out("");
  if (Object.keys(command.options).length > 0) {
    printOptions("Options:", command.options, terminal);
    terminal.out("");
  }
  printOptions("Options of every command:", GLOBAL_OPTIONS, terminal);
  terminal.out("");
  terminal.out(`${style.bold("Example:")} ${command.example}`);
}

function printOptions(
  title: string,
  options: Readonly<Record<string, OptionSpec>>,
  terminal: Terminal,
): void {
  terminal.out(terminal.style.bold(title));
  printPairs(
    Object.entries(options).map(([name, spec]) => [optionText(name, spec), helpText(spec)]),
    terminal,
  );
}

function optionText(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "" : `-${spec.short}, `;
  const value = spec.type === "flag" ? "" : ` ${spec.value ?? "VALUE"}`;
  return `${short}--${name}${value}${spec.multiple === true ? " …" : ""}`;
}

function helpText(spec: OptionSpec): string {
  return spec.choices === undefined || spec.choices.every((choice) => spec.help.includes(choice))
    ? spec.help
    : `${spec.help}: ${spec.choices.join(", ")}`;
}

function printPairs(pairs: readonly (readonly [string, string])[], terminal: Terminal): void {
  const widest = Math.max(0, ...pairs.map(([name]) => name.length));
  const indent = " ".repeat(INDENT.length + widest + GAP);
  const room = Math.max(30, terminal.drawingWidth - indent.length);
  for (const [name, text] of pairs) {
    const [first = "", ...rest] = wrap(text, room);
    terminal.out(`${INDENT}${name.padEnd(widest + GAP)}${first}`);
    for (const line of rest) terminal.out(indent + line);
  }
}
