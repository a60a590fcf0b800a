/**
 * Has a consumer send what it has, never more bytes at once than a request asks for: the server ends a connection on which 64 MiB wait, and the
 * client library's own requests count messages alone, which may have a megabyte each.
 */
import type { ConsumerInfo } from "@nats-io/jetstream"
import { createInbox, type Msg, nanos } from "@nats-io/transport-node"
import type { NatsLink } from "./NatsLink.ts"

/** The server forgets a request that is so old. Its reader has given it up long before. */
const EXPIRES = nanos(30_000)

/** What a request asks for. There is one at a time, so a reader has no more than this on the way to it. */
const MANY = { batch: 1000, max_bytes: 2 ** 20, expires: EXPIRES }
/** The next message, which alone has more bytes. */
const ONE = { batch: 1, expires: EXPIRES }

/** The request is over, as the next message has more bytes than are left of it. */
const OVER = 409
const IS_FULL = /Message Size Exceeds MaxBytes/i

export interface Delivered {
  readonly subject: string
  readonly data: Uint8Array
  /** Place in its stream. */
  readonly seq: number
  /** Place in what the consumer has sent, from 1 on. */
  readonly at: number
  /** So many come behind it, as far as the consumer's server knew. */
  readonly pending: number
}

export interface Pulling {
  /** Resolves when nothing more comes: it was closed, or the consumer is gone. Rejects where `take` throws. */
  readonly ended: Promise<void>
  /** Nothing is taken any more. */
  readonly close: () => void
}

/** @param take is called for each message, in order. Synchronous */
export const pull = (
  { connection }: Pick<NatsLink["Service"], "connection">,
  { stream_name, name }: Pick<ConsumerInfo, "stream_name" | "name">,
  take: (message: Delivered) => void
): Pulling => {
  const inbox = createInbox()
  let isOver = false
  let settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void }
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  /** Messages of the request that is under way: that came, and that are still to come. */
  let [count, left] = [0, 0]
  const ask = (request: { readonly batch: number }): void => {
    count = 0
    left = request.batch
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream_name}.${name}`, JSON.stringify(request), {
      reply: inbox
    })
  }
  const close = (): void => {
    isOver = true
    if (!subscription.isClosed()) subscription.unsubscribe()
    settle.resolve()
  }
  const hear = (message: Msg): void => {
    if (message.subject === inbox) {
      const { code, description = "" } = message.headers ?? {}
      if (code !== OVER || !IS_FULL.test(description)) return close()
      return ask(count > 0 ? MANY : ONE)
    }
    count++
    left--
    take(deliveredOf(message))
    if (!isOver && left === 0) ask(MANY)
  }
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (isOver) return
      try {
        if (error !== null) throw error
        hear(message)
      } catch (error) {
        settle.reject(error)
        close()
      }
    }
  })
  ask(MANY)
  return { ended, close }
}

/** Where what a consumer has sent is to be acknowledged says what it is; servers with domains put two tokens more into it. */
const TOKENS = { all: 9, first: 5 }

const deliveredOf = ({ subject, data, reply = "" }: Msg): Delivered => {
  const tokens = reply.split(".")
  const first = tokens.length > TOKENS.all ? TOKENS.first + 2 : TOKENS.first
  const [seq, at, pending] = [Number(tokens[first]), Number(tokens[first + 1]), Number(tokens[first + 3])]
  if (!(seq > 0 && at > 0 && pending >= 0)) throw new Error("it is no message of a stream")
  return { subject, data, seq, at, pending }
}
