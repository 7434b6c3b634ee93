// `npm run bundle`: one file to ship, dist/attuned.mjs, that starts from an otherwise empty directory. Beside it lie the
// native part of LevelDB for this platform, a small package.json, and the licences of what was bundled.
//
// Options: --entry FILE (a module that exports `main`, default src/main.ts) and --out DIRECTORY (default dist).
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type Metafile, type Plugin } from "esbuild";

const root = dirname(import.meta.dirname);
const require = createRequire(import.meta.url);

// CommonJS packages inside an ES module need these three. The names are unusual, since the bundle may not declare them
// again. `__dirname` is the directory of the bundle: there node-gyp-build looks for `prebuilds/`.
const banner = `#!/usr/bin/env node
import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`;

/**
 * Refuses sources of ours that find a file relative to themselves: that path means another place once everything is one
 * file, and the mistake would show only on a machine without the checkout. JSON is imported instead, which bundles it.
 */
const refuseRelativeFiles: Plugin = {
  name: "refuse-relative-files",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path.includes("/node_modules/")) return null;
      const source = await readFile(path, "utf8");
      const found = /import\.meta\.(dirname|filename|url)/.exec(source);
      if (found === null) return null;
      const text = `${found[0]} is another place in the bundle: import what is read, so that it is bundled`;
      return { errors: [{ text, location: { file: relative(root, path) } }] };
    });
  },
};

async function bundle({ entry, out }: { entry: string; out: string }): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const { metafile } = await build({
    stdin: {
      contents: `import { main } from ${JSON.stringify(entry)};\nawait main();\n`,
      resolveDir: root,
      sourcefile: "bundle-entry.js",
    },
    outfile: join(out, "attuned.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    banner: { js: banner },
    legalComments: "none",
    metafile: true,
    plugins: [refuseRelativeFiles],
  });
  await chmod(join(out, "attuned.mjs"), 0o755);
  const packages = packagesOf(metafile);
  await writeFile(join(out, "package.json"), await packageManifest());
  await writeFile(join(out, "THIRD_PARTY_LICENSES"), await licencesOf(packages));
  await cp(join(root, "LICENSE"), join(out, "LICENSE"));
  if (packages.has("classic-level")) await copyNativePart(out);
}

/** Copies the prebuilt LevelDB of this platform. Another platform gets its own by bundling there. */
async function copyNativePart(out: string): Promise<void> {
  const home = dirname(require.resolve("classic-level/package.json"));
  const findPrebuilt: { path: (directory: string) => string } = require("node-gyp-build");
  const folder = relative(home, dirname(findPrebuilt.path(home)));
  if (!folder.startsWith("prebuilds"))
    throw new Error(`bundle: no prebuilt LevelDB for ${process.platform}-${process.arch}`);
  await cp(join(home, folder), join(out, folder), { recursive: true });
}

/** The npm packages that the bundle contains, each with its directory. */
function packagesOf(metafile: Metafile): Map<string, string> {
  const found = new Map<string, string>();
  for (const input of Object.keys(metafile.inputs)) {
    const match = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(input);
    if (match?.[1] !== undefined && match[2] !== undefined) found.set(match[2], resolve(match[1]));
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the licences of bundled packages ask for: their texts travel with the copy. */
async function licencesOf(packages: ReadonlyMap<string, string>): Promise<string> {
  const parts: string[] = [];
  for (const [name, home] of packages) {
    const { version, license } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
    const texts: string[] = [];
    for (const file of ["LICENSE", "LICENSE.md", "LICENCE", "license", "NOTICE"]) {
      const text = await readFile(join(home, file), "utf8").catch(() => undefined);
      if (text !== undefined) texts.push(text.trim());
    }
    parts.push([`${name} ${version} (${license})`, ...texts].join("\n\n"));
  }
  return `${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

async function packageManifest(): Promise<string> {
  const { name, version, description, license } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  const manifest = {
    name,
    version,
    description,
    license,
    type: "module",
    bin: { attuned: "attuned.mjs" },
    engines: { node: ">=24" },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

const { values } = parseArgs({
  options: {
    entry: { type: "string", default: join(root, "src", "main.ts") },
    out: { type: "string", default: join(root, "dist") },
  },
});
try {
  await bundle({ entry: resolve(values.entry), out: resolve(values.out) });
  console.log(`bundle: ${join(values.out, "attuned.mjs")}`);
} catch (error) {
  // esbuild has printed what is wrong in the sources, each with its place.
  if (!(error instanceof Error && "errors" in error)) throw error;
  process.exitCode = 1;
}
