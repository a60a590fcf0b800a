import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

const UNIT = "test/unit/**/*.test.ts"

export default defineConfig({
  test: {
    // Only ends what would never end: whoever waits waits for a signal, and processes of a busy machine take tens of seconds to begin.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most of them wait for processes and timers: also two cores carry three files at once.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      // These leave nothing behind that others could see, and loading modules anew for each file takes as long as running them.
      { extends: true, test: { name: "unit", include: [UNIT], isolate: false } },
      { extends: true, test: { name: "whole", include: ["test/**/*.test.ts"], exclude: [UNIT] } }
    ]
  }
})
