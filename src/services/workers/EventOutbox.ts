/**
 * In a worker: what happens to its sessions is told to the primary, which tells whoever listens there.
 *
 * Bounded: the primary says how much it has taken; with too much on the way, further events are dropped and counted.
 * Events of a worker that dies are lost with it.
 */
import type { SessionEvent, SessionEvents } from "../SessionEvents.ts"
import type { WorkerEvent } from "./controlMessages.ts"
import type { FromWorker } from "./messages.ts"
import { TakenOutbox } from "./TakenOutbox.ts"

/** Events on the way to the primary: all sessions of a process may end at once, and their subscriptions with them. */
const MAX_UNDER_WAY = 1_000_000
/** Bytes of theirs. */
const MAX_UNDER_WAY_BYTES = 128 * 1_048_576

/** What an event holds in memory beside its texts. */
const BASE = 100

const sizeOf = (event: WorkerEvent): number =>
  BASE + event.user.length + event.reason.length + (event._tag === "Unsubscribed" ? event.channel.length : 0)

export const eventsSize = (events: ReadonlyArray<WorkerEvent>): number =>
  events.reduce((sum, event) => sum + sizeOf(event), 0)

export class EventOutbox extends TakenOutbox<WorkerEvent> {
  /** @param wanted what somebody listens to in the primary; the rest is not sent */
  constructor(
    readonly wanted: ReadonlySet<SessionEvent["_tag"]>,
    send: (message: FromWorker) => void
  ) {
    super({
      send: (events) => send({ _tag: "Events", events }),
      sizeOf,
      max: MAX_UNDER_WAY,
      maxBytes: MAX_UNDER_WAY_BYTES
    })
  }

  /** Where channels are occupied and vacated is seen in the primary, over all workers. */
  readonly service: SessionEvents["Service"] = {
    tell: (event) => {
      if (event._tag === "ChannelOccupied" || event._tag === "ChannelVacated") return
      if (this.wanted.has(event._tag)) this.add(event)
    },
    wants: (tag) => this.wanted.has(tag)
  }
}
