/**
 * What the dashboard hears and asks: the names of its channels and paths, and the JSON that they carry. Plain types, for the server that
 * writes it and for the page that reads it.
 *
 * The channels are Clarion's own: nobody can subscribe to them without a token that the server gives to those who are logged in. Each is fed
 * while somebody is subscribed to it and at no other time. Each carries states, not events: every publication replaces the one before, and
 * the newest comes with the subscription.
 */

/** Channels in this namespace are the server's own; a configuration cannot have a namespace of that name. */
export const OWN_NAMESPACE = "clarion"

export const dashboardChannels = {
  /** `Overview`, every second. */
  overview: "clarion:overview",
  /** `Actors`, every two seconds. */
  actors: "clarion:actors",
  /** `ChannelsState`, every two seconds. */
  channels: "clarion:channels",
  /** `SchedulesState`, within a second of a change. */
  schedules: "clarion:schedules",
  /** `ReceiptsState`, within a second of a change. */
  receipts: "clarion:receipts",
  /** `SlowState`, within a second of a change. */
  slow: "clarion:slow"
} as const

export type DashboardTopic = keyof typeof dashboardChannels

/**
 * Paths of the dashboard's own; all else that it does goes to `/api`. Requests that change something carry the session's `csrf` in the header
 * `X-CSRF-Token`; without it, or from another origin, they are answered with 403.
 */
export const adminPaths = {
  /** POST `LogIn`: 200 `AdminSession` and the cookie; 401 `Refused`; 429 `Refused` and Retry-After. */
  logIn: "/admin/login",
  /** POST: 204, and the session is over. */
  logOut: "/admin/logout",
  /** GET: 200 `AdminSession`, or `Nobody` for who brings none: that is no error, which browsers would log. 401 `Refused`: it is over. */
  session: "/admin/session",
  /** POST `TokenRequest`: 200 `TokenAnswer`, or 401 `Refused`. */
  token: "/admin/token",
  /** GET: 200, an array of the `Overview`s of the last ten minutes in which somebody looked, oldest first. */
  overview: "/admin/overview"
} as const

/** The name of the cookie of a session. */
export const SESSION_COOKIE = "clarion_session"
export const CSRF_HEADER = "x-csrf-token"

/** Exactly one of the two. */
export type LogIn = { readonly password: string } | { readonly apiKey: string }

export interface AdminSession {
  readonly csrf: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** Whether there is a password to log in with: `admin.passwordHash` is set. */
  readonly hasPassword: boolean
  readonly version: string
  /** The life of the server, another one after each restart. */
  readonly life: string
}

/** Nobody is logged in in this browser. */
export type Nobody = Pick<AdminSession, "hasPassword">

export interface Refused {
  /** "loggedOut" is who was not logged in before; "expired" who was, and is no more. */
  readonly error: "wrong" | "tooMany" | "loggedOut" | "expired" | "crossSite" | "malformed"
  /** A sentence for a person. */
  readonly message: string
  readonly hasPassword: boolean
}

/** With a channel a subscription token for it, else a connection token. */
export interface TokenRequest {
  readonly channel?: string
}
export interface TokenAnswer {
  readonly token: string
}

/** Counters are totals since the server started: rates are differences. All times are milliseconds since the epoch, durations milliseconds. */
export interface Overview {
  readonly at: number
  /** The life of the server: when it differs from the one before, counters have begun again. */
  readonly life: string
  readonly startedAt: number
  readonly state: "starting" | "serving" | "draining"
  /** Live now: all connections; those of them that are sessions of the client protocol; their subscriptions. */
  readonly connections: number
  readonly clients: number
  readonly subscriptions: number
  readonly opened: number
  readonly closed: number
  readonly closedByCode: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  readonly broadcasts: number
  readonly publications: number
  /** Messages to connections, of broadcasts and of channels together. */
  readonly written: number
  /** Of those, the ones of channels; what pages of the dashboard hear is among them. */
  readonly writtenInChannels: number
  readonly dropped: Readonly<Record<string, number>>
  /** Not sent because the connection closed first. */
  readonly missed: number
  /** Messages from clients. */
  readonly received: number
  readonly slowConsumers: number
  /** Of the newest broadcast that has one; null before the first. */
  readonly timeToLastWriteMs: number | null
  readonly processes: ReadonlyArray<ProcessState>
  /** Absent: this node is the only one. All other figures are of this node. */
  readonly cluster?: ClusterState
}

/** All nodes, as this one knows them. */
export interface ClusterState {
  /** Live connections, of all of them. */
  readonly connections: number
  /** How many there are, with this one. */
  readonly nodes: number
  /** The names of this one, and of some others. */
  readonly names: ReadonlyArray<string>
  /** Whether this node can reach the others now. */
  readonly isConnected: boolean
}

export interface ProcessState {
  /** "primary", "worker-0", …; "server" where there are no workers. */
  readonly name: string
  /** Delay of the event loop in the last ten seconds. */
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** CPU time since it started, user and system. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
}

export interface ActorState {
  readonly name: string
  readonly address: string
  readonly state: string
  readonly mailbox?: number
  readonly connections?: number
  readonly restarts?: number
  readonly cause?: string
  /** When it crashed last. */
  readonly crashedAt?: number
  readonly children: ReadonlyArray<ActorState>
}

export interface Actors {
  readonly at: number
  readonly actors: ReadonlyArray<ActorState>
  /** Further ones, which are too many to be told; `GET /api/actors` has them. */
  readonly omitted: number
}

/** The channels with the most subscribers; presence and history of one are asked of `/api`. */
export interface ChannelsState {
  readonly at: number
  /** How many channels have subscribers. */
  readonly total: number
  readonly shown: ReadonlyArray<ChannelState>
}

export interface ChannelState {
  readonly channel: string
  readonly subscribers: number
  readonly hasPresence: boolean
  readonly hasHistory: boolean
}

/** The schedules that are due next, then those that are paused; as `/api/schedules` has them. */
export interface SchedulesState {
  readonly at: number
  readonly total: number
  /** Each an item of `GET /api/schedules`. */
  readonly shown: ReadonlyArray<unknown>
}

/** The newest receipts; each an item of `GET /api/receipts`. */
export interface ReceiptsState {
  readonly at: number
  readonly shown: ReadonlyArray<unknown>
}

/** What became of connections that took too little of what was sent to them, newest first. */
export interface SlowState {
  readonly at: number
  /** Since the server started. */
  readonly total: number
  readonly shown: ReadonlyArray<SlowConsumer>
}

export interface SlowConsumer {
  readonly at: number
  readonly process: string
  /** Of the client. */
  readonly address: string
  /** Absent for a raw connection. */
  readonly client?: string
  readonly user?: string
  /** Bytes that waited for it. */
  readonly waitingBytes: number
  readonly outcome: "closed" | "dropped"
}
