/** What a bench tells its driver process, and what that answers: one answer for each order. */
import type { LatencySummary } from "clarion/protocol/report"
import type { DialectName } from "./dialects.ts"

export interface OpenOrder {
  readonly port: number
  readonly dialect: DialectName
  readonly connections: number
  /** Channels that they share evenly: the first connection is in the first, the next in the second. */
  readonly channels: number
  /** Stands before the number in a channel's name: a namespace and its boundary. */
  readonly prefix: string
  /** Local addresses that connections leave from; 4 without it. One runs out of ports near 28,000, and is slow long before. */
  readonly addresses?: number
  /** Where is published into their channels; `port` without it. */
  readonly apiPort?: number
}

export interface Opened {
  readonly connections: number
  readonly seconds: number
}

export interface RoundsOrder {
  /** Messages that each channel gets at once in each round. */
  readonly depth: number
  /** As many rounds, and more until `forMs` have passed. */
  readonly rounds: number
  readonly forMs: number
}

export interface Rounds {
  readonly depth: number
  readonly seconds: number
  /** Messages that connections got. */
  readonly delivered: number
  /** Rounds that did not reach everyone in time. */
  readonly short: number
  /** Messages that came twice, too late, or with other bytes than were sent. */
  readonly stray: number
  /** The first connection's failure or end. */
  readonly problem: string | undefined
  /** Milliseconds of each round: from its first message's sending until everyone has got all of it. */
  readonly roundMs: ReadonlyArray<number>
  readonly latencyMs: LatencySummary
}

/** Publications through the server API that nobody listens to here. */
export interface PublishOrder {
  readonly port: number
  readonly prefix: string
  readonly channels: number
  /** Publications into each channel. */
  readonly each: number
}

export interface PublishedAll {
  readonly publications: number
  readonly seconds: number
}

/** The same HTTP request as fast as answers come. */
export interface LoadOrder {
  readonly port: number
  readonly path: string
  readonly body: string
  /** Connections, and requests that are under way on each. */
  readonly connections: number
  readonly pipelined: number
  readonly forMs: number
}

export interface Loaded {
  readonly requests: number
  readonly seconds: number
}

/** Clients of `open` are cut off; `recover` lets them come back, to the channels and positions at which they were. */
export interface RecoverOrder {
  /** Publications that each of them missed. */
  readonly missed: number
  /** Where they come back; where they were without it. */
  readonly port?: number
}

export interface Recovered {
  /** From the first connection's beginning to the last publication of the last client. */
  readonly seconds: number
  /** Milliseconds from the beginning of a client's connection to its last publication. */
  readonly clientMs: LatencySummary
}

/** Schedules that publish to everyone, made over HTTP: the first is due when all are made and `aheadMs` have passed. */
export interface FireOrder {
  readonly port: number
  readonly count: number
  /** From one due time to the next, whole or not; 0: all at once. */
  readonly apartMs: number
  readonly aheadMs: number
}

export interface Fired {
  /** Milliseconds from its due time until a client has got it, in whole milliseconds. */
  readonly lateMs: LatencySummary
  /** Those that came before their time, never, or twice. */
  readonly early: number
  readonly missing: number
  readonly repeated: number
}

/** Every kind of order with its answer. */
export interface Work {
  readonly open: readonly [OpenOrder, Opened]
  readonly rounds: readonly [RoundsOrder, Rounds]
  readonly publish: readonly [PublishOrder, PublishedAll]
  readonly load: readonly [LoadOrder, Loaded]
  readonly cut: readonly [object, Opened]
  readonly recover: readonly [RecoverOrder, Recovered]
  readonly fire: readonly [FireOrder, Fired]
}

export type Kind = keyof Work
export type Order = { [K in Kind]: { readonly kind: K } & Work[K][0] }[Kind]
export type Answer = { readonly done: Work[Kind][1] } | { readonly failed: string }
