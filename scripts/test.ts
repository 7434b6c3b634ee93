import { relative } from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { parseCLI, startVitest } from "vitest/node";

/**
 * Runs all tests, or those that the arguments select as those of `vitest run` do. Prints every skipped test with its reason, and as
 * the last line how many passed and failed: a file that cannot be loaded and an error outside of any test count as failures.
 */
const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
const count = { passed: 0, failed: 0, skipped: 0 };

const summary: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    for (const module of modules) countModule(module);
    count.failed += unhandledErrors.length;
  },
};

const vitest = await startVitest("test", filter, {
  ...options,
  watch: false,
  reporters: ["default", summary],
});
await vitest.close();
if (count.passed + count.failed + count.skipped === 0) {
  console.log("no test ran");
  count.failed = 1;
}
const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
process.exitCode = count.failed > 0 ? 1 : 0;
// Written last of all: what reads this output looks at its last line.
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);

function countModule(module: TestModule): void {
  count.failed += module.errors().length;
  for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === "passed" || result.state === "failed") count[result.state] += 1;
    else if (result.state === "skipped") noteSkipped(test, result.note);
    // A test that never ran, because its set-up failed or the run was cut short.
    else count.failed += 1;
  }
}

function hasFailedSuite(test: TestCase): boolean {
  for (let parent = test.parent; parent.type === "suite"; parent = parent.parent)
    if (parent.errors().length > 0) return true;
  return false;
}

function noteSkipped(test: TestCase, note: string | undefined): void {
  count.skipped += 1;
  // What a pattern on the command line leaves out is not news.
  if (options.testNamePattern !== undefined) return;
  const place = relative(process.cwd(), test.module.moduleId);
  const reason = note ?? (hasFailedSuite(test) ? "its set-up failed" : "no reason given there");
  console.log(`skipped: ${place}: ${test.fullName}: ${reason}`);
}
