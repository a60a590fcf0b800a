/** The tree of actors as rows: what is open is there, the rest is not. */
import type { ActorState } from "../../../protocol/dashboard.ts"

const SELF = ["name", "address", "state", "mailbox", "connections", "restarts", "cause", "crashedAt"] as const

/**
 * The new tree with the old one's objects wherever nothing has changed, so that what is drawn of those need not be drawn again.
 * @returns the old array itself where all is the same
 */
export const reuse = (
  before: ReadonlyArray<ActorState>,
  after: ReadonlyArray<ActorState>
): ReadonlyArray<ActorState> => {
  const known = new Map(before.map((one) => [one.address, one]))
  const kept = after.map((actor) => {
    const old = known.get(actor.address)
    if (old === undefined) return actor
    const children = reuse(old.children, actor.children)
    if (children === old.children && SELF.every((name) => old[name] === actor[name])) return old
    return children === actor.children ? actor : { ...actor, children }
  })
  const isSame = kept.length === before.length && kept.every((one, at) => one === before[at])
  return isSame ? before : kept
}

export interface Row {
  readonly actor: ActorState
  /** 1 for roots. */
  readonly level: number
  readonly isOpen: boolean
}

/** The rows that are to be seen, parents before their children. */
export const rowsOf = (
  actors: ReadonlyArray<ActorState>,
  isOpen: (actor: ActorState) => boolean,
  level = 1
): ReadonlyArray<Row> =>
  actors.flatMap((actor) => {
    const open = actor.children.length > 0 && isOpen(actor)
    const row = { actor, level, isOpen: open }
    return open ? [row, ...rowsOf(actor.children, isOpen, level + 1)] : [row]
  })

/** States of actors that are at work: shards and supervisors, the timers of broadcasts and of schedules. */
const CALM = new Set(["serving", "waiting", "gated", "sending", "firing"])

/** How long a crash is worth a look. */
export const CRASH_SHOWN_MS = 15 * 60_000

/** Messages that wait from which on a mailbox is worth a look. */
const BUSY_MAILBOX = 100

/**
 * Crashed not long ago, is not at work, or has much to do.
 *
 * @param now by the server's clock
 */
export const needsAttention = (
  { state, crashedAt = Number.NEGATIVE_INFINITY, mailbox = 0 }: ActorState,
  now: number
): boolean => now - crashedAt < CRASH_SHOWN_MS || mailbox >= BUSY_MAILBOX || !CALM.has(state)

/** Those that need attention, with the actors above them. */
export const attention = (actors: ReadonlyArray<ActorState>, now: number): ReadonlyArray<ActorState> =>
  actors.flatMap((actor) => {
    const children = attention(actor.children, now)
    return children.length > 0 || needsAttention(actor, now) ? [{ ...actor, children }] : []
  })

export interface Totals {
  readonly actors: number
  readonly restarts: number
  readonly waiting: number
  readonly attention: number
}

export const totals = (actors: ReadonlyArray<ActorState>, now: number): Totals =>
  actors.reduce(
    (sum, actor) => {
      const below = totals(actor.children, now)
      return {
        actors: sum.actors + below.actors + 1,
        restarts: sum.restarts + below.restarts + (actor.restarts ?? 0),
        waiting: sum.waiting + below.waiting + (actor.mailbox ?? 0),
        attention: sum.attention + below.attention + (needsAttention(actor, now) ? 1 : 0)
      }
    },
    { actors: 0, restarts: 0, waiting: 0, attention: 0 }
  )

/** Addresses of all that have children. */
export const parentsOf = (actors: ReadonlyArray<ActorState>): ReadonlyArray<string> =>
  actors.flatMap(({ address, children }) => (children.length === 0 ? [] : [address, ...parentsOf(children)]))
