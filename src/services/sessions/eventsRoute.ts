/**
 * `/events?channels=a,b&channel=c`: channels for an EventSource. The first event, "subscribed", and the publications that stand in a history
 * have ids; a browser that comes back sends the last one, and gets what it missed, or an event "unrecovered" that names the channel where
 * that is not possible.
 */
import * as Effect from "effect/Effect"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { StreamPosition } from "../hot/ChannelEvent.ts"
import type { Connection } from "../hot/Connection.ts"
import type { Opening, SessionHome } from "../hot/Opening.ts"
import type { Frame } from "../hot/Publication.ts"
import type { HttpAnswer, PlainAnswer, PlainRequest } from "../Transport.ts"
import { FORBIDDEN_ORIGIN, handshakeOf } from "./acceptance.ts"
import type { Handshake } from "./Handshake.ts"
import { corsHeaders, EVENT_STREAM_HEADERS, notAllowed, plainText, preflight } from "./httpHeaders.ts"
import type { Failure } from "./outcome.ts"
import {
  type Admitted,
  admit,
  type ChannelsRequest,
  channelsRequest,
  closed,
  subscribePlain
} from "./plainClients.ts"
import { eventText, idLine, manyEventsWire, oneEventsWire } from "./plainWires.ts"
import { Session } from "./Session.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { formatPosition, formatPositions } from "./since.ts"
import type { HttpRoute } from "./streamRoutes.ts"

const METHODS = "GET, OPTIONS"

/** An EventSource of one channel: the id of a publication is its own position. */
class EventsSession extends Session {
  /** Where the client goes on from if it is cut off now; "" where none of its channels has a history. */
  get id(): string {
    return this.positions.map(([, at]) => formatPosition(at)).join()
  }

  /** Of the channels that have a history. */
  protected get positions(): ReadonlyArray<readonly [string, StreamPosition]> {
    return [...this.subscriptions.values()]
      .filter(({ isPositioned, epoch }) => isPositioned && epoch !== "")
      .map((subscription) => [subscription.channel, subscription])
  }

  /**
   * Tells that its subscriptions stand, and with that gives it an id before anything is published: who is cut off with none comes back as a
   * stranger. The losses before it have none, so that nobody goes on from here who was not told of all of them.
   *
   * Who came back is told how many of the publications that follow in a channel are recovered; what comes after these is live.
   *
   * The event has data because libraries that stand in for EventSource forget the id of one that has not.
   */
  tellSubscribed(
    channels: ReadonlyArray<string>,
    lost: ReadonlyArray<string>,
    missed: Readonly<Record<string, number>>
  ): void {
    const recovered = Object.keys(missed).length === 0 ? undefined : missed
    const losses = lost.map((channel) => eventText("", "unrecovered", JSON.stringify({ channel })))
    const subscribed = eventText(this.id, "subscribed", JSON.stringify({ channels, recovered }))
    super.send({ data: Buffer.from([...losses, subscribed].join("")), isBinary: false })
  }
}

/** An EventSource of several channels: every id says where it is in all of them. */
class ManyEventsSession extends EventsSession {
  override readonly isServedAlone = true

  override get id(): string {
    return formatPositions(this.positions)
  }

  override send({ data, isBinary }: Frame): void {
    super.send({ data: Buffer.concat([Buffer.from(idLine(this.id)), data]), isBinary })
  }
}

class EventsOpening implements Opening {
  constructor(
    readonly env: SessionEnv,
    readonly handshake: Handshake,
    readonly request: ChannelsRequest,
    readonly admitted: Admitted
  ) {}

  open(connection: Connection, home: SessionHome): void {
    const { env, handshake, request, admitted } = this
    const session =
      request.channels.length === 1
        ? new EventsSession(env, connection, home, oneEventsWire, handshake, admitted.client)
        : new ManyEventsSession(env, connection, home, manyEventsWire, handshake, admitted.client)
    session.begin()
    session.do(() =>
      subscribePlain(session, request, admitted, (lost, missed) =>
        Effect.sync(() => session.tellSubscribed(request.channels, lost, missed))
      ).pipe(Effect.mapError(closed))
    )
  }
}

/** Neither a token nor anything else says who the client is. */
const NOBODY = "a connection token is missing"

/** An EventSource gives up on these, and not on a stream that ends. */
const failed = (request: PlainRequest, failure: Failure): PlainAnswer =>
  plainText(statusOf(failure), textOf(failure), corsHeaders(request))

const textOf = (failure: Failure): string => {
  if (failure._tag === "Refused") return failure.error.message
  return failure.why === CloseReasons.badRequest ? NOBODY : failure.why.reason
}

const statusOf = (failure: Failure): number => {
  if (failure._tag === "Closed") return failure.why.code === 3500 ? 401 : 403
  switch (failure.error) {
    case ErrorCodes.tokenExpired:
    case ErrorCodes.expired:
      return 401
    case ErrorCodes.unknownChannel:
      return 404
    case ErrorCodes.badRequest:
      return 400
    case ErrorCodes.internal:
      return 503
    default:
      return 403
  }
}

export const eventsRoute =
  (env: SessionEnv): HttpRoute =>
  (request): HttpAnswer | Promise<HttpAnswer> => {
    const { method, headers, query } = request
    if (!env.isAllowedOrigin(headers)) return plainText(403, FORBIDDEN_ORIGIN.message)
    if (method === "OPTIONS") return preflight(request, METHODS)
    if (method !== "GET") return notAllowed(METHODS)
    const wanted = channelsRequest(new URLSearchParams(query), headers.get("last-event-id"))
    if (typeof wanted === "string")
      return plainText(400, `${wanted} is missing or malformed`, corsHeaders(request))
    const handshake = handshakeOf(env, "uni_sse", headers)
    return Effect.runPromise(
      Effect.match(admit(env, handshake, wanted), {
        onFailure: (failure): HttpAnswer => failed(request, failure),
        onSuccess: (admitted): HttpAnswer => ({
          headers: [...EVENT_STREAM_HEADERS, ...corsHeaders(request)],
          first: Buffer.from("\r\n"),
          opening: new EventsOpening(env, handshake, wanted, admitted)
        })
      })
    )
  }
