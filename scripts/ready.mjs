// Makes a checkout ready to run: installs what the lockfile names and compiles what changed.
// Does nothing, in a few milliseconds, when both are up to date.
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
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
  const installed = at("node_modules", ".clarion-installed")
  if (changedAt(installed) >= changedAt(at("package-lock.json"))) return
  const began = Date.now()
  run("npm", ["ci", "--no-fund", "--no-audit"])
  stamp(installed, began)
}

const build = (forced) => {
  const built = at("dist", ".built")
  const inputs = [
    ...["src", "bench"].map((folder) => newestBelow(at(folder))),
    ...["package-lock.json", "tsconfig.base.json", "tsconfig.json", "tsconfig.bench.json"].map((f) =>
      changedAt(at(f))
    )
  ]
  if (!forced && changedAt(built) >= Math.max(...inputs)) return
  const began = Date.now()
  // What was deleted or renamed in the sources must not live on in dist.
  rmSync(at("dist"), { recursive: true, force: true })
  const compiler = at("node_modules", "typescript", "bin", "tsc")
  run(process.execPath, [compiler, "-p", "tsconfig.json"])
  run(process.execPath, [compiler, "-p", "tsconfig.bench.json"])
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
