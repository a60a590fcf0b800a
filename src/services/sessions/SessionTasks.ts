/**
 * The commands of one client: done one at a time, in the order in which they came. What a client may have waiting is bounded in number and in
 * bytes, and others have their turn of the event loop between its commands.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Connection } from "../hot/Connection.ts"
import type { Answer, Failure, Outcome } from "./outcome.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { SessionOutput } from "./SessionOutput.ts"
import type { SessionWire } from "./wires.ts"

/** Something that is done in order with the commands of the client; without an id nobody is told how it ended. */
export interface Task {
  readonly id: number | undefined
  readonly isConnect: boolean
  readonly begin: () => Outcome
}

/** Time that the commands of one client may take in one turn of the event loop; then it is the turn of others. */
const TURN_MS = 5

export abstract class SessionTasks extends SessionOutput {
  /** Tasks that wait for the one before them, or for their turn. */
  #waiting: Array<Task> | undefined
  /** Bytes of the frames that came while tasks waited. */
  #waitingBytes = 0
  /** Others have their turn before the next task. */
  #isPausing = false
  #running: Fiber.Fiber<Answer, Failure> | undefined

  constructor(
    readonly env: SessionEnv,
    connection: Connection,
    wire: SessionWire
  ) {
    super(connection, wire)
  }

  /** Nothing is begun any more. */
  protected abstract get isOver(): boolean
  protected abstract done(task: Task, exit: Exit.Exit<Answer, Failure>): void

  /** False where too many bytes wait to be looked at. */
  protected admits(bytes: number): boolean {
    if (this.#waiting === undefined) return true
    this.#waitingBytes += bytes
    return this.#waitingBytes <= this.env.config.client.queueMaxSize
  }

  /** False where too many wait. */
  protected take(task: Task): boolean {
    this.#waiting ??= []
    if (this.#waiting.length >= this.env.config.client.commandQueue) return false
    this.#waiting.push(task)
    this.#next()
    return true
  }

  /** What waits is not begun. */
  protected forgetWaiting(): void {
    this.#waiting = undefined
  }

  /** The same, and what is under way is interrupted. */
  protected stopTasks(): void {
    this.forgetWaiting()
    this.#running?.interruptUnsafe()
  }

  /** Does what waits, as far as nothing has to be waited for. */
  #next(): void {
    const { env } = this
    const began = env.now()
    while (this.#running === undefined && !this.#isPausing && !this.isOver) {
      const task = this.#waiting?.[0]
      if (task === undefined) {
        this.#waiting = undefined
        this.#waitingBytes = 0
        return
      }
      if (env.now() - began > TURN_MS) return this.#pause()
      this.#waiting!.shift()
      const fiber = env.fork(Effect.suspend(task.begin))
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) this.done(task, exit)
      else {
        this.#running = fiber
        fiber.addObserver((exit) => {
          this.#running = undefined
          this.together(() => {
            this.done(task, exit)
            this.#next()
          })
        })
      }
    }
  }

  #pause(): void {
    this.#isPausing = true
    setImmediate(() => {
      this.#isPausing = false
      this.together(() => this.#next())
    })
  }
}
