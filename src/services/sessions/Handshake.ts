/** What a connection brings along from its handshake; kept as small as the configuration allows. */
import type { ClientFacts } from "../backend/Backend.ts"

export interface Handshake {
  readonly transport: ClientFacts["transport"]
  /** Names in lower case. Empty where no backend may ask for them. */
  readonly headers: ReadonlyMap<string, string>
  /** From the cookie that may hold one. */
  readonly cookieToken: string | undefined
  /** From the header of a gateway that may hold one. */
  readonly headerUser: string | undefined
  /** It is pinged by frames of the transport. */
  readonly hasFramePings: boolean
  /** It is pinged by messages of the protocol. */
  readonly hasPings: boolean
  /** On a transport with close frames: the client is told by a push, too. */
  readonly wantsDisconnectPush: boolean
}
