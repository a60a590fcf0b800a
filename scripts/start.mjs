// npm start: make the checkout ready, then serve conf/app.json in this very process, which package.json puts in the place of the
// shell (`exec`), so that a signal to npm reaches the server. Further arguments are passed on: npm start -- --server.port 9000
import { fileURLToPath } from "node:url"
import { ready } from "./ready.mjs"

ready()
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const given = process.argv.slice(2)
const config = given.some((flag) => flag === "--config" || flag.startsWith("--config="))
  ? []
  : ["--config", here("../conf/app.json")]
process.argv = [process.argv[0], here("../dist/server.js"), ...config, ...given]
await import("../dist/server.js")
