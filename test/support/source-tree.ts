import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { root } from "./daemon.ts";

/** One committed text file of the project. */
export interface SourceFile {
  /** From the root of the project, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** Something found in a file. Lines count from 1. */
export interface Place {
  readonly line: number;
  readonly what: string;
}

const BINARY = /\.(png|jpg|gz|binpb|ico|woff2?)$/;

/** Every text file that git knows, and that is still there. */
export function readSourceTree(): readonly SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  return listed
    .split("\0")
    .filter((path) => path !== "" && !BINARY.test(path) && existsSync(join(root, path)))
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, lines: text.split("\n") };
    });
}

/** Every match of a pattern, line by line. */
export function matches({ lines }: SourceFile, pattern: RegExp): readonly Place[] {
  return lines.flatMap((line, index) => {
    const match = pattern.exec(line);
    return match ? [{ line: index + 1, what: match[0].trim() }] : [];
  });
}

/** The same without comments and without what stands in quotes on one line. */
export function codeMatches(file: SourceFile, pattern: RegExp): readonly Place[] {
  const bare = (line: string) =>
    /^\s*(\/\/|\/?\*)/.test(line)
      ? ""
      : line.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\s\/\/ .*$/, "");
  return matches({ ...file, lines: file.lines.map(bare) }, pattern);
}

/** What a module imports: paths from the root for our own, names for packages. Types count, and so do imports at run time. */
export function importsOf(file: SourceFile): readonly Place[] {
  const pattern = /(?:^(?:import|export) .*from |^\} from |^import |\bimport\()"([^"]+)"/;
  return file.lines.flatMap((line, index) => {
    const specifier = pattern.exec(line)?.[1];
    if (specifier === undefined) return [];
    const isOwn = specifier.startsWith(".");
    const what = isOwn ? posix.join(dirname(file.path), specifier) : specifier;
    return [{ line: index + 1, what }];
  });
}

/**
 * Functions and methods that are longer than `linesMax`. The sources are formatted, so that a function ends at the first line that
 * closes a brace at the indentation where the function began.
 */
export function longFunctions(file: SourceFile, linesMax: number): readonly Place[] {
  return file.lines.flatMap((line, index) => {
    const indent = /^\s*/.exec(line)?.[0] ?? "";
    const opening = bodyOpening(file.lines, index, indent);
    if (opening === undefined) return [];
    const end = lineFrom(file.lines, opening + 1, `${indent}}`);
    const length = end === undefined ? 0 : end - index + 1;
    return length > linesMax ? [{ line: index + 1, what: `${length} lines: ${line.trim()}` }] : [];
  });
}

/** The line that opens the body of the function that begins at a line; undefined where none begins. */
function bodyOpening(lines: readonly string[], index: number, indent: string): number | undefined {
  const line = lines[index] ?? "";
  if (/^\s*(?:if|for|while|switch|return|await|throw)\b/.test(line)) return undefined;
  if (/=> \{$|\bfunction\b.*\{$/.test(line)) return index;
  const begins =
    /\bfunction\*? ?\w*(?:<.*>)?\($|^\s*(?:(?:static|async|get|set) )*\*?#?\w+(?:<.*>)?\(/;
  if (!begins.test(line)) return undefined;
  if (line.endsWith("{")) return index;
  if (!line.endsWith("(")) return undefined;
  // The parameters stand below one another, and what follows them tells a function from a call.
  const closing = lineFrom(lines, index + 1, `${indent})`);
  return closing !== undefined && lines[closing]?.endsWith("{") ? closing : undefined;
}

function lineFrom(lines: readonly string[], from: number, start: string): number | undefined {
  const found = lines.findIndex((line, index) => index >= from && line.startsWith(start));
  return found < 0 ? undefined : found;
}
