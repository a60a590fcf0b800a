/** The server as a process of its own, from dist, with its lines and its end to wait for. It is killed when the test has finished. */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { Heard } from "./Heard.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Arguments of node itself. */
  readonly node?: ReadonlyArray<string>
  /** The limit of open files, hard too: node raises a soft one by itself. */
  readonly openFiles?: number
  /** Null: the server makes its own. */
  readonly apiKey?: null
  /** The program, below the root of the project. */
  readonly program?: string
  /** Leads a process group of its own, so that a test can signal the whole of it, as a terminal does. */
  readonly ownGroup?: boolean
  /** A command that runs it: the words before it. It has to become the server, not to start it. */
  readonly within?: ReadonlyArray<string>
  /** Its standard input is open: `child.stdin`. */
  readonly isListening?: boolean
}

/** A logged line; the line itself as the message where it is no JSON. */
export interface LogEntry {
  readonly message: string
  readonly level?: string
  readonly annotations?: Readonly<Record<string, unknown>>
}

export const API_KEY = "the key of the tests"

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

const entryOf = (line: string): LogEntry => {
  try {
    return JSON.parse(line) as LogEntry
  } catch {
    return { message: line }
  }
}

export class ServerProcess {
  /** Messages of stdout and lines of stderr. */
  readonly lines = new Heard<string>()
  /** What is on stdout, whole. */
  readonly entries = new Heard<LogEntry>()
  readonly stderr: Array<string> = []
  readonly ended: Promise<ProcessEnd>

  constructor(readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const entry = entryOf(line)
      this.entries.add(entry)
      this.lines.add(entry.message)
    })
    createInterface({ input: child.stderr! }).on("line", (line) => {
      this.stderr.push(line)
      this.lines.add(line)
    })
    // "close" comes after the last line.
    this.ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })))
    onTestFinished(() => void child.kill("SIGKILL"))
  }

  /** Rejects with what was said when the process ends before it serves. */
  async port(): Promise<number> {
    const serving = /^serving on wss?:\/\/[^:]+:(\d+)/
    const ended = this.ended.then(() => Promise.reject(new Error(this.lines.all.join("\n"))))
    const line = await Promise.race([this.lines.first((text) => serving.test(text)), ended])
    return Number(serving.exec(line)![1])
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** User and system CPU time so far, in seconds; the kernel counts in hundredths. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
}

/** Starts the server on a free local port with a store of its own. */
export const launch = (args: ReadonlyArray<string>, options: LaunchOptions = {}): ServerProcess => {
  const { env = {}, node = [], openFiles, apiKey, program = "dist/server.js" } = options
  const { within = [], ownGroup = false, isListening = false } = options
  const key = apiKey === null ? [] : ["--auth.apiKey", API_KEY]
  const basics = ["--server.ip", "127.0.0.1", "--server.port", "0", ...key, "--store.path"]
  const command = [...within, process.execPath, ...node, at(program), ...basics, temporaryFolder(), ...args]
  const limit = openFiles === undefined ? "" : `ulimit -n ${openFiles}; `
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CLARION_|VITEST|NODE_OPTIONS)/.test(name)
  )
  const child = spawn("sh", ["-c", `${limit}exec "$@"`, "sh", ...command], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: [isListening ? "pipe" : "ignore", "pipe", "pipe"],
    detached: ownGroup
  })
  return new ServerProcess(child)
}
