/** One of our programs as a process of its own, with what it prints to wait for. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { Heard } from "../server/Heard.ts"

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url))

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Start {
  /** Files that the process may open. */
  readonly openFiles?: number
  readonly environment?: Readonly<Record<string, string>>
}

/** `exec` keeps the process id, so that signals reach the program and not a shell. */
const commandOf = (args: ReadonlyArray<string>, openFiles: number | undefined): [string, Array<string>] =>
  openFiles === undefined
    ? [process.execPath, [...args]]
    : ["sh", ["-c", `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, ...args]]

export class Program {
  /** Lines of standard output. */
  readonly lines = new Heard<string>()
  readonly errorLines = new Heard<string>()
  /** Settles when it has ended and all that it printed was read. */
  readonly ended: Promise<End>
  readonly #process: ChildProcess

  constructor(args: ReadonlyArray<string>, { openFiles, environment = {} }: Start = {}) {
    const [command, all] = commandOf(args, openFiles)
    const child = spawn(command, all, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
    })
    this.#process = child
    createInterface({ input: child.stdout }).on("line", this.lines.add)
    createInterface({ input: child.stderr }).on("line", this.errorLines.add)
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal }))
    })
  }

  get output(): string {
    return this.lines.all.join("\n")
  }

  get errors(): string {
    return this.errorLines.all.join("\n")
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** The first line that fits, present or to come; rejects with all that was printed when the program ends without it. */
  line(fits: RegExp): Promise<RegExpExecArray> {
    const found = this.lines.first((line) => fits.test(line)).then((line) => fits.exec(line)!)
    const gone = this.ended.then((end): never => {
      throw new Error(`ended (${JSON.stringify(end)}) without ${fits}:\n${this.output}\n${this.errors}`)
    })
    return Promise.race([found, gone])
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Nobody reads what it prints any more. */
  closeOutput(): void {
    this.#process.stdout?.destroy()
  }

  /** Whatever it was at. */
  readonly cut = async (): Promise<void> => {
    this.signal("SIGKILL")
    await this.ended
  }
}

/** A program that ends with the test at the latest. */
export const start = (args: ReadonlyArray<string>, options: Start = {}): Program => {
  const program = new Program(args, options)
  onTestFinished(program.cut)
  return program
}

/** `{ "total.clients": 10 }` → `--total.clients 10` */
export const flags = (settings: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.entries(settings).flatMap(([path, value]) => [`--${path}`, String(value)])
