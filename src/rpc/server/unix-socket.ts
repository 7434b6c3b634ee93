import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";

/** Longest path of a Unix socket in bytes: `sun_path` holds 108 on Linux and 104 elsewhere, with the closing zero. */
export const SOCKET_PATH_BYTES_MAX = 103;

/** What lies at the path of a socket that is to be made. */
export type SocketPathUse = "free" | "stale" | "served" | "not-a-socket";

/** Finds out whether a socket may be made at `path`: a socket nobody accepts connections on is left over from a crash. */
export async function socketPathUse(path: string): Promise<SocketPathUse> {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return "free";
  if (!entry.isSocket()) return "not-a-socket";
  return (await accepts(path)) ? "served" : "stale";
}

/** Removes a left-over socket. Another process may have been faster, which is as good. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

/**
 * Sets who may connect. Node makes the socket with the process's umask, which leaves writing, and so connecting, to the owner
 * unless it is looser than usual; the directory is the second fence.
 */
export function setSocketMode(path: string, mode: number): void {
  chmodSync(path, mode);
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      // Only these two say that nobody listens. A full backlog or missing rights say that somebody does.
      resolve(!("code" in error && (error.code === "ECONNREFUSED" || error.code === "ENOENT")));
    });
  });
}
