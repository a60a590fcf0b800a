/** Raw connections: each message is a payload, and nothing is said to the server. */
import { STAMP_DIGITS, stampAt } from "../metrics/stamp.ts"
import type { Dialect, Listener } from "./Dialect.ts"

/** A payload that begins with it is JSON, and the stamp in it. */
const OPEN_BRACE = 0x7b

export const rawDialect = (listener: Listener): Dialect => ({
  opened: (socket, at) => {
    const { session } = socket
    // A raw channel keeps nothing for those who are away.
    if (session?.isAway === true) listener.missed(listener.broadcastsBetween(session.lostAt, at))
    listener.ready(socket, at)
  },
  message: (socket, bytes, at) => {
    const from = bytes[0] === OPEN_BRACE ? stampAt(bytes, 0, bytes.length) : -1
    listener.payload(socket, from < 0 ? bytes : bytes.subarray(from, from + STAMP_DIGITS), at)
  }
})
