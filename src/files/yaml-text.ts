import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import { FILE_PROBLEMS_MAX, type FileProblem } from "./file-problem.ts";

/** A place in a text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One entry of a map, with the places of its key and its value. */
export interface Entry {
  readonly key: string;
  readonly keyAt: Place;
  readonly value: YamlValue;
}

/** A value of a YAML or JSON text with its place. Maps and lists are read one level at a time, so that aliases cannot multiply. */
export type YamlValue = { readonly at: Place } & (
  | { readonly kind: "map"; entries(): readonly Entry[] }
  | { readonly kind: "list"; items(): readonly YamlValue[] }
  | { readonly kind: "scalar"; readonly value: string | number | boolean }
  | { readonly kind: "nothing" }
);

/** Merge keys (`<<`) may lead through so many maps. Guards against maps that merge themselves. */
const MERGE_DEPTH_MAX = 8;

/** Takes problems up to the bound; what comes after is dropped. */
export class ProblemList {
  readonly problems: FileProblem[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(at: Place, message: string): void {
    if (this.problems.length < FILE_PROBLEMS_MAX) {
      this.problems.push({ file: this.#file, line: at.line, column: at.column, message });
    }
  }
}

/**
 * The documents of a YAML text, of which JSON is a special case. Whatever is wrong with the syntax, doubled keys and unknown tags
 * included, goes to `problems`. Documents without content are left out.
 */
export function readYaml(text: string, problems: ProblemList): readonly YamlValue[] {
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  let documents: readonly Document.Parsed[];
  try {
    // Keys are compared here instead of by the parser, whose comparison takes quadratic time.
    documents = [
      ...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false }),
    ];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    problems.add({ line: 1, column: 1 }, "is nested too deeply");
    return [];
  }
  for (const document of documents) {
    for (const { message, pos } of [...document.errors, ...document.warnings]) {
      problems.add(placeOf(pos[0]), message);
    }
  }
  if (problems.problems.length > 0) return [];
  return documents
    .map((document) => new Reader(document, placeOf, problems).value(document.contents))
    .filter(({ kind }) => kind !== "nothing");
}

class Reader {
  readonly #document: Document.Parsed;
  readonly #placeOf: (offset: number) => Place;
  readonly #problems: ProblemList;

  constructor(
    document: Document.Parsed,
    placeOf: (offset: number) => Place,
    problems: ProblemList,
  ) {
    this.#document = document;
    this.#placeOf = placeOf;
    this.#problems = problems;
  }

  value(node: Node | null | undefined, writtenAt?: Place): YamlValue {
    const at = this.#at(node, writtenAt);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target && !isAlias(target)) return { ...this.value(target), at };
      this.#problems.add(at, `*${node.source} names no value above it`);
      return { kind: "nothing", at };
    }
    if (isMap<Node, Node | null>(node)) {
      return { kind: "map", at, entries: () => [...this.#entries(node, 0).values()] };
    }
    if (isSeq<Node>(node)) {
      return { kind: "list", at, items: () => node.items.map((item) => this.value(item, at)) };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      return { kind: "scalar", at, value };
    }
    return { kind: "nothing", at };
  }

  /** Own entries win over merged ones, as merge keys are defined. */
  #entries(map: { readonly items: readonly Item[] }, depth: number): Map<string, Entry> {
    const own = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const { key: keyNode, value } of map.items) {
      const keyAt = this.#at(keyNode);
      const key = isScalar(keyNode) ? String(keyNode.value) : undefined;
      if (key === undefined) this.#problems.add(keyAt, "a key must be a text");
      else if (key === "<<") this.#merge(merged, value, { at: keyAt, depth });
      else if (own.has(key)) this.#problems.add(keyAt, `${JSON.stringify(key)} is given twice`);
      else own.set(key, { key, keyAt, value: this.value(value, keyAt) });
    }
    for (const [key, entry] of merged) if (!own.has(key)) own.set(key, entry);
    return own;
  }

  #merge(
    into: Map<string, Entry>,
    node: Node | null | undefined,
    { at, depth }: { readonly at: Place; readonly depth: number },
  ): void {
    const sources = isSeq<Node>(node) ? node.items : [node];
    for (const source of sources) {
      const target = isAlias(source) ? source.resolve(this.#document) : source;
      if (!isMap<Node, Node | null>(target) || depth >= MERGE_DEPTH_MAX) {
        this.#problems.add(at, "<< must name maps, and not itself");
        return;
      }
      for (const [key, entry] of this.#entries(target, depth + 1)) {
        if (!into.has(key)) into.set(key, entry);
      }
    }
  }

  #at(node: Node | null | undefined, fallback?: Place): Place {
    const offset = node?.range?.[0];
    return offset === undefined ? (fallback ?? { line: 1, column: 1 }) : this.#placeOf(offset);
  }
}

interface Item {
  readonly key: Node;
  readonly value: Node | null;
}
