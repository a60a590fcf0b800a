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
import { count } from "./sessionSamples.ts"
import { subRefresh, subscribe } from "./subscribe.ts"
import { unsubscribe } from "./unsubscribe.ts"

/** Nothing in it at all, but perhaps an id of 0. */
export const isPong = (command: Command): boolean =>
  (command.id === undefined || command.id === 0) && command.send === undefined

type Name = Exclude<keyof Command, "id">

const BAD_REQUEST = close(CloseReasons.badRequest)

/** In the order in which they count, should a command have several requests. */
const handlers: { readonly [N in Name]: (session: Session, request: NonNullable<Command[N]>) => Outcome } = {
  connect: (session, request) => (session.state === "new" ? connect(session, request) : BAD_REQUEST),
  ping: () => BAD_REQUEST,
  subscribe,
  unsubscribe,
  publish,
  presence,
  presenceStats,
  history,
  rpc,
  // A one-way message to the application; there is nobody to take it, as with Centrifugo.
  send: () => close(CloseReasons.notAvailable),
  refresh,
  subRefresh
}
const names = Object.keys(handlers) as ReadonlyArray<Name>

export const handle = (session: Session, command: Command): Outcome => {
  const name = isPong(command) ? undefined : names.find((one) => command[one] !== undefined)
  if (name === undefined || (session.state !== "connected" && name !== "connect")) return BAD_REQUEST
  count(session.env.counters.commands, name)
  return (handlers[name] as (session: Session, request: unknown) => Outcome)(session, command[name])
}
