import { type FSWatcher, watch } from "node:fs";
import type { Timers } from "../platform/timers.ts";

/** A directory, told apart from another one that takes its place. */
export interface WatchedDirectory {
  readonly path: string;
  readonly inode: number;
}

export interface DirectoryWatchOptions {
  readonly timers: Timers;
  /** From the first sign of a change until `onChange`, so that the many signs of one change count once. */
  readonly settleMs: number;
  /** Called after every change, and never twice at once for one change. */
  readonly onChange: () => void;
}

/**
 * Tells of changes in a set of directories. Where the system cannot watch one, or loses it, nothing is told of it: whoever needs to
 * know for certain looks from time to time as well.
 */
export class DirectoryWatch {
  readonly #options: DirectoryWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #cancelSettling: (() => void) | undefined;

  constructor(options: DirectoryWatchOptions) {
    this.#options = options;
  }

  /** Watches exactly these directories from now on. */
  follow(directories: readonly WatchedDirectory[]): void {
    const wanted = new Map(directories.map((one) => [`${one.inode} ${one.path}`, one.path]));
    for (const [id, watcher] of this.#watchers) {
      if (wanted.has(id)) continue;
      this.#watchers.delete(id);
      watcher.close();
    }
    for (const [id, path] of wanted) if (!this.#watchers.has(id)) this.#open(id, path);
  }

  close(): void {
    this.follow([]);
    this.#cancelSettling?.();
  }

  #open(id: string, path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => this.#settle());
      watcher.on("error", () => {
        watcher.close();
        this.#watchers.delete(id);
        this.#settle();
      });
      this.#watchers.set(id, watcher);
    } catch {
      // The directory went away, or the system has no more watches: the looks from time to time have to do.
    }
  }

  #settle(): void {
    if (this.#cancelSettling) return;
    const { timers, settleMs, onChange } = this.#options;
    this.#cancelSettling = timers.after(settleMs, () => {
      this.#cancelSettling = undefined;
      onChange();
    });
  }
}
