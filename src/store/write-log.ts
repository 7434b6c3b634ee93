import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "./crc32c.ts";

// LevelDB's write-ahead log (its doc/log_format.md): blocks of 32 KiB, each a run of records. A record is the masked CRC-32C of type
// and data (4 bytes), the length of the data (2 bytes, little-endian), the type (1 byte, 1 to 4) and the data. What is left at the end
// of a block that holds no header is zero.
const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const TYPES_MAX = 4;
const MASK_DELTA = 0xa282ead8;

/** Where a log is damaged. */
export interface LogDamage {
  readonly file: string;
  /** Offset in bytes of the first record that cannot be read. */
  readonly offset: number;
}

/**
 * Looks for damage in the logs of a LevelDB directory. LevelDB itself passes over what it cannot read in a log, and removes it, so
 * that acknowledged writes would be gone without a word.
 *
 * A record that cannot be read is damage where a whole one comes after it. At the end of a log it is a write that `kill -9` or a power
 * failure cut off, which nobody was told of.
 */
export async function findLogDamage(location: string): Promise<LogDamage | undefined> {
  const names = await readdir(location).catch((): string[] => []);
  for (const file of names.filter((name) => name.endsWith(".log")).sort()) {
    const offset = damageOf(await readFile(join(location, file)));
    if (offset !== undefined) return { file, offset };
  }
  return undefined;
}

/** Offset of the first unreadable record of a log that a whole one follows; undefined where there is none. */
export function damageOf(log: Uint8Array): number | undefined {
  let suspect: number | undefined;
  for (let start = 0; start < log.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, log.length);
    let place = start;
    while (place + HEADER_BYTES <= end) {
      const next = endOfRecord(log, place, end);
      if (next !== undefined) {
        if (suspect !== undefined) return suspect;
        place = next;
      } else if (suspect === undefined && isUnwritten(log, place)) {
        break;
      } else {
        suspect ??= place;
        // The length may be what is wrong: the next record can begin anywhere.
        place += 1;
      }
    }
  }
  return undefined;
}

/** Where the record at a place ends; undefined where no whole record stands there. */
function endOfRecord(log: Uint8Array, place: number, blockEnd: number): number | undefined {
  const type = log[place + 6] ?? 0;
  const end = place + HEADER_BYTES + ((log[place + 4] ?? 0) | ((log[place + 5] ?? 0) << 8));
  if (type === 0 || type > TYPES_MAX || end > blockEnd) return undefined;
  return masked(crc32c(log, place + 6, end)) === unsigned(log, place) ? end : undefined;
}

/** Room that the file system gave and nothing was written to. */
function isUnwritten(log: Uint8Array, place: number): boolean {
  return log.subarray(place, place + HEADER_BYTES).every((byte) => byte === 0);
}

/** LevelDB rotates its checksums and adds a constant, because data that holds checksums of its own makes poor ones. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

function unsigned(bytes: Uint8Array, place: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(place, true);
}
