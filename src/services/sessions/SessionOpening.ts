/** Begins a session on a connection that was accepted by one of the protocol's routes. */
import { randomUUID } from "node:crypto"
import type { Command } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import type { Connection } from "../hot/Connection.ts"
import type { Opening, SessionHome } from "../hot/Opening.ts"
import type { Identity } from "./connect.ts"
import type { Handshake } from "./Handshake.ts"
import { Session } from "./Session.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import type { SessionWire } from "./wires.ts"

export class SessionOpening implements Opening {
  /**
   * @param first what the client said with the handshake; undefined where that is not the protocol
   * @param known who it is, where that had to be found out before
   * @param isEmulated whether further commands come by other requests, with a secret session id
   */
  constructor(
    readonly env: SessionEnv,
    readonly wire: SessionWire,
    readonly handshake: Handshake,
    readonly first: ReadonlyArray<Command> | undefined,
    readonly isEmulated = false,
    readonly known?: { readonly client: string; readonly identity: Identity }
  ) {}

  open(connection: Connection, home: SessionHome): void {
    const { env, wire, handshake, first, known } = this
    const session = new Session(env, connection, home, wire, handshake, known?.client)
    session.identity = known?.identity
    if (this.isEmulated || wire.isUnidirectional) {
      session.sessionId = randomUUID()
      env.registry.emulate(session.sessionId, session)
    }
    session.begin()
    if (first === undefined) session.disconnect(CloseReasons.badRequest)
    else session.receive(first)
  }
}
