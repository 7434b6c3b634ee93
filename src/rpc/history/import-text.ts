import type { Document, Node } from "yaml";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";

/** A text that was read: its plain value, and where the parts of it stand. */
export interface ImportText {
  readonly value: unknown;
  /** The line of the value at a path such as `configs[0].phases.planning`, or of the nearest one above it; from 1. */
  lineOf(path: string): number;
}

interface Parsed {
  readonly document: Document.Parsed;
  lineAt(offset: number): number;
}

/** Violations that a message names; all of them are in the details. */
const NAMED_MAX = 5;

/**
 * Reads a YAML text, of which JSON is a special case. Errors: FORMAT_INVALID with line and column for a text that is neither, is
 * empty, names a key twice, or uses aliases to grow beyond measure.
 */
export async function readImportText(text: string): Promise<ImportText> {
  const plain = plainJson(text);
  if (plain !== undefined) {
    // The places are of use only where something is wrong, and reading them takes long.
    let parsed: Parsed | undefined;
    const { parse } = await loadParser();
    return {
      value: plain,
      lineOf: (path) => {
        parsed ??= parse(text);
        return lineOf(parsed, path);
      },
    };
  }
  const { parse } = await loadParser();
  const parsed = parse(text);
  const value = plainValue(parsed.document);
  if (value === null || value === undefined) throw unreadable("the text is empty");
  return { value, lineOf: (path) => lineOf(parsed, path) };
}

/** The same refusal with the lines of the text in it. */
export function placed(fault: Fault, text: ImportText): Fault {
  const violations = (fault.detail.violations ?? []).map(
    ({ field, message }): Violation => ({
      field,
      message: `line ${text.lineOf(field)}: ${message}`,
    }),
  );
  const named = violations
    .slice(0, NAMED_MAX)
    .map(({ field, message }) =>
      `${field} ${message}`.replace(/^(\S*) line (\d+): /, "line $2: $1 "),
    );
  const more = violations.length - named.length;
  const message = `${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
  return new Fault(fault.reason, message, { ...fault.detail, violations });
}

/** The value of a text that is JSON without doubled keys; undefined for any other. */
function plainJson(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function loadParser(): Promise<{ parse(text: string): Parsed }> {
  const { isMap, isScalar, LineCounter, parseDocument, visit } = await import("yaml");
  return {
    parse(text) {
      const lines = new LineCounter();
      const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
      const document = parsedDocument(() =>
        // Keys are compared below: the parser's own comparison takes quadratic time.
        parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false }),
      );
      const [problem] = [...document.errors, ...document.warnings];
      if (problem) {
        const { line, col } = lines.linePos(problem.pos[0]);
        throw unreadable(`line ${line}, column ${col}: ${problem.message}`);
      }
      visit(document, {
        Map(_, map) {
          const seen = new Set<unknown>();
          for (const { key } of map.items) {
            const name = isScalar(key) ? key.value : undefined;
            if (name === undefined || isMap(key)) throw unreadable("a key must be a text");
            if (seen.has(name)) {
              const line = lineAt(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
              throw unreadable(`line ${line}: ${JSON.stringify(name)} is given twice`);
            }
            seen.add(name);
          }
        },
      });
      return { document, lineAt };
    },
  };
}

function parsedDocument(parse: () => Document.Parsed): Document.Parsed {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw unreadable("the text is nested too deeply");
    throw error;
  }
}

function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // The parser says so where aliases multiply, or name nothing.
    if (error instanceof ReferenceError) throw unreadable(error.message);
    throw error;
  }
}

function lineOf({ document, lineAt }: Parsed, path: string): number {
  const steps = path.split(/[.[\]]/).filter((step) => step !== "");
  let line = 1;
  for (let depth = 1; depth <= steps.length; depth++) {
    const at = steps.slice(0, depth).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    const node = document.getIn(at, true) as Partial<Node> | undefined;
    const offset = node?.range?.[0];
    if (offset === undefined) break;
    line = lineAt(offset);
  }
  return line;
}

function unreadable(why: string): Fault {
  return new Fault("FORMAT_INVALID", `the text is neither YAML nor JSON that can be read: ${why}`, {
    violations: [{ field: "content", message: why }],
  });
}
