/**
 * Where a publication enters a process: the hub hands it to the mailbox of each shard, one hop for a shard, and counts the live
 * connections over all of them. In the primary of worker processes its members are the workers, one hop for a process.
 *
 * Guarantee: publications reach a mailbox, and so every connection, in the order of their `publish` calls. A shard whose mailbox
 * is full does not delay the others: its connections count as dropped in the delivery.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Publication } from "./hot/Publication.ts"

/** Who sends to connections, as the hub sees it: a shard of this process, or a worker process with its shards. */
export interface HubMember {
  /** Its connections now. */
  readonly size: number
  /** False when its mailbox is full. Once taken, the publication's delivery gets this member's counts, whatever happens. */
  readonly offer: (publication: Publication) => boolean
}

export class Hub extends Context.Service<
  Hub,
  {
    /** Takes part until the scope closes. */
    readonly join: (member: HubMember) => Effect.Effect<void, never, Scope.Scope>
    /** Live connections over all members. */
    readonly size: () => number
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
    let lost = 0
    return Hub.of({
      join: (member) =>
        Effect.acquireRelease(
          Effect.sync(() => void members.add(member)),
          () => Effect.sync(() => void members.delete(member))
        ),
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
        // One part more than members: the delivery must not complete before all of them are asked.
        delivery.expect(members.size + 1)
        for (const member of members) {
          if (!member.offer(publication)) delivery.add(member.size, 0, member.size, Number.NaN, Number.NaN)
        }
        delivery.add(0, 0, 0, Number.NaN, Number.NaN)
      }
    })
  })
}
