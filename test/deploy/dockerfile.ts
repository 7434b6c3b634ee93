// Reads the part of the Dockerfile language that deploy/Dockerfile uses. It expands no variables and knows no heredocs.

export interface Instruction {
  /** Upper case, such as "COPY". */
  keyword: string;
  /** The rest, with continued lines joined by a space. */
  text: string;
}

export interface Stage {
  base: string;
  name: string | undefined;
  instructions: Instruction[];
}

export interface Dockerfile {
  /** ARG before the first FROM: name and default. */
  args: Map<string, string>;
  stages: Stage[];
}

export function parseDockerfile(source: string): Dockerfile {
  const args = new Map<string, string>();
  const stages: Stage[] = [];
  for (const { keyword, text } of readInstructions(source)) {
    const stage = stages.at(-1);
    if (keyword === "FROM") {
      const match = /^(\S+)(?: AS (\S+))?$/i.exec(text);
      if (match?.[1] === undefined) throw new Error(`FROM ${text}: not understood`);
      stages.push({ base: match[1], name: match[2], instructions: [] });
    } else if (stage !== undefined) {
      stage.instructions.push({ keyword, text });
    } else {
      const [name = "", value = ""] = text.split("=", 2);
      if (keyword !== "ARG") throw new Error(`${keyword} before the first FROM`);
      args.set(name, value);
    }
  }
  return { args, stages };
}

function readInstructions(source: string): Instruction[] {
  const lines = source.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join("\n").replaceAll(/\\\n\s*/g, " ");
  return joined.split("\n").map((line) => {
    const match = /^([A-Z]+)\s+(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) throw new Error(`not read: ${line}`);
    return { keyword: match[1], text: match[2].trim() };
  });
}

/** Every instruction of that keyword in a stage, by its text. */
export function textsOf(stage: Stage, keyword: string): string[] {
  return stage.instructions.filter((each) => each.keyword === keyword).map(({ text }) => text);
}

export interface Copy {
  from: string | undefined;
  chown: string | undefined;
  sources: string[];
  target: string;
}

export function parseCopy(text: string): Copy {
  const words = text.split(/\s+/);
  const flag = (name: string) =>
    words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
  const paths = words.filter((word) => !word.startsWith("--"));
  const target = paths.pop();
  if (target === undefined || paths.length === 0) throw new Error(`COPY ${text}: not understood`);
  return { from: flag("from"), chown: flag("chown"), sources: paths, target };
}

/** The pairs of ENV and LABEL, quotes removed. */
export function parsePairs(texts: readonly string[]): Map<string, string> {
  const pairs = texts.flatMap((text) => [...text.matchAll(/([\w.]+)=("[^"]*"|\S+)/g)]);
  return new Map(pairs.map(([, name = "", value = ""]) => [name, value.replaceAll('"', "")]));
}

/** The words of an instruction in exec form. Throws on shell form, which would put a shell before the daemon. */
export function parseExec(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string"))
    throw new Error(`${text}: not in exec form`);
  return words;
}
