/** The pages that the server serves: the dashboard and the demo, with everything that they load. The report has a build of its own. */
import { fileURLToPath } from "node:url"
import { defineConfig } from "vite"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here("."),
  base: "/",
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: here("../../dist/ui"),
    emptyOutDir: true,
    target: "es2022",
    // Inlined files would need `data:` in the content security policy, and preloading would need `unsafe-inline`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { dashboard: here("dashboard/index.html"), demo: here("demo/index.html") } }
  }
})
