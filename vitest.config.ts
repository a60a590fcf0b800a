import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Most of them wait for processes and timers: also two cores carry two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1)
  }
})
