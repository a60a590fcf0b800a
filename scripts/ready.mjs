// Makes a checkout ready to run: installs what the lockfile names and compiles what changed.
// Does nothing, in a few milliseconds, when both are up to date.
import { execFileSync } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (...parts) => join(root, ...parts)
const changedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)
// Output of tools goes to stderr, so that what the program itself prints stays clean to pipe.
const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] })

const newestBelow = (folder) =>
  readdirSync(folder, { recursive: true }).reduce(
    (newest, name) => Math.max(newest, changedAt(join(folder, name))),
    changedAt(folder)
  )

/** A stamp carries the time at which the work began: a file saved meanwhile counts as newer. */
const stamp = (path, began) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, "")
  utimesSync(path, began / 1000, began / 1000)
}

const install = () => {
  // npm ci empties the folder, and would empty what a link points to: somebody else's.
  if (lstatSync(at("node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) return
  const installed = at("node_modules", ".clarion-installed")
  if (changedAt(installed) >= changedAt(at("package-lock.json"))) return
  const began = Date.now()
  run("npm", ["ci", "--no-fund", "--no-audit"])
  stamp(installed, began)
}

/** Folders of sources and what compiles them, in this order: the later import what the former make. */
const projects = { src: "tsconfig.json", bench: "tsconfig.bench.json", examples: "tsconfig.examples.json" }
/** What is bundled for browsers, below dist: the pages of the server, and the load client's report. */
const bundles = { ui: "src/ui/vite.config.ts", report: "src/ui/report/vite.config.ts" }

/** What was deleted or renamed in the sources must not live on in dist; what runs from there meanwhile is left alone. */
const prune = () => {
  if (!existsSync(at("dist"))) return
  for (const name of readdirSync(at("dist"), { recursive: true })) {
    const module = /^(.*?)(\.d\.ts|\.js|\.js\.map)$/.exec(name)?.[1]
    const folder = name.split(/[\\/]/)[0]
    if (module === undefined || folder in bundles) continue
    const source = folder !== "src" && folder in projects ? at(`${module}.ts`) : at("src", `${module}.ts`)
    if (!existsSync(source)) rmSync(at("dist", name))
  }
}

/** What changes in the sources of Node alone changes no bundle: those of browsers import nothing but `ui` and `protocol`. */
const bundle = (forced) => {
  const bundled = at("dist", ".bundled")
  const inputs = ["src/ui", "src/protocol"].map((folder) => newestBelow(at(folder)))
  if (!forced && changedAt(bundled) >= Math.max(...inputs, changedAt(at("package-lock.json")))) return
  const began = Date.now()
  const bundler = at("node_modules", "vite", "bin", "vite.js")
  for (const config of Object.values(bundles)) run(process.execPath, [bundler, "build", "--config", config])
  stamp(bundled, began)
}

const build = (forced) => {
  const built = at("dist", ".built")
  const inputs = [
    ...Object.keys(projects).map((folder) => newestBelow(at(folder))),
    ...["package-lock.json", "tsconfig.base.json", ...Object.values(projects)].map((file) =>
      changedAt(at(file))
    )
  ]
  if (!forced && changedAt(built) >= Math.max(...inputs)) return
  const began = Date.now()
  const compiler = at("node_modules", "typescript", "bin", "tsc")
  prune()
  for (const project of Object.values(projects)) run(process.execPath, [compiler, "-p", project])
  bundle(forced)
  stamp(built, began)
}

export const ready = ({ forced = false } = {}) => {
  try {
    install()
    build(forced)
  } catch (error) {
    // The tool has said on stderr what was wrong; a stack trace of this script would only hide it.
    process.exit(error.status ?? 1)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ready({ forced: process.argv.includes("--build") })
