import { describe, expect, test } from "vitest";
import { FAULT_STATUS } from "../src/domain/kernel/fault-reason.ts";
import { ErrorReasonSchema } from "../src/gen/attuned/v1/error_reason_pb.ts";
import {
  codeMatches,
  importsOf,
  longFunctions,
  matches,
  type Place,
  readSourceTree,
  type SourceFile,
} from "./support/source-tree.ts";

/**
 * The house rules that no compiler or linter holds, as two tables: what each folder of src may import, and what no file may hold. A
 * line that fails names the place and the remedy.
 */
interface Layer {
  readonly folder: string;
  /** Folders or files below src. */
  readonly may: readonly string[];
  /** Packages; one that ends in a colon or slash stands for all that begin so. */
  readonly packages: readonly string[];
  readonly because: string;
}

const PROTOBUF = ["@bufbuild/protobuf"];
const CONNECT = [...PROTOBUF, "@connectrpc/connect", "@connectrpc/connect-node"];
const LAYERS: readonly Layer[] = [
  { folder: "stats", may: [], packages: [], because: "mathematics outlives the product" },
  {
    folder: "domain",
    may: ["stats"],
    packages: [],
    because: "decisions must follow from values alone",
  },
  {
    folder: "platform",
    may: [],
    packages: ["node:"],
    because:
      "it is the only home of clocks, timers, randomness and logging, and knows nothing else",
  },
  {
    folder: "store",
    may: ["domain", "gen/attuned/storage", "platform"],
    packages: [...PROTOBUF, "abstract-level", "level", "node:"],
    because: "bytes in, domain values out",
  },
  {
    folder: "engine",
    may: ["store", "domain", "stats", "platform", "gen/attuned/storage"],
    packages: [...PROTOBUF, "node:"],
    because: "the single writer knows neither who asks nor who decides",
  },
  {
    folder: "optimizer",
    may: ["engine", "domain", "stats", "platform", "store/keys.ts"],
    packages: [],
    because: "it decides through domain and acts through engine",
  },
  {
    folder: "metrics",
    may: ["engine", "domain"],
    packages: ["prom-client"],
    because: "one folder is the whole contract of metrics",
  },
  {
    folder: "rpc",
    may: ["engine", "domain", "stats", "platform", "gen", "store/keys.ts"],
    packages: [...CONNECT, "node:", "yaml"],
    because: "a door decodes, calls the engine once and encodes",
  },
  {
    folder: "files",
    may: ["engine", "domain", "platform"],
    packages: ["node:", "yaml"],
    because: "a door that reads files decodes, and hands the engine a change",
  },
  {
    folder: "gateway",
    may: ["gen", "domain", "platform"],
    packages: [...CONNECT, "node:"],
    because: "a door is given what it serves by app, and never imports another door",
  },
  {
    folder: "cli",
    may: ["gen", "domain/kernel"],
    packages: [...CONNECT, "node:", "yaml"],
    because: "what the command line needs, the public contract must offer",
  },
  {
    folder: "app",
    may: [
      "domain",
      "engine",
      "files",
      "gateway",
      "gen",
      "metrics",
      "optimizer",
      "platform",
      "rpc",
      "store",
    ],
    packages: ["node:", "yaml"],
    because: "it wires everything, and only main imports it",
  },
  {
    folder: "main.ts",
    may: ["app", "cli"],
    packages: ["node:"],
    because: "it only touches the process",
  },
];

interface Rule {
  readonly name: string;
  readonly applies: (path: string) => boolean;
  readonly find: (file: SourceFile) => readonly Place[];
  readonly remedy: string;
}

const isTypeScript = (path: string) => path.endsWith(".ts") && !path.startsWith("src/gen/");
const isTest = (path: string) => /\.test\.ts$|-fixtures\.ts$|^test\//.test(path);
const isSource = (path: string) => isTypeScript(path) && path.startsWith("src/") && !isTest(path);
const isCore = (path: string) => isSource(path) && /^src\/(domain|stats)\//.test(path);
const isShell = (path: string) =>
  isSource(path) && /^src\/(engine|optimizer|rpc|gateway|metrics|store)\//.test(path);
/** Written in halves, so that the table does not find itself. */
const UNFINISHED = new RegExp(
  ["TO" + "DO", "FIX" + "ME", "XX" + "X"].map((w) => `\\b${w}\\b`).join("|"),
);
const MACHINE_PATH = new RegExp(
  ["wo" + "rk", "ro" + "ot"].map((w) => `(?<![\\w.~-])/${w}/`).join("|"),
);

const RULES: readonly Rule[] = [
  {
    name: "a file is named for the noun it defines",
    applies: isTypeScript,
    find: ({ path }) => {
      const words = [...path.split(/[/.-]/), ...(path.endsWith("/index.ts") ? ["barrel"] : [])];
      const banned = words.filter((word) =>
        /^(utils?|helpers?|common|misc|managers?|types|impl|barrel)$/.test(word),
      );
      return banned.map((what) => ({ line: 1, what }));
    },
    remedy: "name the concept",
  },
  {
    name: "a source file has at most 400 lines",
    applies: isSource,
    find: ({ lines }) =>
      lines.length > 401 ? [{ line: 401, what: `${lines.length - 1} lines` }] : [],
    remedy: "split it by noun",
  },
  {
    name: "a test, script or bench file has at most 450 lines",
    applies: (path) => isTypeScript(path) && !isSource(path),
    find: ({ lines }) =>
      lines.length > 451 ? [{ line: 451, what: `${lines.length - 1} lines` }] : [],
    remedy: "split it by subject",
  },
  {
    name: "a function has at most 70 lines",
    // The wiring is one straight line on purpose: split up, it would only hand a wide state around.
    applies: (path) => isSource(path) && path !== "src/app/app.ts",
    find: (file) => longFunctions(file, 70),
    remedy: "give its parts names and functions of their own",
  },
  {
    name: "nothing is exported by default or from elsewhere",
    applies: (path) => isTypeScript(path) && path !== "vitest.config.ts",
    find: (file) => matches(file, /^export (?:default\b|\*|(?:type )?\{.*\} from)/),
    remedy: "export it by name, from the file that defines it",
  },
  {
    name: "nothing is left for later",
    applies: (path) => path !== "package-lock.json",
    find: (file) => matches(file, UNFINISHED),
    remedy: "do it, or file an issue",
  },
  {
    name: "the core is synchronous",
    applies: isCore,
    find: (file) => codeMatches(file, /\b(?:async|await|Promise)\b/),
    remedy: "let the engine wait, and hand the value in",
  },
  {
    name: "time and chance come into the core as values",
    applies: isCore,
    find: (file) =>
      codeMatches(
        file,
        /\b(?:Date|performance|process|setTimeout|setInterval)\b|Math\.random|crypto\b/,
      ),
    remedy: "take it as a parameter",
  },
  {
    name: "the shell takes its clock, timers and chance from the platform",
    applies: isShell,
    find: (file) =>
      codeMatches(
        file,
        /\bDate\.now\b|new Date\(\)|\bperformance\.|(?<![.\w])set(?:Timeout|Interval)\(|Math\.random|\brandom(?:Bytes|UUID|Int)\(|\bprocess\./,
      ),
    remedy: "use platform.clock, platform.timers or platform.random",
  },
  {
    name: "only main ends the process",
    applies: (path) => isSource(path) && path !== "src/main.ts",
    find: (file) => codeMatches(file, /\bprocess\.(?:exit|on|kill)\b/),
    remedy: "throw, or return a code",
  },
  {
    name: "no check is switched off",
    applies: (path) => isTypeScript(path),
    find: (file) =>
      matches(file, /@ts-(?:ignore|nocheck|expect-error)|\b(?:test|it|describe)\.only\(/),
    remedy: "mend what the check finds",
  },
  {
    name: "comments have no banners",
    applies: isTypeScript,
    find: (file) => matches(file, /^\s*(?:\/\/|\*)\s*[-=*#~]{4,}/),
    remedy: "split the file where a banner seems needed",
  },
  {
    name: "a document has one title",
    applies: (path) => path === "README.md" || (path.startsWith("docs/") && path.endsWith(".md")),
    find: (file) => {
      const prose = file.text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ""));
      const titles = matches({ ...file, lines: prose.split("\n") }, /^# .*/);
      return titles.length === 1 ? [] : [{ line: 1, what: `${titles.length} lines with one #` }];
    },
    remedy: "begin with one # line, and use ## below it",
  },
  {
    name: "no path of a machine is committed",
    applies: (path) => path !== "package-lock.json",
    find: (file) => matches(file, MACHINE_PATH),
    remedy: "write it relative to the project",
  },
];

const files = readSourceTree();

describe("the layers of src", () => {
  test("every folder has a row", () => {
    const folders = new Set(
      files.filter(({ path }) => isSource(path)).map(({ path }) => path.split("/")[1]),
    );
    expect([...folders].toSorted()).toStrictEqual(LAYERS.map(({ folder }) => folder).toSorted());
  });

  test.each(LAYERS)("$folder imports only what it may: $because", ({ folder, may, packages }) => {
    const own = files.filter(
      ({ path }) =>
        isSource(path) && (path === `src/${folder}` || path.startsWith(`src/${folder}/`)),
    );
    expect(own).not.toHaveLength(0);
    const allowed = [folder, ...may].map((part) => `src/${part}`);
    const isAllowed = (what: string) =>
      what === "package.json"
        ? folder === "app"
        : what.startsWith("src/")
          ? allowed.some((part) => what === part || what.startsWith(`${part}/`))
          : packages.some((name) => what === name || what.startsWith(name.replace(/(?<!:)$/, "/")));
    expect(
      own.flatMap((file) =>
        importsOf(file)
          .filter(({ what }) => !isAllowed(what))
          .map((place) => shown(file, place)),
      ),
    ).toStrictEqual([]);
  });

  test("what is made for tests is imported by tests only", () => {
    const made = files.filter(({ path }) => isSource(path));
    expect(
      made.flatMap((file) =>
        importsOf(file)
          .filter(({ what }) => what.startsWith("test/") || isTest(what))
          .map((place) => shown(file, place)),
      ),
    ).toStrictEqual([]);
  });
});

describe("the house rules", () => {
  test.each(RULES)("$name; else $remedy", ({ applies, find }) => {
    const checked = files.filter(({ path }) => applies(path));
    expect(checked).not.toHaveLength(0);
    expect(checked.flatMap((file) => find(file).map((place) => shown(file, place)))).toStrictEqual(
      [],
    );
  });

  test("every reason of a fault is in the contract, and the other way round", () => {
    const inContract = ErrorReasonSchema.values
      .map(({ name }) => name.replace("ERROR_REASON_", ""))
      .filter((name) => name !== "UNSPECIFIED");
    expect(inContract.toSorted()).toStrictEqual(Object.keys(FAULT_STATUS).toSorted());
  });
});

function shown({ path }: SourceFile, { line, what }: Place): string {
  return `${path}:${line} ${what}`;
}
