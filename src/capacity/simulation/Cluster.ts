/** The cluster that is simulated, by what its parts cost. */

export interface Cluster {
  readonly nodes: number
  readonly connectionsEach: number
  /** Workers of a node, each on a core of its own. */
  readonly workers: number
  readonly natsServers: number
  /** Worker's CPU seconds for a message to one connection. */
  readonly messageSeconds: number
  /** Seconds of a node for each connection that is set up, all its workers at it, while clients come to one node less than all, and to all. */
  readonly admitSeconds: { readonly others: number; readonly all: number }
  /** Milliseconds until attempts do not meet a dead node any more. */
  readonly detectMs: number
  /** Seconds of a NATS server for each copy of a broadcast. */
  readonly copySeconds: number
  /** Seconds of a node's network for a message to one connection. */
  readonly wireSeconds: number
  /** Milliseconds from one machine to another, one way. */
  readonly hopMs: number
}
