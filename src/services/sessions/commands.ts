/** Which command does what. */
import type { Command } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { connect } from "./connect.ts"
import { close, type Outcome } from "./outcome.ts"
import { publish } from "./publish.ts"
import { history, presence, presenceStats } from "./queries.ts"
import { refresh } from "./refresh.ts"
import { rpc } from "./rpc.ts"
import type { Session } from "./Session.ts"
import { subRefresh, subscribe } from "./subscribe.ts"
import { unsubscribe } from "./unsubscribe.ts"

/** Nothing in it at all, but perhaps an id of 0. */
export const isPong = (command: Command): boolean =>
  (command.id === undefined || command.id === 0) && command.send === undefined

const BAD_REQUEST = close(CloseReasons.badRequest)
const NOT_AVAILABLE = close(CloseReasons.notAvailable)

/** The first request that is there counts; its reply has the same name. */
export const handle = (session: Session, command: Command): Outcome => {
  const { state } = session
  if (command.connect !== undefined) return state === "new" ? connect(session, command.connect) : BAD_REQUEST
  if (state !== "connected") return BAD_REQUEST
  if (command.ping !== undefined) return BAD_REQUEST
  if (command.subscribe !== undefined) return subscribe(session, command.subscribe)
  if (command.unsubscribe !== undefined) return unsubscribe(session, command.unsubscribe)
  if (command.publish !== undefined) return publish(session, command.publish)
  if (command.presence !== undefined) return presence(session, command.presence)
  if (command.presenceStats !== undefined) return presenceStats(session, command.presenceStats)
  if (command.history !== undefined) return history(session, command.history)
  if (command.rpc !== undefined) return rpc(session, command.rpc)
  // A one-way message to the application; there is nobody to take it, as with Centrifugo.
  if (command.send !== undefined) return NOT_AVAILABLE
  if (command.refresh !== undefined) return refresh(session, command.refresh)
  if (command.subRefresh !== undefined) return subRefresh(session, command.subRefresh)
  return BAD_REQUEST
}
