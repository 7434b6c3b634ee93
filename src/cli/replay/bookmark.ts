import { createHash } from "node:crypto";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import type { ReplayUnit } from "./run.ts";

/** How far a replay of a file came: every line, or every record, up to the number was answered. */
interface Bookmark extends Partial<Readonly<Record<ReplayUnit, number>>> {
  /** Digest of the first bytes of the file: another file of the same name is not taken for it. */
  readonly head: string;
}

const HEAD_BYTES = 4096;

/** Remembers beside a file how far its replay came, so that one that was cut off goes on there. */
export class BookmarkFile {
  readonly #path: string;
  readonly #unit: ReplayUnit;
  readonly #head: string;

  private constructor(path: string, unit: ReplayUnit, head: string) {
    this.#path = path;
    this.#unit = unit;
    this.#head = head;
  }

  /** For a file that exists. What was remembered in another unit is not known. */
  static async of(path: string, unit: ReplayUnit): Promise<BookmarkFile> {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex");
      return new BookmarkFile(`${path}.attuned-replay`, unit, head);
    } finally {
      await file.close();
    }
  }

  get path(): string {
    return this.#path;
  }

  /** The number that was reached; 0 where nothing is remembered of this file. */
  async read(): Promise<number> {
    const text = await readFile(this.#path, "utf8").catch(() => "");
    try {
      const { [this.#unit]: number, head } = JSON.parse(text) as Partial<Bookmark>;
      return head === this.#head && Number.isSafeInteger(number) ? (number ?? 0) : 0;
    } catch {
      return 0;
    }
  }

  /** Remembers a number. A directory that cannot be written is no reason to fail. */
  async write(number: number): Promise<void> {
    const bookmark: Bookmark = { [this.#unit]: number, head: this.#head };
    const temporary = `${this.#path}.new`;
    await writeFile(temporary, `${JSON.stringify(bookmark)}\n`)
      .then(() => rename(temporary, this.#path))
      .catch(() => undefined);
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}
