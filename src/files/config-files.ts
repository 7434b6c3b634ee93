import type { FileSource } from "../engine/config-load.ts";
import type { FileReload } from "../engine/file-changes.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Timers } from "../platform/timers.ts";
import { type DirectoryContent, fingerprintOf, readConfigDirectory } from "./config-directory.ts";
import { DirectoryWatch } from "./directory-watch.ts";
import { type FileProblem, problemText } from "./file-problem.ts";

/** From the first sign of a change until the files are read, in milliseconds: the many signs of one change count once. */
const SETTLE_MS = 20;
/** Between two looks at the directory where no sign came, in milliseconds. */
const POLL_INTERVAL_MS = 5_000;

/** What is in force, and what was refused. */
export interface ConfigFilesStatus {
  readonly directory: string;
  readonly fileCount: number;
  readonly modelCount: number;
  /** Revision of the last load that changed a config; 0 where none ever did. */
  readonly revision: number;
  readonly loadedAtMs: number;
  /** Why the present content is not in force; empty where it is. */
  readonly problems: readonly FileProblem[];
  readonly refusedAtMs: number | undefined;
  readonly reloads: Readonly<Record<ReloadResult, number>>;
}

/** What became of a reload: `unchanged` read the same configs again, `failure` kept the old ones. */
export type ReloadResult = "success" | "unchanged" | "failure";

/** The operator files cannot be read or are wrong, and there is no earlier content to keep. */
export class ConfigFilesError extends Error {
  override readonly name = "ConfigFilesError";
  readonly problems: readonly FileProblem[];

  constructor(directory: string, problems: readonly FileProblem[]) {
    const [first] = problems;
    const more =
      problems.length > 1 ? ` (and ${problems.length - 1} more; see attuned config check)` : "";
    super(
      `the files of ${directory} are not valid: ${first ? problemText(first) : "unreadable"}${more}`,
    );
    this.problems = problems;
  }
}

export interface ConfigFilesDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

/** Puts configs in force; answers what that changed. */
export type ApplyFiles = (files: ReadonlyMap<string, FileSource>) => Promise<FileReload>;

/**
 * The operator files of one directory: read at the start, then again whenever they change. A reload is all or nothing; while the
 * content is invalid, or cannot be stored, what was in force stays.
 */
export class ConfigFiles {
  readonly #directory: string;
  readonly #deps: ConfigFilesDeps;
  readonly #watch: DirectoryWatch;
  readonly #reloads: Record<ReloadResult, number> = { success: 0, unchanged: 0, failure: 0 };
  #content: DirectoryContent;
  #problems: readonly FileProblem[] = [];
  #refusedAtMs: number | undefined;
  #loadedAtMs: number;
  #revision = 0;
  /** The directory as it was last looked at, valid or not. */
  #fingerprint: string;
  #apply: ApplyFiles | undefined;
  #reloading: Promise<ReloadResult> = Promise.resolve("unchanged");
  #cancelPoll: (() => void) | undefined;
  #closed = false;

  private constructor(directory: string, content: DirectoryContent, deps: ConfigFilesDeps) {
    this.#directory = directory;
    this.#deps = deps;
    this.#content = content;
    this.#fingerprint = content.fingerprint;
    this.#loadedAtMs = deps.clock.nowMs();
    this.#watch = new DirectoryWatch({
      timers: deps.timers,
      settleMs: SETTLE_MS,
      onChange: () => void this.#reloadIfChanged(),
    });
  }

  /** Reads the directory. Errors: ConfigFilesError where anything is wrong. */
  static async open(directory: string, deps: ConfigFilesDeps): Promise<ConfigFiles> {
    const content = await readConfigDirectory(directory);
    if (content.problems.length > 0) throw new ConfigFilesError(directory, content.problems);
    return new ConfigFiles(directory, content, deps);
  }

  /** Configs by model, as last accepted. */
  get configs(): ReadonlyMap<string, FileSource> {
    return this.#content.configs;
  }

  get status(): ConfigFilesStatus {
    return {
      directory: this.#directory,
      fileCount: this.#content.fileCount,
      modelCount: this.#content.configs.size,
      revision: this.#revision,
      loadedAtMs: this.#loadedAtMs,
      problems: this.#problems,
      refusedAtMs: this.#refusedAtMs,
      reloads: this.#reloads,
    };
  }

  /** Follows the directory from now on. `revision` is that of the content read at the start. */
  start(revision: number, apply: ApplyFiles): void {
    this.#revision = revision;
    this.#apply = apply;
    this.#watch.follow(this.#content.watched);
    this.#armPoll();
    // A change between the first read and this moment gave no sign.
    void this.#reloadIfChanged();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    this.#cancelPoll?.();
    await this.#reloading;
  }

  /** Reads the directory again, whether or not it shows a change. Reloads that are asked for at once run one after the other. */
  reload(): Promise<ReloadResult> {
    this.#reloading = this.#reloading.then(() => this.#reloadNow());
    return this.#reloading;
  }

  async #reloadIfChanged(): Promise<void> {
    await this.#reloading;
    if (this.#closed || (await fingerprintOf(this.#directory)) === this.#fingerprint) return;
    await this.reload();
  }

  async #reloadNow(): Promise<ReloadResult> {
    if (this.#closed || !this.#apply) return "unchanged";
    const content = await readConfigDirectory(this.#directory);
    this.#fingerprint = content.fingerprint;
    this.#watch.follow(content.watched);
    const result = await this.#take(content, this.#apply);
    this.#reloads[result] += 1;
    return result;
  }

  async #take(content: DirectoryContent, apply: ApplyFiles): Promise<ReloadResult> {
    const { log, clock } = this.#deps;
    if (content.problems.length > 0) return this.#refuse(content.problems);
    let reload: FileReload;
    try {
      reload = await apply(content.configs);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // The next look finds a difference and tries again.
      this.#fingerprint = "";
      return this.#refuse([{ file: "", line: 0, column: 0, message }]);
    }
    this.#content = content;
    this.#loadedAtMs = clock.nowMs();
    this.#problems = [];
    this.#refusedAtMs = undefined;
    if (reload.models.length === 0) return "unchanged";
    this.#revision = reload.revision;
    log.info("config files loaded", {
      directory: this.#directory,
      revision: reload.revision,
      models: reload.models.slice(0, 10).join(", "),
      modelCount: reload.models.length,
      changes: reload.changeCount,
    });
    return "success";
  }

  #refuse(problems: readonly FileProblem[]): ReloadResult {
    this.#problems = problems;
    this.#refusedAtMs = this.#deps.clock.nowMs();
    const [first] = problems;
    this.#deps.log.error("config files refused; the content before stays in force", {
      directory: this.#directory,
      problem: first ? problemText(first) : "",
      problems: problems.length,
    });
    return "failure";
  }

  #armPoll(): void {
    this.#cancelPoll = this.#deps.timers.after(POLL_INTERVAL_MS, () => {
      void this.#reloadIfChanged().finally(() => {
        if (!this.#closed) this.#armPoll();
      });
    });
  }
}
