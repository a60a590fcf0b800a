/**
 * Processes that a bench starts: each on its core, each ended when the bench ends, whatever ends it.
 *
 * They are killed, not asked: a server under measurement owns nothing that is worth an orderly end.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process"
import { pinned } from "./pinning.ts"

const running = new Set<ChildProcess>()

const killAll = () => {
  for (const child of running) child.kill("SIGKILL")
}

process.on("exit", killAll)
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => process.exit(128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal]))
}

/** Settings of the outside would change what is measured. */
const environment = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("CLARION_") && name !== "NODE_OPTIONS")
  )

export interface StartOptions {
  readonly command: ReadonlyArray<string>
  /** The core that it may use; any, where it is undefined. */
  readonly core: number | undefined
  readonly stdio: StdioOptions
}

export const start = ({ command, core, stdio }: StartOptions): ChildProcess => {
  const [program = "", ...args] = pinned(command, core)
  const child = spawn(program, args, { stdio, env: environment() })
  running.add(child)
  child.once("exit", () => running.delete(child))
  child.once("error", () => running.delete(child))
  return child
}

/** Ends it and waits until it is gone. */
export const end = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once("exit", resolve))
  child.kill("SIGKILL")
  await gone
}

/** Why something could not be measured. */
export class Failed extends Error {}
/** It cannot be measured on this machine, and that is no failure. */
export class Unavailable extends Failed {}

const START_MS = 20_000
const OUTPUT_CHARS = 4_000

export interface Server {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
}

/**
 * Starts a server and waits until it says where it listens.
 *
 * @param says finds the port, its first group, in what the server prints
 */
export const startServer = (
  command: ReadonlyArray<string>,
  core: number | undefined,
  says: RegExp
): Promise<Server> =>
  new Promise((resolve, reject) => {
    const child = start({ command, core, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    const fail = (why: string) => {
      clearTimeout(timer)
      const told = output.trim().split("\n").slice(-3).join(" | ")
      void end(child).then(() => reject(new Failed(told === "" ? why : `${why}: ${told}`)))
    }
    const timer = setTimeout(() => fail(`did not listen within ${START_MS} ms`), START_MS)
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARS)
      const port = says.exec(output)?.[1]
      if (port === undefined || child.pid === undefined) return
      clearTimeout(timer)
      resolve({ child, pid: child.pid, port: Number(port) })
    }
    child.stdout?.on("data", read)
    child.stderr?.on("data", read)
    child.once("error", (error) => fail(error.message))
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code} instead of listening`))
  })
