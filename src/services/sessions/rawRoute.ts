/**
 * Raw WebSockets that name their channels: `ws://…/?channels=a,b&channel=c&since=…&token=…`. They get the data alone. Who cannot go on from
 * where it was is closed with 3010: it would not know what it missed.
 */
import * as Effect from "effect/Effect"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import type { Refusal } from "../hot/Admission.ts"
import type { Connection } from "../hot/Connection.ts"
import type { Opening, SessionHome } from "../hot/Opening.ts"
import { firstProtocol } from "../hot/upgradeRequest.ts"
import type { UpgradeRoute } from "../Transport.ts"
import { AcknowledgingSession } from "./AcknowledgingSession.ts"
import { FORBIDDEN_ORIGIN, handshakeOf } from "./acceptance.ts"
import type { Handshake } from "./Handshake.ts"
import { close } from "./outcome.ts"
import { admit, type ChannelsRequest, channelsRequest, closed, subscribePlain } from "./plainClients.ts"
import { rawSessionWire } from "./plainWires.ts"
import { Session } from "./Session.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { queryOf } from "./websocketRoutes.ts"

class RawOpening implements Opening {
  constructor(
    readonly env: SessionEnv,
    readonly handshake: Handshake,
    readonly request: ChannelsRequest
  ) {}

  open(connection: Connection, home: SessionHome): void {
    const { env, handshake, request } = this
    const Kind = env.acks === undefined ? Session : AcknowledgingSession
    const session = new Kind(env, connection, home, rawSessionWire, handshake)
    session.begin()
    session.do(() =>
      Effect.flatMap(admit(env, handshake, request, session.client), (admitted) =>
        subscribePlain(session, request, admitted, (lost) =>
          lost.length === 0 ? Effect.void : close(CloseReasons.insufficientState)
        )
      ).pipe(Effect.mapError(closed))
    )
  }
}

const malformed = (what: string): Refusal => ({
  status: 400,
  reason: "invalid",
  message: `${what} is missing or malformed`
})

export const rawRoute =
  (env: SessionEnv): UpgradeRoute =>
  (request) => {
    if (!env.isAllowedOrigin(request.headers)) return { refusal: FORBIDDEN_ORIGIN }
    const wanted = channelsRequest(queryOf(request), undefined)
    if (typeof wanted === "string") return { refusal: malformed(wanted) }
    const handshake = handshakeOf(env, "uni_websocket", request.headers, {
      hasFramePings: true,
      hasPings: false
    })
    const protocol = firstProtocol(request.headers.get("sec-websocket-protocol"))
    return { opening: new RawOpening(env, handshake, wanted), protocol }
  }
