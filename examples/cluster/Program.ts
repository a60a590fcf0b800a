/** A program of the cluster: its process, its log, and the command that starts it again. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { createInterface } from "node:readline"

export interface Command {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** A line of its log that says that it can be used. */
  readonly ready: RegExp
  readonly log: string
}

/** It has ended before it was ready. */
export class DidNotStart extends Error {}

const LAST_LINES = 5
const QUOTED = /[^\w./:=,@-]/

export class Program {
  #child: ChildProcess | undefined

  /** @param directory where it runs @param environment beyond this program's own */
  constructor(
    readonly of: Command,
    readonly directory: string,
    readonly environment: Readonly<Record<string, string>>
  ) {}

  /** For a shell in its directory. */
  get line(): string {
    const { command, args } = this.of
    return [
      ...Object.entries(this.environment).map(([name, value]) => `${name}='${value}'`),
      ...[command, ...args].map((word) => (QUOTED.test(word) ? `'${word}'` : word))
    ].join(" ")
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Completes when it is ready. @param ended is called when it ends after that */
  async start(ended: () => void): Promise<void> {
    const { name, command, args, ready, log } = this.of
    const child = spawn(command, args, {
      cwd: this.directory,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.environment },
      // Ctrl-C in the terminal is for the example, which ends all in order.
      detached: true
    })
    this.#child = child
    const file = createWriteStream(log, { flags: "a" })
    const said: Array<string> = []
    await new Promise<void>((resolve, reject) => {
      for (const output of [child.stdout, child.stderr])
        createInterface({ input: output }).on("line", (line) => {
          file.write(`${line}\n`)
          said.push(line)
          if (said.length > LAST_LINES) said.shift()
          if (ready.test(line)) resolve()
        })
      child.once("error", (error: NodeJS.ErrnoException) => {
        const how =
          error.code === "ENOENT" ? `there is no ${command} (apt-get install ${command})` : error.message
        reject(new DidNotStart(`${name} does not start: ${how}`))
      })
      child.once("close", () => reject(new DidNotStart(`${name} does not start:\n${said.join("\n")}`)))
    })
    child.once("close", () => {
      file.end()
      this.#child = undefined
      ended()
    })
  }

  /** Completes when it has ended. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill("SIGTERM")
    await once(child, "exit")
  }

  kill(): void {
    this.#child?.kill("SIGKILL")
  }
}
