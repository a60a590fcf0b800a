/**
 * Acknowledgements of the clients of one process: a connection says that it has what a receipt is of, and is counted, once for each receipt.
 *
 * Guarantees: only receipts that were published to this process, and whose time is not over, count anything. Bounded: of too many receipts
 * the oldest takes no acknowledgements any more; beyond so many remembered connections no further ones are counted. Both are told by metrics.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import type { Connection } from "../hot/Connection.ts"
import { forkLongLived } from "../longLived.ts"
import { counter, Metrics, type Sample } from "../Metrics.ts"
import { makeNow } from "../now.ts"

/** Receipts that take acknowledgements at once. */
export const MAX_ACKNOWLEDGEABLE = 10_000
/** Connections that a process remembers, over all of these: 40 bytes each. */
export const MAX_REMEMBERED = 2_000_000
/** Between two looks for receipts whose time is over. */
const EXPIRY_INTERVAL = "1 second"

/** "repeated": this connection was counted before; "full": too many are remembered. */
export type AckAnswer = "counted" | "repeated" | "unknown" | "full"

interface Taking {
  readonly until: number
  readonly connections: Set<Connection>
}

export class AckDesk {
  /** Told of each connection that is counted. */
  onCounted: (id: string) => void = () => {}
  readonly refused = { repeated: 0, unknown: 0, full: 0 }
  /** Oldest first. */
  readonly #taking = new Map<string, Taking>()
  #remembered = 0

  /** @param now milliseconds since the epoch */
  constructor(
    readonly now: () => number,
    readonly maxReceipts = MAX_ACKNOWLEDGEABLE,
    readonly maxRemembered = MAX_REMEMBERED
  ) {}

  /** A receipt was published to this process, or a further publication of it. */
  open(id: string, until: number): void {
    if (this.#taking.get(id)?.until === until) return
    this.#close(id)
    this.#taking.set(id, { until, connections: new Set() })
    if (this.#taking.size <= this.maxReceipts) return
    const [oldest] = this.#taking.keys()
    this.#close(oldest!)
  }

  take(connection: Connection, id: string): AckAnswer {
    const answer = this.#take(connection, id)
    if (answer === "counted") this.onCounted(id)
    else this.refused[answer]++
    return answer
  }

  #take(connection: Connection, id: string): AckAnswer {
    const taking = this.#taking.get(id)
    if (taking === undefined || taking.until <= this.now()) return "unknown"
    if (taking.connections.has(connection)) return "repeated"
    if (this.#remembered >= this.maxRemembered) return "full"
    taking.connections.add(connection)
    this.#remembered++
    return "counted"
  }

  /** Forgets receipts whose time is over. */
  expire(): void {
    const now = this.now()
    for (const [id, { until }] of this.#taking) {
      // Those of other nodes may end before older ones.
      if (until <= now) this.#close(id)
    }
  }

  #close(id: string): void {
    this.#remembered -= this.#taking.get(id)?.connections.size ?? 0
    this.#taking.delete(id)
  }

  get samples(): ReadonlyArray<Sample> {
    return Object.entries(this.refused).map(([reason, count]) =>
      counter("clarion_acks_refused_total", "Acknowledgements that were not counted", count, { reason })
    )
  }
}

/** Undefined: clients of this process acknowledge nothing. */
export const Acknowledgements = Context.Reference<AckDesk | undefined>("clarion/services/Acknowledgements", {
  defaultValue: () => undefined
})

/** @param hasConnections whether clients connect to this process */
export const layerAcknowledgements = (hasConnections: boolean) =>
  Layer.effect(
    Acknowledgements,
    Effect.gen(function* () {
      const { receipts } = yield* ServerConfig
      if (!receipts.acknowledgement || !hasConnections) return undefined
      const desk = new AckDesk(yield* makeNow)
      yield* (yield* Metrics).register(Effect.sync(() => desk.samples))
      const expire = Effect.sync(() => desk.expire())
      yield* forkLongLived(
        "acknowledgements",
        Effect.forever(Effect.andThen(Effect.sleep(EXPIRY_INTERVAL), expire))
      )
      return desk
    })
  )
