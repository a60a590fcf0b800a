/**
 * The other end of a ChildLink: what a child process of ours hears from its parent and tells it.
 *
 * A parent that is gone is an event, not an error: `gone` completes, however the parent ended, and the child has to end by itself.
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { LINKED } from "./ChildLink.ts"

/** The process was not started by another one of ours. */
export class NoParent extends Data.TaggedError("NoParent")<Record<never, never>> {
  override get message(): string {
    return "this program is started by Clarion itself: run server.js or client.js"
  }
}

export interface ParentLink<Out> {
  /** Nothing happens where the parent is gone: `gone` tells. */
  readonly send: (message: Out) => void
  /** The same, and completes when the message has left the process: what is sent last before an exit. */
  readonly flush: (message: Out) => Effect.Effect<void>
  /** Completes when the parent is gone or has let go of the channel. */
  readonly gone: Effect.Effect<void>
}

/** @param onMessage synchronous, once for each message; one that does not fit the schema throws, as only a bug can send it */
export const linkToParent = Effect.fnUntraced(function* <In, Out>(
  incoming: Schema.Codec<In, unknown>,
  onMessage: (message: In) => void
) {
  if (process.send === undefined || !process.connected) return yield* new NoParent()
  const decode = Schema.decodeUnknownExit(incoming)
  const gone = yield* Deferred.make<void>()
  process.once("disconnect", () => Deferred.doneUnsafe(gone, Effect.void))
  process.on("message", (message: unknown) => {
    const decoded = decode(message)
    if (Exit.isSuccess(decoded)) return onMessage(decoded.value)
    throw new Error(`the parent sent what cannot be read: ${String(decoded.cause)}`)
  })
  process.send(LINKED, undefined, undefined, ignore)
  const send = (message: Out, done: () => void) => {
    if (process.connected) process.send!(message, undefined, undefined, done)
    else done()
  }
  const link: ParentLink<Out> = {
    send: (message) => send(message, ignore),
    flush: (message) =>
      Effect.callback<void>((resume) => {
        send(message, () => resume(Effect.void))
      }),
    gone: Deferred.await(gone)
  }
  return link
})

/** A failure to send is the parent's end, and told as that. */
const ignore = () => {}
