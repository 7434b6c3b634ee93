import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { FileSource } from "../engine/config-load.ts";
import type { WatchedDirectory } from "./directory-watch.ts";
import { FILE_PROBLEMS_MAX, type FileProblem } from "./file-problem.ts";

/** Files of one directory. A ConfigMap, whose whole content is at most 1 MiB, holds far fewer. */
export const CONFIG_FILES_MAX = 1_000;
/** Bytes of one file: all that a ConfigMap may hold. */
export const CONFIG_FILE_BYTES_MAX = 1024 * 1024;
/** Bytes of all files together, so that a reload stays well below a second. */
export const CONFIG_DIRECTORY_BYTES_MAX = 8 * 1024 * 1024;
/** Model configs of all files together, so that a reload is one batch of the store. */
export const FILE_CONFIGS_MAX = 5_000;
/** Directories below each other. */
const DEPTH_MAX = 8;
/** Times that a directory is read which changes meanwhile. */
const READ_ATTEMPTS_MAX = 8;
/** Before the second attempt, in milliseconds; twice as long before each further one, all together below a second. */
const PAUSE_MS = 5;

/** What a directory of operator files holds: configs by model, or what is wrong. */
export interface DirectoryContent {
  /** Configs by model; empty with problems. */
  readonly configs: ReadonlyMap<string, FileSource>;
  readonly problems: readonly FileProblem[];
  readonly fileCount: number;
  /** Text that equals while nothing in the directory changes. */
  readonly fingerprint: string;
  /** Directories whose entries decide the content, symbolic links resolved. */
  readonly watched: readonly WatchedDirectory[];
}

interface Listing {
  readonly files: readonly { readonly file: string; readonly size: number; readonly ok: boolean }[];
  readonly fingerprint: string;
  readonly watched: readonly WatchedDirectory[];
}

/**
 * Reads every *.yaml, *.yml and *.json below a directory; names that start with a dot are left out, as Kubernetes keeps the versions
 * of a ConfigMap in such. All or nothing: one file with a problem is a problem of the whole. A directory that changes while it is
 * read is read again, so that no mixture of two versions is answered. A directory that cannot be read is a problem.
 */
export async function readConfigDirectory(directory: string): Promise<DirectoryContent> {
  let why = "";
  for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
    if (attempt > 0) await setTimeout(PAUSE_MS * 2 ** (attempt - 1));
    try {
      const before = await listDirectory(directory);
      const content = await readFiles(directory, before);
      const after = await listDirectory(directory);
      if (after.fingerprint === before.fingerprint) return content;
      why = "it keeps changing";
    } catch (error) {
      // A file may go between the listing and the look at it; what stays unreadable is a problem.
      why = error instanceof Error ? error.message : String(error);
    }
  }
  const problems = [wholeProblem("", `cannot read ${directory}: ${why}`)];
  return { configs: new Map(), problems, fileCount: 0, fingerprint: why, watched: [] };
}

/** The fingerprint that `readConfigDirectory` would answer now, without reading the files. */
export async function fingerprintOf(directory: string): Promise<string> {
  try {
    return (await listDirectory(directory)).fingerprint;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function listDirectory(directory: string): Promise<Listing> {
  const files: { file: string; size: number; ok: boolean }[] = [];
  const seen: string[] = [];
  const watched: WatchedDirectory[] = [];
  const note = async (path: string) => void watched.push({ path, inode: (await stat(path)).ino });
  const visit = async (below: string, depth: number): Promise<void> => {
    const path = join(directory, below);
    await note(await realpath(path));
    const names = (await readdir(path)).filter((name) => !name.startsWith(".")).sort();
    for (const name of names) {
      const file = below === "" ? name : `${below}/${name}`;
      const facts = await stat(join(directory, file));
      if (facts.isDirectory()) {
        if (depth < DEPTH_MAX) await visit(file, depth + 1);
        continue;
      }
      if (!/\.(ya?ml|json)$/i.test(name)) continue;
      files.push({ file, size: facts.size, ok: facts.isFile() });
      seen.push(
        `${file} ${facts.dev} ${facts.ino} ${facts.size} ${facts.mtimeMs} ${facts.ctimeMs}`,
      );
      if (files.length > CONFIG_FILES_MAX) return;
    }
  };
  await visit("", 0);
  const target = await realpath(join(directory, "..data")).catch(() => undefined);
  if (target !== undefined) await note(target);
  return { files, fingerprint: [target ?? "", ...seen].join("\n"), watched };
}

async function readFiles(directory: string, listing: Listing): Promise<DirectoryContent> {
  const { files, fingerprint, watched } = listing;
  const problems: FileProblem[] = tooMuch(listing);
  const configs = new Map<string, FileSource & { readonly place: string }>();
  // Not before there is a directory to read: the YAML parser takes megabytes.
  const { readConfigText } = await import("./config-text.ts");
  for (const { file } of problems.length > 0 ? [] : files) {
    const text = await readFile(join(directory, file), "utf8");
    const read = readConfigText(text, file);
    problems.push(...read.problems);
    for (const { config, at } of read.configs) {
      const place = `${file}:${at.line}`;
      const other = configs.get(config.modelName);
      if (other) {
        const message = `${config.modelName} has a config in ${other.place} too; keep one of them`;
        problems.push({ file, line: at.line, column: at.column, message });
      } else configs.set(config.modelName, { config, file, place });
    }
    if (problems.length >= FILE_PROBLEMS_MAX) break;
  }
  if (configs.size > FILE_CONFIGS_MAX) {
    problems.push(
      wholeProblem("", `holds ${configs.size} model configs; at most ${FILE_CONFIGS_MAX} fit`),
    );
  }
  const result = { fileCount: files.length, fingerprint, watched };
  if (problems.length > 0) {
    return { ...result, configs: new Map(), problems: problems.slice(0, FILE_PROBLEMS_MAX) };
  }
  const sources = [...configs].map(
    ([model, { config, file }]) => [model, { config, file }] as const,
  );
  return { ...result, configs: new Map(sources), problems };
}

function tooMuch({ files }: Listing): FileProblem[] {
  if (files.length > CONFIG_FILES_MAX) {
    return [wholeProblem("", `holds more than ${CONFIG_FILES_MAX} files`)];
  }
  const problems = files.flatMap(({ file, size, ok }) => {
    if (!ok) return [wholeProblem(file, "is no file")];
    if (size <= CONFIG_FILE_BYTES_MAX) return [];
    return [wholeProblem(file, `has ${size} bytes; at most ${CONFIG_FILE_BYTES_MAX} are read`)];
  });
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (problems.length === 0 && total > CONFIG_DIRECTORY_BYTES_MAX) {
    problems.push(
      wholeProblem(
        "",
        `the files have ${total} bytes; at most ${CONFIG_DIRECTORY_BYTES_MAX} are read`,
      ),
    );
  }
  return problems;
}

function wholeProblem(file: string, message: string): FileProblem {
  return { file, line: 0, column: 0, message };
}
