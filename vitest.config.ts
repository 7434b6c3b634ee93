import { defineConfig } from "vitest/config";

/** Tests that start the real daemon: they run after everything else, so that little disturbs their clocks. */
const SYSTEM = [
  "test/{acceptance,crash,e2e,examples,files,interop,refusals,routes,watch}/**/*.test.ts",
  "test/cli/daemon.test.ts",
];

export default defineConfig({
  test: {
    // Machines of two cores are the usual ones.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "parts",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: SYSTEM,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "system",
          include: SYSTEM,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
