import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

/** A package that the catalog is made from, pinned to one version and one content. */
export type PinnedPackage = {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly licence: string;
  readonly use: string;
  readonly notice: string;
};

/**
 * Fetches the tarball of a pinned package with npm, without installing it or running its
 * scripts, checks its content against the pin, and unpacks it. Returns the package's folder.
 * Throws when npm fails or the content is another one.
 */
export function unpackPackage(pin: PinnedPackage, folder: string): string {
  const run = spawnSync(
    "npm",
    ["pack", `${pin.name}@${pin.version}`, "--json", "--ignore-scripts"],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  if (run.status !== 0) throw new Error(`npm pack ${pin.name} failed: ${run.stderr}`);
  const [packed] = JSON.parse(run.stdout) as { filename: string }[];
  if (packed === undefined) throw new Error(`npm pack ${pin.name} named no file`);
  const tarball = readFileSync(join(folder, packed.filename));
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  if (integrity !== pin.integrity) {
    throw new Error(`${pin.name}@${pin.version} is ${integrity}, pinned is ${pin.integrity}`);
  }
  const target = join(folder, pin.name.replace(/\W/g, "_"));
  for (const [path, content] of readTar(gunzipSync(tarball))) {
    const file = resolve(target, path);
    if (!file.startsWith(`${resolve(target)}/`)) throw new Error(`${path} leaves the folder`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return join(target, "package");
}

/** The regular files of a tar archive. */
function* readTar(archive: Buffer): Generator<readonly [string, Buffer]> {
  let offset = 0;
  while (offset + 512 <= archive.length) {
    const header = archive.subarray(offset, offset + 512);
    const text = (start: number, end: number): string =>
      header.subarray(start, end).toString("utf8").replace(/\0.*$/s, "");
    const name = text(0, 100);
    if (name === "") return;
    const size = Number.parseInt(text(124, 136).trim() || "0", 8);
    const prefix = text(345, 500);
    const type = text(156, 157);
    const start = offset + 512;
    if (type === "0" || type === "") {
      const path = prefix === "" ? name : `${prefix}/${name}`;
      yield [path, archive.subarray(start, start + size)];
    }
    offset = start + Math.ceil(size / 512) * 512;
  }
}
