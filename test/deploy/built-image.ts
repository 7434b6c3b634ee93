// Builds what deploy/Dockerfile builds, without a container engine, and starts it as the image would be started.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { parseCopy, parseDockerfile, parseExec, parsePairs, textsOf } from "./dockerfile.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");

export const dockerfile = parseDockerfile(readFileSync(join(root, "deploy", "Dockerfile"), "utf8"));
const [first, last] = dockerfile.stages;
if (first === undefined || last === undefined) throw new Error("two stages are expected");
export const buildStage = first;
export const finalStage = last;

/** The variables that the image sets. */
export const imageVariables = parsePairs(textsOf(finalStage, "ENV"));

export interface BuiltImage {
  /** A directory of the test; `image/` in it is what the image has in /opt/attuned. */
  readonly scratch: string;
  /**
   * Runs the program of the image. `directories` maps directories of the container to directories below `scratch`, in
   * arguments and variables alike.
   */
  readonly start: (options: StartOptions) => ChildProcess;
  readonly remove: () => void;
}

export interface StartOptions {
  readonly args: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly directories: Readonly<Record<string, string>>;
}

/** Runs the build stage in a directory that holds exactly what its COPY instructions name. */
export async function buildImage(): Promise<BuiltImage> {
  // The real path, so that a socket in it stays as short as it looks.
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "attuned-")));
  for (const { keyword, text } of buildStage.instructions) {
    if (keyword === "COPY") copyInto(scratch, text);
    if (keyword === "RUN") await runIn(scratch, text);
  }
  const [, program = ""] = textsOf(finalStage, "ENTRYPOINT").flatMap(parseExec);
  return {
    scratch,
    start({ args, variables, directories }) {
      const moved = (text: string) =>
        Object.entries(directories).reduce(
          (result, [from, to]) => result.replace(from, join(scratch, to)),
          text,
        );
      const env = Object.entries({ ...Object.fromEntries(imageVariables), ...variables });
      return spawn(
        process.execPath,
        [program.replace("/opt/attuned/", `${scratch}/image/`), ...args.map(moved)],
        {
          cwd: scratch,
          stdio: ["ignore", "pipe", "pipe"],
          env: Object.fromEntries(env.map(([name, value]) => [name, moved(value)])),
        },
      );
    },
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** COPY of a directory copies what is in it; a file keeps its name. Directories are written with a slash at the end. */
function copyInto(scratch: string, text: string): void {
  const { sources, target } = parseCopy(text);
  for (const source of sources) {
    mkdirSync(join(scratch, target), { recursive: true });
    const to = source.endsWith("/") ? target : join(target, basename(source));
    cpSync(join(root, source), join(scratch, to), { recursive: true });
  }
}

/**
 * `npm ci` is not run in full, since the packages of this checkout come from the same lock file: what is run is its dry
 * run, which fails when lock file and manifest disagree, and then the installed packages are linked.
 */
async function runIn(scratch: string, command: string): Promise<void> {
  if (command.startsWith("npm ci")) {
    await run("npm", [...command.split(" ").slice(1), "--dry-run", "--offline"], { cwd: scratch });
    symlinkSync(join(root, "node_modules"), join(scratch, "node_modules"));
  } else {
    await run("sh", ["-c", command.replaceAll("/build/", `${scratch}/`)], { cwd: scratch });
  }
}

export interface Ready {
  readonly agents: string;
  readonly management: string;
}

/**
 * Waits for the line by which the daemon says that it serves, and takes its addresses from it; of an address that stands
 * for every one, loopback. Rejects with what the daemon logged when it ends instead.
 */
export function readyLine(daemon: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    daemon.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    daemon.stdout?.on("data", (chunk) => {
      stdout += chunk;
      const match = /^attuned ready agents=(\S+) management=(\S+) /m.exec(stdout);
      if (match?.[1] === undefined || match[2] === undefined) return;
      const [agents, management] = [match[1], match[2]].map((url) =>
        url.replace("0.0.0.0", "127.0.0.1"),
      );
      resolve({ agents: agents ?? "", management: management ?? "" });
    });
    daemon.on("exit", (code) => reject(new Error(`ended with ${code} before ready:\n${stderr}`)));
  });
}

/** The exit code of a process, or null when a signal ended it. */
export function exitCode(daemon: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => daemon.on("exit", resolve));
}
