/**
 * Messages between nodes: to one of them, or to all, this one included. Those of one node arrive in the order in which it sent them to that
 * address; what is sent while the link to NATS is down, or longer than a letter may be, is refused.
 *
 * What arrives and cannot be read is dropped and counted.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { counter, Metrics } from "../Metrics.ts"
import { NatsLink } from "../nats/NatsLink.ts"
import { LetterBox, MAX_LETTER, partsOf } from "./letters.ts"
import { type Message, messageOf } from "./messages.ts"
import { packed, unpacked } from "./packed.ts"
import { Roster } from "./Roster.ts"

/** What a server takes in one message where it does not say. */
const DEFAULT_PAYLOAD = 1_048_576

/** Uid of a node, or all of them. */
export type Address = string | "all"

/** @param from uid of the node */
export type Hear = (message: Message, from: string) => void

const make = Effect.gen(function* () {
  const link = yield* NatsLink
  const { connection, subjects, uid, isUp } = link
  const roster = yield* Roster
  const boxes = [subjects.node(uid), subjects.nodes].map((subject) => ({ subject, box: new LetterBox() }))
  const hearers = new Set<Hear>()
  let unreadable = 0
  let nextLetter = 0

  const hear = (box: LetterBox, data: Uint8Array): void => {
    const letter = box.take(data)
    if (letter === undefined) return
    const message = messageOf(unpacked(letter.body))
    if (message === undefined) unreadable++
    else for (const heard of hearers) heard(message, letter.from)
  }
  for (const { subject, box } of boxes) yield* link.hear(subject, ({ data }) => hear(box, data))
  yield* roster.onChange((node, isThere) => {
    if (!isThere) for (const { box } of boxes) box.forget(node)
  })
  yield* (yield* Metrics).register(
    Effect.sync(() => [
      counter(
        "clarion_cluster_letters_unreadable_total",
        "Letters of nodes that could not be read",
        boxes.reduce((sum, { box }) => sum + box.unreadable, unreadable)
      )
    ])
  )
  return NodePost.of({
    send: (to, message) => {
      const body = packed(message)
      if (body.length > MAX_LETTER || !isUp()) return false
      const subject = to === "all" ? subjects.nodes : subjects.node(to)
      const maxPayload = connection.info?.max_payload ?? DEFAULT_PAYLOAD
      try {
        for (const part of partsOf(uid, nextLetter++, body, maxPayload)) connection.publish(subject, part)
        return true
      } catch {
        // The connection ends; of a letter that was begun nobody has the end.
        return false
      }
    },
    hear: (heard) =>
      Effect.acquireRelease(
        Effect.sync(() => void hearers.add(heard)),
        () => Effect.sync(() => void hearers.delete(heard))
      )
  })
})

export class NodePost extends Context.Service<
  NodePost,
  {
    /** False where it is refused. */
    readonly send: (to: Address, message: Message) => boolean
    /** From now on told of each message, until the scope closes. Synchronous. */
    readonly hear: (heard: Hear) => Effect.Effect<void, never, Scope.Scope>
  }
>()("clarion/services/cluster/NodePost") {
  static readonly layer = Layer.effect(this, make)
}
