/**
 * HOT PATH. How frames become writes: the one part of a drain that a transport brings along.
 *
 * Cost, server CPU for each delivered message with 10,000 connections (docs/benchmarks.md): about 6 µs alone, below
 * 1 µs when ten go out in one drain. Watched by `npm run bench -- fanout`.
 */
import type { Connection } from "./Connection.ts"
import type { Frame } from "./Publication.ts"

/** What one slice did, added up by the fan-out. Reused from slice to slice. */
export class Tally {
  /** For each frame of the batch, connections that did not get it because their send buffer was full. */
  readonly dropped: Array<number> = []
  /** Connections that are closing and got none of the batch. */
  closed = 0
  /** Connections whose send buffer was full. */
  readonly slow: Array<Connection> = []

  reset(frames: number): void {
    this.closed = 0
    this.slow.length = 0
    this.dropped.length = frames
    this.dropped.fill(0)
  }
}

export interface FanOut {
  /**
   * Makes once for the whole drain what every connection takes. The result serves all slices of the drain.
   */
  prepare(frames: ReadonlyArray<Frame>): PreparedBatch
}

export interface PreparedBatch {
  /**
   * Sends the batch to `connections[from]` up to, not including, `connections[to]`, in the order of the batch: one
   * write for each connection. Neither closes a connection nor changes the array; what it finds goes into `tally`.
   */
  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void
}
