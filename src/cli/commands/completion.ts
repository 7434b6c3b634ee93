import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Command, CommandEntry, OptionSpec } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { GLOBAL_OPTIONS } from "../global-options.ts";
import { shortNames } from "../selectors.ts";
import { didYouMean } from "../suggest.ts";

const SCRIPTS: Readonly<Record<string, (words: readonly Completion[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export const completion: Command = {
  name: "completion",
  summary: "Print the completion script of a shell",
  usage: Object.keys(SCRIPTS).join("|"),
  example: "source <(attuned completion bash)",
  positionals: { names: ["SHELL"], required: 1 },
  options: {},
  async run({ args, terminal, commands }) {
    const [shell = ""] = args.positionals;
    const script = SCRIPTS[shell];
    if (script === undefined) {
      const known = Object.keys(SCRIPTS);
      throw new UsageError(
        `completion takes one of ${known.join(", ")}, not "${shell}"${didYouMean(shell, known)}`,
      );
    }
    terminal.out(script(await Promise.all(commands.map(completionOf))).trimEnd());
    return EXIT_CODE.ok;
  },
};

/** What may follow a command. */
interface Completion {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly words: readonly string[];
}

async function completionOf(entry: CommandEntry): Promise<Completion> {
  const command = await entry.load?.();
  const names = command?.positionals.names ?? [];
  return {
    name: entry.name,
    summary: entry.summary,
    options: command === undefined ? {} : { ...command.options, ...GLOBAL_OPTIONS },
    words: [
      ...(names.includes("PHASE") ? shortNames(PhaseSchema) : []),
      ...(/^[a-z_|]+/.exec(command?.usage ?? "")?.[0].split("|") ?? []),
    ],
  };
}

function optionWords(item: Completion): readonly string[] {
  return Object.keys(item.options).map((name) => `--${name}`);
}

/** Words by what is typed before them: after nothing, after a group, after a command. */
function wordsByPrefix(items: readonly Completion[]): ReadonlyMap<string, readonly string[]> {
  const byPrefix = new Map<string, Set<string>>();
  const add = (prefix: string, words: readonly string[]) => {
    const known = byPrefix.get(prefix) ?? new Set();
    for (const word of words) known.add(word);
    byPrefix.set(prefix, known);
  };
  for (const item of items) {
    const [first = "", second] = item.name.split(" ");
    add("", [first]);
    if (second !== undefined) add(first, [second]);
    add(item.name, [...item.words, ...optionWords(item)]);
  }
  add("", ["help"]);
  return new Map([...byPrefix].map(([prefix, words]) => [prefix, [...words]]));
}

function bashScript(items: readonly Completion[]): string {
  const cases = [...wordsByPrefix(items)].map(
    ([prefix, words]) => `    "${prefix}") words="${words.join(" ")}" ;;`,
  );
  const groups = [...new Set(items.filter(isGrouped).map(groupOf))];
  return `# Completion of attuned for bash. Load it with: source <(attuned completion bash)
_attuned() {
  local current="\${COMP_WORDS[COMP_CWORD]}" prefix="" words=""
  if (( COMP_CWORD > 1 )); then prefix="\${COMP_WORDS[1]}"; fi
  if (( COMP_CWORD > 2 )); then
    case "$prefix" in
      ${groups.join("|")}) prefix="$prefix \${COMP_WORDS[2]}" ;;
    esac
  fi
  case "$prefix" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if (( \${#COMPREPLY[@]} == 0 )); then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _attuned attuned`;
}

function zshScript(items: readonly Completion[]): string {
  const cases = [...wordsByPrefix(items)].map(
    ([prefix, words]) => `    "${prefix}") candidates=(${words.join(" ")}) ;;`,
  );
  const groups = [...new Set(items.filter(isGrouped).map(groupOf))];
  return `#compdef attuned
# Completion of attuned for zsh. Load it with: source <(attuned completion zsh)
_attuned() {
  local prefix=""
  local -a candidates
  if (( CURRENT > 2 )); then prefix="$words[2]"; fi
  if (( CURRENT > 3 )); then
    case "$prefix" in
      ${groups.join("|")}) prefix="$prefix $words[3]" ;;
    esac
  fi
  case "$prefix" in
${cases.join("\n")}
  esac
  compadd -a candidates
  _files
}
compdef _attuned attuned`;
}

function fishScript(items: readonly Completion[]): string {
  const lines = [
    "# Completion of attuned for fish. Load it with: attuned completion fish | source",
  ];
  const seen = new Set<string>();
  for (const item of items) {
    const [first = "", second] = item.name.split(" ");
    const summary = quoted(second === undefined ? item.summary : `Commands of ${first}`);
    if (!seen.has(first)) {
      lines.push(`complete -c attuned -n __fish_use_subcommand -a ${first} -d ${summary}`);
    }
    seen.add(first);
    const parent = `"__fish_seen_subcommand_from ${first}"`;
    const condition =
      second === undefined
        ? parent
        : `"__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}"`;
    if (second !== undefined) {
      lines.push(`complete -c attuned -n ${parent} -a ${second} -d ${quoted(item.summary)}`);
    }
    if (item.words.length > 0) {
      lines.push(`complete -c attuned -n ${condition} -a "${item.words.join(" ")}"`);
    }
    for (const [name, spec] of Object.entries(item.options)) {
      const value = spec.type === "text" ? " -r" : "";
      const choices = spec.choices === undefined ? "" : ` -a "${spec.choices.join(" ")}"`;
      lines.push(
        `complete -c attuned -n ${condition} -l ${name}${value}${choices} -d ${quoted(spec.help)}`,
      );
    }
  }
  return lines.join("\n");
}

function isGrouped(item: Completion): boolean {
  return item.name.includes(" ");
}

function groupOf(item: Completion): string {
  return item.name.split(" ", 1)[0] ?? "";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
