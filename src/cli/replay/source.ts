import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { CommandFailed } from "../failure.ts";
import type { CliIo } from "../io.ts";

/** A file or stdin, as bytes. */
export interface Source {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of a regular file; undefined for a stream, whose end is not known. */
  readonly totalBytes: number | undefined;
}

/** Small, so that the share of a packed file that is worked off grows in small steps. */
const READ_BYTES = 16_384;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "no permission",
  EISDIR: "it is a directory",
};

/** Opens a file, or stdin for `-`. CommandFailed where it cannot be read. */
export async function openSource(path: string, io: CliIo): Promise<Source> {
  if (path === "-") {
    io.signal.addEventListener("abort", () => io.stdin.destroy?.(), { once: true });
    return { chunks: io.stdin, totalBytes: undefined };
  }
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw Object.assign(new Error("directory"), { code: "EISDIR" });
    return {
      chunks: readFile(path),
      totalBytes: facts.isFile() ? facts.size : undefined,
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The whole text of a file or of stdin, at most `maxBytes`. */
export async function readText(path: string, maxBytes: number, io: CliIo): Promise<string> {
  const { chunks } = await openSource(path, io);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > maxBytes) throw new CommandFailed(`${path} is larger than ${maxBytes} bytes`);
    parts.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

/** The error of a file that cannot be read, in words. */
function unreadable(path: string, error: unknown): CommandFailed {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  return new CommandFailed(`cannot read ${path}: ${REASONS[code] ?? message}`);
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw unreadable(path, error);
  }
}
