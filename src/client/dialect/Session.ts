/**
 * What is known of a connection beyond one socket: it goes with the connection when it is lost and comes back. Only runs have
 * sessions that need them: those that speak the client protocol, and scenarios that look at single connections.
 */
export class Session {
  /** Since when the connection hears what it is for, in epoch milliseconds; NaN while it does not. */
  readyAt = Number.NaN
  /** Since when it has been away; NaN where it was not lost, or is back. */
  lostAt = Number.NaN
  /** Stamp of the latest broadcast that it heard. */
  heard = 0
  /** It does not read, by order of the scenario. */
  isSlow = false
  /** It was cut, or ends, by order of the scenario. */
  isLeaving = false
  /** Where it stands in its channel; the epoch is empty where the channel has no history. */
  offset = 0
  epoch = ""
  /** The number of the client's own publication that it heard last; 0 before the first. */
  sequence = 0
  /** Why the server did not let it subscribe, and whether that may pass. */
  refusal: Refusal | null = null

  get isReady(): boolean {
    return !Number.isNaN(this.readyAt)
  }

  /** It was there, and is not back yet. */
  get isAway(): boolean {
    return !Number.isNaN(this.lostAt)
  }
}

export interface Refusal {
  readonly why: string
  readonly mayPass: boolean
}
