/** The load client's report: one script and one style sheet, which `--report.html` puts into the page that it writes. */
import { fileURLToPath } from "node:url"
import { defineConfig } from "vite"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here("."),
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: here("../../../dist/report"),
    emptyOutDir: true,
    target: "es2022",
    lib: {
      entry: here("main.tsx"),
      name: "clarionReport",
      formats: ["iife"],
      fileName: () => "report.js",
      cssFileName: "report"
    }
  }
})
