#!/usr/bin/env node
// Starts attuned on a Node that can run it. The sources are TypeScript that Node 24 runs directly; where the `node` on PATH
// is older, the one that npm installed beside this package (an optional dependency per platform) takes over.
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_MIN) {
  module.enableCompileCache?.(join(root, "node_modules", ".cache", "attuned"));
  const { main } = await import("../src/main.ts");
  await main();
} else {
  const { spawn } = await import("node:child_process");
  const node = join(
    root,
    "node_modules",
    ".bin",
    process.platform === "win32" ? "node.cmd" : "node",
  );
  if (!existsSync(node)) {
    process.stderr.write(
      `attuned: needs Node ${NODE_MAJOR_MIN} or newer, found ${process.version} and no bundled Node for ${process.platform}-${process.arch}. Install Node ${NODE_MAJOR_MIN}, then run it again.\n`,
    );
    process.exit(1);
  }
  // A bounded young generation: docs/operations.md says what it takes and why.
  const child = spawn(node, ["--max-semi-space-size=8", ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 1)));
}
