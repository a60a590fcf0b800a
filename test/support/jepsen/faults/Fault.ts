/** What a fault is: it is made, lasts, and is healed; one at a time. */
import type { Cluster } from "../cluster/Cluster.ts"
import type { Burst } from "../load/Burst.ts"
import type { Watcher } from "../load/Watcher.ts"
import type { Random } from "../Random.ts"

export interface Grounds {
  readonly cluster: Cluster
  readonly watchers: ReadonlyArray<Watcher>
  readonly random: Random
  /** Begins to publish very much at once; completes with the first acknowledgements. */
  readonly burst: () => Promise<Burst>
  /** Aborted when the fault cannot be waited for any more. */
  readonly signal: AbortSignal
}

/** A fault that has been made. */
export interface Made {
  readonly does: string
  /** How long it lasts where publications do not come sooner: they go on during most faults. */
  readonly lastsMs: number
  /** Whether it is over as soon as some publications were acknowledged after it. */
  readonly isShort?: boolean
  /** How late runs may be that are due from then on; undefined: as late as it lasts, and NATS takes to find itself again. */
  readonly runsWithinMs?: number
  /** Completes when the cluster is whole again. */
  readonly heal: (signal: AbortSignal) => Promise<unknown>
}

export type Fault = (grounds: Grounds) => Promise<Made>

export const SHORT_MS = 4000
/** Longer than the lease of the leading node (3 s), than others wait for it (4 s), and than a node waits for pings of NATS (two of 2 s). */
export const LONG_MS = 8000

/** After the loss of the node that fires schedules, runs go on within so long: what docs/schedules.md promises. */
const FAILOVER_MS = 5000
/** What this machine takes besides: a run is published, delivered and seen while nine servers and all their clients share two cores. */
const MACHINE_MS = 1500
export const RUNS_WITHIN_MS = FAILOVER_MS + MACHINE_MS
