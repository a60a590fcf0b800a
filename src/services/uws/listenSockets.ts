/**
 * The listening sockets of an app: as many as the backlog takes, and none while the process has run out of descriptors.
 *
 * A listening socket that cannot accept stays readable, and the event loop would spin on it. So a descriptor is tried for once a second;
 * while there is none, nobody listens, and clients are refused by the kernel instead of waiting.
 */

import type { us_listen_socket } from "uWebSockets.js"
import { closeSync, openSync } from "node:fs"
import * as Effect from "effect/Effect"
import { forkLongLived } from "../longLived.ts"

/** The backlog of one listening socket, fixed in µSockets. */
const BACKLOG_OF_SOCKET = 512
/** How long the loop may spin before it is noticed, and nobody be listening when there is room again. */
const TRY_INTERVAL = "1 second"

export interface ListenSockets {
  /** Whether any socket could be bound. */
  readonly isBound: boolean
  readonly close: Effect.Effect<void>
}

const hasDescriptors = (): boolean => {
  try {
    closeSync(openSync("/dev/null", "r"))
    return true
  } catch {
    return false
  }
}

/** @param bind opens one listening socket; false where it cannot */
export const makeListenSockets = Effect.fnUntraced(function* (
  backlog: number,
  bind: () => us_listen_socket | false,
  unbind: (socket: us_listen_socket) => void
) {
  const sockets: Array<us_listen_socket> = []
  let isClosed = false
  const open = () => {
    for (let i = 0; i * BACKLOG_OF_SOCKET < backlog; i++) {
      const socket = bind()
      if (socket !== false) sockets.push(socket)
    }
  }
  const close = () => {
    for (const socket of sockets.splice(0)) unbind(socket)
  }
  const guard = Effect.suspend(() => {
    if (isClosed) return Effect.void
    const isListening = sockets.length > 0
    if (hasDescriptors() === isListening) return Effect.void
    if (isListening) {
      close()
      return Effect.logError("out of file descriptors: new connections are refused until some are free")
    }
    open()
    return sockets.length > 0
      ? Effect.logInfo("file descriptors are free again: accepting connections")
      : Effect.void
  })
  open()
  yield* forkLongLived("listening sockets", Effect.forever(Effect.andThen(Effect.sleep(TRY_INTERVAL), guard)))
  const listening: ListenSockets = {
    isBound: sockets.length > 0,
    close: Effect.sync(() => {
      isClosed = true
      close()
    })
  }
  return listening
})
