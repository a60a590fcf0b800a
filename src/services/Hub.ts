/**
 * Where a publication enters a process: the hub hands it to the mailbox of each shard that has somebody to hear it, one hop for a shard, and
 * counts the live connections over all of them. In the primary of worker processes its members are the workers, one hop for a process.
 *
 * Guarantee: publications reach a mailbox, and so every connection, in the order of their `publish` calls. A shard whose mailbox
 * is full does not delay the others: its connections count as dropped in the delivery.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { BROADCAST_CHANNEL } from "./hot/ChannelEvent.ts"
import type { Delivery, Publication } from "./hot/Publication.ts"
import { MailboxRoom } from "./MailboxRoom.ts"

/** Who sends to connections, as the hub sees it: a shard of this process, or a worker process with its shards. */
export interface HubMember {
  /** "shard-0", "worker-0" */
  readonly name?: string
  /** Its connections now. */
  readonly size: number
  /** False when its mailbox is full. Once taken, the publication's delivery gets this member's counts, whatever happens. */
  readonly offer: (publication: Publication) => boolean
  /**
   * Publications until its mailbox is half full. At 0 or less it is crowded: who can wait should, until it says `relieved`. Absent: it never
   * is.
   */
  readonly spare?: number
  /** How many of its connections are subscribed to a channel that it listens to. Absent: they are in another process. */
  readonly subscribers?: (channel: string) => number
}

/** Sums over all that happened in channels, as in `Delivery`. */
export interface ChannelTotals {
  written: number
  slow: number
  mailbox: number
  closed: number
}

const NOBODY: ReadonlyArray<HubMember> = []

export class Hub extends Context.Service<
  Hub,
  {
    /** Takes part until the scope closes. */
    readonly join: (member: HubMember) => Effect.Effect<void, never, Scope.Scope>
    /** From now on the member gets what happens in the channel. To be called once until `ignore`. */
    readonly listen: (channel: string, member: HubMember) => void
    readonly ignore: (channel: string, member: HubMember) => void
    /** The channels that members listen to, with these members. */
    readonly listened: ReadonlyMap<string, ReadonlyArray<HubMember>>
    /** From now on told of the first member that listens to a channel, and of the last that does no more. */
    readonly onInterest: (told: (channel: string, isWanted: boolean) => void) => void
    /**
     * Completes when no mailbox is crowded: publishers that can wait lose nothing to full mailboxes. A member that stays crowded, as it is
     * stuck, holds nobody up for long. What is published next has to be in the mailboxes in the same turn.
     */
    readonly room: Effect.Effect<void>
    /** Whether no mailbox is crowded, within that time. */
    readonly roomWithin: (time: Duration.Input) => Effect.Effect<boolean>
    /** As `room`, for what is in the mailboxes only when it has succeeded: its place there is kept free. */
    readonly holding: <A, E, R>(publishing: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** A member has taken from its mailbox. */
    readonly relieved: (member: HubMember) => void
    /** Live connections over all members. */
    readonly size: () => number
    /** What became of publications in channels: messages handed to the kernel or a send buffer, those that were dropped, those that came too late. */
    readonly channelTotals: Readonly<ChannelTotals>
    /** Of the broadcast, or run of a schedule, that was done last and written to anyone; null before the first. */
    readonly newest: { timeToLastWriteMs: number | null }
    /** Connections that ended because what held them died. */
    readonly lose: (connections: number) => void
    /** How many were lost since it was last asked. */
    readonly takeLost: () => number
    /** Synchronous, for callbacks. The delivery completes when every member is done with it. */
    readonly publish: (publication: Publication) => void
  }
>()("clarion/services/Hub") {
  static readonly layer = Layer.sync(this, () => {
    const members = new Set<HubMember>()
    const listeners = new Map<string, Array<HubMember>>()
    const interested: Array<(channel: string, isWanted: boolean) => void> = []
    const tellInterest = (channel: string, isWanted: boolean) => {
      for (const told of interested) told(channel, isWanted)
    }
    const ignore = (channel: string, member: HubMember) => {
      const all = listeners.get(channel)
      const at = all?.indexOf(member) ?? -1
      if (all === undefined || at < 0) return
      all.splice(at, 1)
      if (all.length > 0) return
      listeners.delete(channel)
      tellInterest(channel, false)
    }
    /** Who has to hear it; a channel that raw connections hear, too, goes to everyone. */
    const hearersOf = ({ channel }: Publication): Iterable<HubMember> =>
      channel === undefined || channel === BROADCAST_CHANNEL ? members : (listeners.get(channel) ?? NOBODY)
    const mailboxes = new MailboxRoom(members)
    let lost = 0
    const channelTotals: ChannelTotals = { written: 0, slow: 0, mailbox: 0, closed: 0 }
    /** One function for all: what completes is `this`. */
    function noteChannelDelivery(this: Delivery) {
      channelTotals.written += this.written
      channelTotals.slow += this.slow
      channelTotals.mailbox += this.mailbox
      channelTotals.closed += this.closed
    }
    return Hub.of({
      channelTotals,
      newest: { timeToLastWriteMs: null },
      join: (member) =>
        Effect.acquireRelease(
          Effect.sync(() => void members.add(member)),
          () =>
            Effect.sync(() => {
              members.delete(member)
              mailboxes.left(member)
            })
        ),
      room: mailboxes.room,
      roomWithin: (time) => mailboxes.within(time),
      holding: (publishing) => mailboxes.holding(publishing),
      relieved: (member) => mailboxes.relieved(member),
      listen: (channel, member) => {
        const all = listeners.get(channel)
        if (all !== undefined) all.push(member)
        else {
          listeners.set(channel, [member])
          tellInterest(channel, true)
        }
      },
      ignore,
      listened: listeners,
      onInterest: (told) => void interested.push(told),
      size: () => {
        let size = 0
        for (const member of members) size += member.size
        return size
      },
      lose: (connections) => {
        lost += connections
      },
      takeLost: () => {
        const taken = lost
        lost = 0
        return taken
      },
      publish: (publication) => {
        const { delivery } = publication
        if (publication.channel !== undefined) delivery.onComplete ??= noteChannelDelivery
        // One part that is nobody's: the delivery must not complete before all of them are asked.
        delivery.expect(1)
        delivery.watch?.handed()
        for (const member of hearersOf(publication)) {
          delivery.expect(1)
          if (!member.offer(publication)) delivery.refused(member.size, member.name)
        }
        delivery.add(0, 0, 0, Number.NaN, Number.NaN)
      }
    })
  })
}
