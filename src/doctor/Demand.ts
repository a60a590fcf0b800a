/** What a configured size asks of the machine, before it is compared with what the machine has. */

export interface Demand {
  readonly program: "server" | "client"
  /** Completes "server: …" in the headline. */
  readonly size: string
  readonly connections: number
  /** Ends of a connection that are on this machine: both, where the load client's server is here too. */
  readonly ends: 1 | 2
  readonly processes: number
  /** Those of the processes that hold connections. */
  readonly holders: number
  /** Connections of the fullest process. */
  readonly connectionsPerProcess: number
  /** Memory of the processes without connections, and of one connection with all its ends here, in bytes. */
  readonly baseBytes: number
  readonly connectionBytes: number
  /** Cores that are busy at the configured pace, as a fraction. */
  readonly busyCores: number
  /** Why they are. */
  readonly busyWith: string
  /** A flag with which the same connections need less of a core. */
  readonly calmerFlag: string
  /** The flag that spreads the connections over processes enough; undefined where none does. */
  readonly moreProcessesFlag: string | undefined
  /** The flag for a size of so many connections. */
  readonly sizeFlag: (connections: number) => string
}

/**
 * Open files that a process needs for so many connections: the least limit whose `connectionCapacity` suffices. The reserve is a quarter
 * of a small limit and 512 of a large one.
 */
export const openFilesFor = (connections: number): number =>
  Math.min(connections + 512, Math.floor((4 * (connections - 1)) / 3) + 1)
