/** Starts storeProcess.mjs, and hears what it says. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { Heard } from "../server/Heard.ts"

const program = fileURLToPath(new URL("storeProcess.mjs", import.meta.url))

export interface StoreProcess {
  readonly child: ChildProcess
  readonly lines: Heard<string>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** @param before what the shell does first, like setting a limit */
export const storeProcess = (
  directory: string,
  task: "commit" | "hold" | "read" | "fill",
  { before = "", user }: { readonly before?: string; readonly user?: number } = {}
): StoreProcess => {
  const child = spawn("sh", ["-c", `${before} exec "$@"`, "sh", process.execPath, program, directory, task], {
    stdio: ["pipe", "pipe", "inherit"],
    ...(user !== undefined && { uid: user, gid: user })
  })
  const lines = new Heard<string>()
  createInterface({ input: child.stdout! }).on("line", (line) => lines.add(line))
  onTestFinished(() => void child.kill("SIGKILL"))
  return {
    child,
    lines,
    ended: new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })))
  }
}
