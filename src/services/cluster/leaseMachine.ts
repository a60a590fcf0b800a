/**
 * The lease by which one node of a cluster leads: what this node knows of it, and whether it holds it.
 *
 * Pure: times come in with the events, in ms of this node's monotonic clock, and are compared with no other node's. A holder counts its time from
 * before its renewal was sent, and others count theirs from when they saw it, which is later: with `LEASE_MS` less than `TAKE_OVER_MS` nobody
 * can take a lease that its holder believes to have, as long as their clocks run equally fast, to a quarter.
 */
import { assign, setup } from "xstate"

/** How long a holder leads after it asked for its last renewal. */
export const LEASE_MS = 3000
/** Between two renewals. */
export const RENEWAL_MS = 1000
/** How long others look at a record that does not change before one of them takes it. */
export const TAKE_OVER_MS = 4000

export interface LeaseContext {
  /** Of this node. */
  readonly uid: string
  /** Of the record as it was last seen; 0: there is none, -1: it was not seen yet. */
  readonly revision: number
  /** Who wrote it; undefined: nobody holds the lease. */
  readonly holder: string | undefined
  /** When this revision of it was seen first. */
  readonly seenAt: number
  /** When the lease was asked for last. */
  readonly askedAt: number
  /** The revision by which it was taken: greater than that of all holders before. 0: never. */
  readonly fence: number
  /** Until when it is held. */
  readonly until: number
}

export type LeaseEvent =
  /** The record was read, or somebody has written it. */
  | {
      readonly type: "seen"
      readonly revision: number
      readonly holder: string | undefined
      readonly at: number
    }
  /** The lease is asked for, or its renewal. */
  | { readonly type: "ask"; readonly at: number }
  | { readonly type: "granted"; readonly revision: number }
  /** Somebody else was first. */
  | { readonly type: "refused" }
  /** It may have been granted. */
  | { readonly type: "unanswered" }
  | { readonly type: "lapse"; readonly at: number }

interface Args {
  readonly context: LeaseContext
  readonly event: LeaseEvent
}

type Seen = Extract<LeaseEvent, { readonly type: "seen" }>

const isNews = ({ context, event }: Args): boolean =>
  event.type === "seen" && event.revision > context.revision

const guards = {
  isNews,
  isOurs: ({ context, event }: Args): boolean => (event as Seen).holder === context.uid,
  isOthers: (args: Args): boolean => isNews(args) && (args.event as Seen).holder !== args.context.uid,
  hasLapsed: ({ context, event }: Args): boolean => event.type === "lapse" && event.at >= context.until
}

const actions = {
  noteSeen: ({ context, event }: Args): Partial<LeaseContext> => {
    if (event.type !== "seen") return {}
    const { revision, holder, at } = event
    return { revision, holder, seenAt: revision === context.revision ? context.seenAt : at }
  },
  noteAsked: ({ event }: Args): Partial<LeaseContext> => (event.type === "ask" ? { askedAt: event.at } : {}),
  noteGranted: ({ context, event }: Args): Partial<LeaseContext> =>
    event.type === "granted"
      ? { revision: event.revision, holder: context.uid, until: context.askedAt + LEASE_MS }
      : {},
  noteFence: ({ event }: Args): Partial<LeaseContext> =>
    event.type === "granted" ? { fence: event.revision } : {}
}

const lapse = { guard: "hasLapsed", target: "unknown" } as const
/** While it is held, somebody else has it: this node was away for longer than it believes. */
const lost = { guard: "isOthers", target: "following", actions: "noteSeen" } as const

export const leaseMachine = setup({
  types: {
    context: {} as LeaseContext,
    events: {} as LeaseEvent,
    input: {} as { readonly uid: string }
  },
  guards,
  actions: {
    noteSeen: assign(actions.noteSeen),
    noteAsked: assign(actions.noteAsked),
    noteGranted: assign(actions.noteGranted),
    noteFence: assign(actions.noteFence)
  }
}).createMachine({
  id: "lease",
  context: ({ input: { uid } }) => ({
    uid,
    revision: -1,
    holder: undefined,
    seenAt: 0,
    askedAt: 0,
    fence: 0,
    until: 0
  }),
  initial: "unknown",
  states: {
    /** The record has to be read. */
    unknown: { on: { seen: { target: "following", actions: "noteSeen" } } },
    /** Somebody else holds it, or nobody. */
    following: {
      on: {
        seen: { guard: "isNews", actions: "noteSeen" },
        ask: { target: "taking", actions: "noteAsked" }
      }
    },
    taking: {
      on: {
        granted: { target: "leading", actions: ["noteGranted", "noteFence"] },
        refused: "unknown",
        unanswered: "unknown"
      }
    },
    leading: {
      on: { seen: lost, ask: { target: "renewing", actions: "noteAsked" }, lapse }
    },
    renewing: {
      on: {
        seen: lost,
        granted: { target: "leading", actions: "noteGranted" },
        refused: "unknown",
        unanswered: "unsure",
        lapse
      }
    },
    /** Held, and it has to be read whether it was renewed: that alone makes it no longer. */
    unsure: {
      on: {
        seen: [
          { guard: "isOurs", target: "leading", actions: "noteSeen" },
          { target: "following", actions: "noteSeen" }
        ],
        lapse
      }
    }
  }
})

const HELD: ReadonlySet<string> = new Set(["leading", "renewing", "unsure"])

export interface Lease {
  readonly value: string
  readonly context: LeaseContext
}

/** Whether this node leads at a time. */
export const holds = ({ value, context }: Lease, at: number): boolean => HELD.has(value) && at < context.until

/** When it is time to ask: for the lease, where this node follows, or for its renewal. */
export const askAt = ({ value, context }: Lease): number => {
  const { holder, uid, seenAt, askedAt } = context
  if (value === "leading") return askedAt + RENEWAL_MS
  // Its own one, which has lapsed: nobody else has taken it.
  return holder === undefined || holder === uid ? seenAt : seenAt + TAKE_OVER_MS
}
