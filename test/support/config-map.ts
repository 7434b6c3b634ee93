import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Files by path. */
export type Files = Readonly<Record<string, string>>;

/** A directory as kubelet mounts a ConfigMap: files are symbolic links through `..data`, which is swapped at once. */
export interface ConfigMap extends Disposable {
  readonly directory: string;
  /** Puts other content in place of all there is, the way kubelet does. */
  swap(files: Files): void;
}

export function createConfigMap(files: Files): ConfigMap {
  const directory = mkdtempSync(join(tmpdir(), "attuned-config-map-"));
  let version = 0;
  const links = new Set<string>();
  const put = (content: Files) => {
    version += 1;
    const target = `..version-${version}`;
    for (const [path, text] of Object.entries(content)) {
      mkdirSync(dirname(join(directory, target, path)), { recursive: true });
      writeFileSync(join(directory, target, path), text);
    }
    mkdirSync(join(directory, target), { recursive: true });
    symlinkSync(target, join(directory, "..data_tmp"));
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
    const tops = new Set(Object.keys(content).map((path) => path.split("/")[0] ?? path));
    for (const top of tops) {
      if (!links.has(top)) symlinkSync(join("..data", top), join(directory, top));
      links.add(top);
    }
    for (const link of links) {
      if (tops.has(link)) continue;
      rmSync(join(directory, link));
      links.delete(link);
    }
    if (version > 1) rmSync(join(directory, `..version-${version - 1}`), { recursive: true });
  };
  put(files);
  return {
    directory,
    swap: put,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
