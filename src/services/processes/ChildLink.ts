/**
 * A child process of ours and its channel: Node's own IPC, each message checked against a schema when it arrives.
 *
 * Guarantees: messages arrive in the order of `send`. The process ends with the scope, by SIGKILL where it has not ended before. A message
 * that does not fit the schema ends the child: two processes that misunderstand each other cannot work together.
 *
 * The channel itself has no bound, so who sends has: each kind of message is asked for one at a time, or waits within a named limit.
 */
import type { ChildProcess } from "node:child_process"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"

/** How a child ended. `violation` says what it sent, where that was the reason to end it. */
export class ChildEnded extends Data.TaggedError("ChildEnded")<{
  readonly code: number | null
  readonly signal: string | null
  readonly violation?: string
}> {
  override get message(): string {
    if (this.violation !== undefined) return `it sent what cannot be read: ${this.violation}`
    if (this.signal !== null) return `it was ended by ${this.signal}`
    return `it exited with code ${this.code}`
  }
}

/** The first message of every child: from now on it hears. */
export const LINKED = "linked"

export interface ChildLink<Out> {
  readonly pid: number
  /**
   * Nothing happens where the child is gone already: `ended` tells.
   * @param left called once, when the message has left this process or cannot any more
   */
  readonly send: (message: Out, left?: () => void) => void
  readonly ended: Effect.Effect<ChildEnded>
  readonly kill: (signal: NodeJS.Signals) => void
}

export interface ChildOptions<In> {
  /** Starts it, with `serialization: "advanced"`: bytes cross as bytes. */
  readonly fork: () => ChildProcess
  readonly incoming: Schema.Codec<In, unknown>
  /** Synchronous, once for each message. */
  readonly onMessage: (message: In) => void
}

/** Starts a child that lives as long as the scope. */
export const startChild = Effect.fnUntraced(function* <In, Out>(options: ChildOptions<In>) {
  const decode = Schema.decodeUnknownExit(options.incoming)
  const ended = yield* Deferred.make<ChildEnded>()
  const child = yield* Effect.acquireRelease(Effect.sync(options.fork), (child) =>
    Effect.gen(function* () {
      child.kill("SIGKILL")
      yield* Deferred.await(ended)
    })
  )
  let violation: string | undefined
  // Node loses what is sent to a process of a cluster before it listens, so that waits until it says that it does.
  let waiting: Array<readonly [Out, () => void]> | undefined = []
  const send = (message: Out, left: () => void) => {
    // A failure to send is the child's end, and told as that.
    if (child.connected) child.send(message as object, left)
    else left()
  }
  const end = (code: number | null, signal: string | null) => {
    for (const [, left] of waiting ?? []) left()
    waiting = undefined
    Deferred.doneUnsafe(
      ended,
      Effect.succeed(new ChildEnded({ code, signal, ...(violation === undefined ? {} : { violation }) }))
    )
  }
  child.once("exit", end)
  // It could not be started or told something; where it did start, its exit follows.
  child.on("error", (error) => {
    if (child.pid === undefined) end(null, error.message)
  })
  child.on("message", (message: unknown) => {
    if (violation !== undefined) return
    if (message === LINKED) {
      const early = waiting ?? []
      waiting = undefined
      for (const [message, left] of early) send(message, left)
      return
    }
    const decoded = decode(message)
    if (Exit.isSuccess(decoded)) return options.onMessage(decoded.value)
    violation = String(decoded.cause)
    child.kill("SIGKILL")
  })
  const link: ChildLink<Out> = {
    pid: child.pid ?? 0,
    send: (message, left = ignore) =>
      void (waiting === undefined ? send(message, left) : waiting.push([message, left])),
    ended: Deferred.await(ended),
    kill: (signal) => void child.kill(signal)
  }
  return link
})

const ignore = () => {}
