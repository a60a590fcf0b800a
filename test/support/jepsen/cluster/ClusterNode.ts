/** One node as processes of its own, on one port and with one store over all of its lives. */

import type { TcpLink } from "../../centrifuge/TcpLink.ts"
import { childrenOf } from "../../processes/running.ts"
import { API_KEY, type LogEntry, launch, type ServerProcess } from "../../server/ServerProcess.ts"
import { temporaryFolder } from "../../server/temporaryFolder.ts"
import type { Island } from "./Island.ts"

/** Time for an answer of the API, after which the request counts as not answered. */
const ANSWER_MS = 5000

export interface ApiAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: each method has answers of its own
  readonly json: any
}

export interface Place {
  readonly host: string
  readonly port: number
  /** Its ways to each NATS server that a test can cut; none where there is no NATS, or where it has a network of its own. */
  readonly links: ReadonlyArray<TcpLink>
  /** The network of its own. */
  readonly island?: Island
}

export class ClusterNode {
  readonly #store = temporaryFolder()
  #process: ServerProcess | undefined
  readonly #said: Array<ReadonlyArray<LogEntry>> = []
  /** How often it was started. */
  lives = 0

  constructor(
    readonly name: string,
    readonly place: Place,
    readonly args: ReadonlyArray<string>
  ) {}

  get links(): ReadonlyArray<TcpLink> {
    return this.place.links
  }

  get island(): Island | undefined {
    return this.place.island
  }

  /** Without a scheme. */
  get address(): string {
    return `${this.place.host}:${this.place.port}`
  }

  /** Its worker processes that run now. */
  get workers(): ReadonlyArray<number> {
    const pid = this.#process?.child.pid
    return pid === undefined ? [] : childrenOf(pid)
  }

  /** Its processes that run now. */
  get pids(): ReadonlyArray<number> {
    const pid = this.#process?.child.pid
    return pid === undefined ? [] : [pid, ...this.workers]
  }

  /** What it has logged, over all of its lives. */
  get log(): ReadonlyArray<LogEntry> {
    return this.#said.flat()
  }

  /** Completes when it serves. */
  async start(): Promise<void> {
    const { host, port, island } = this.place
    const where = ["--server.ip", host, "--server.port", `${port}`, "--store.path", this.#store]
    const within = island === undefined ? {} : { within: island.within }
    const process = launch([...where, ...this.args], within)
    this.lives++
    this.#process = process
    this.#said.push(process.entries.all)
    void process.ended.then(() => {
      if (this.#process === process) this.#process = undefined
    })
    await process.port()
  }

  /** All of its processes at once, as a machine fails. */
  async kill(): Promise<void> {
    const ended = this.#process?.ended
    this.#signal("SIGKILL")
    await ended
  }

  pause(): void {
    this.#signal("SIGSTOP")
  }

  resume(): void {
    this.#signal("SIGCONT")
  }

  /** Rejects where there is no answer, and says so by `isRefused` where the request has certainly not arrived. */
  async ask(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const answer = await fetch(`http://${this.address}${path}`, {
      method,
      headers: { "x-api-key": API_KEY, "content-type": "application/json" },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    return { status: answer.status, json: text.startsWith("{") ? JSON.parse(text) : text }
  }

  #signal(signal: NodeJS.Signals): void {
    const { workers } = this
    this.#process?.kill(signal)
    for (const worker of workers) signalled(worker, signal)
  }
}

/** Whether it was there. */
export const signalled = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Nobody listened: nothing of the request was read. */
export const isRefused = (error: unknown): boolean =>
  (error as { readonly cause?: { readonly code?: string } }).cause?.code === "ECONNREFUSED"
