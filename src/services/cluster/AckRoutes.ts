/**
 * Where acknowledgements go of receipts that other nodes keep: to these, added up, about ten times a second, and more seldom where there are
 * more than 250 nodes: all of them may tell one. What a node does not take, and what is made while NATS is away, is told again,
 * until its time is over; what a node is told that is gone counts for nothing.
 *
 * Bounded: of too many receipts the oldest go, and acknowledgements of theirs count for nothing.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { makeNow } from "../now.ts"
import { MAX_ACKNOWLEDGEABLE } from "../receipts/AckDesk.ts"
import type { Acknowledging } from "../receipts/receiptNotice.ts"
import { AckOutbox } from "../workers/AckOutbox.ts"
import type { NodeCalls } from "./NodeCalls.ts"

/** Between attempts to tell a node that does not answer. */
const RETRY = "1 second"
/** For each of the other nodes so much time lies between what is told to one: so that none hears more than 2,500 letters a second. */
const MS_A_NODE = 0.4
/** What was acknowledged in time may be told so much later. */
const GRACE_MS = 5000

interface Route {
  readonly node: string
  readonly life: number
  /** By this node's clock. */
  readonly until: number
}

export class AckRoutes {
  /** Oldest first, by the receipt. */
  readonly #routes = new Map<string, Route>()
  /** Of nodes that are to be told something. */
  readonly #outboxes = new Map<string, AckOutbox>()

  private constructor(
    readonly now: () => number,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    readonly calls: NodeCalls["Service"],
    readonly others: () => number,
    readonly maxWithin: number
  ) {}

  /**
   * Ends with the scope.
   * @param others how many other nodes there are
   * @param maxWithin ms after which no receipt takes acknowledgements, whatever its node says
   */
  static readonly make = Effect.fnUntraced(function* (
    calls: NodeCalls["Service"],
    others: () => number,
    maxWithin: number
  ) {
    return new AckRoutes(yield* makeNow, yield* FiberSet.makeRuntime<never>(), calls, others, maxWithin)
  })

  /** A publication of a receipt of that node has come: until when clients may acknowledge it here, the same for each that comes of it. */
  open(id: string, node: string, { life, within }: Acknowledging): number {
    const known = this.#routes.get(id)
    const route =
      known?.node === node && known.life === life
        ? known
        : { node, life, until: this.now() + Math.min(within, this.maxWithin) }
    this.#routes.delete(id)
    this.#routes.set(id, route)
    this.#forget()
    return route.until
  }

  /** Acknowledgements of this receipt are no other node's any more. */
  close(id: string): void {
    this.#routes.delete(id)
  }

  #forget(): void {
    for (const [id, { until }] of this.#routes) {
      if (until + GRACE_MS > this.now() && this.#routes.size <= MAX_ACKNOWLEDGEABLE) break
      this.#routes.delete(id)
    }
  }

  /** Nodes that are to be told something. */
  get telling(): number {
    return this.#outboxes.size
  }

  /** False where the receipt is none of another node. */
  add(id: string, connections: number): boolean {
    const route = this.#routes.get(id)
    if (route === undefined) return false
    this.#outbox(route.node).add(id, connections)
    return true
  }

  #outbox(node: string): AckOutbox {
    let outbox = this.#outboxes.get(node)
    if (outbox === undefined) {
      const made = new AckOutbox(
        ({ counts }) => void this.fork(this.#tell(node, made, counts)),
        (tell, ms) =>
          void this.fork(
            Effect.andThen(
              Effect.sleep(Math.max(ms, this.others() * MS_A_NODE)),
              Effect.sync(() => tell())
            )
          )
      )
      outbox = made
      this.#outboxes.set(node, outbox)
    }
    return outbox
  }

  #tell(
    node: string,
    outbox: AckOutbox,
    counts: ReadonlyArray<readonly [string, number]>
  ): Effect.Effect<void> {
    // A node that is gone has nothing to count any more.
    return Effect.asVoid(this.calls.ask(node, { _tag: "Acked", counts })).pipe(
      Effect.catch(() =>
        Effect.andThen(
          Effect.sleep(RETRY),
          Effect.sync(() => this.#again(node, counts))
        )
      ),
      Effect.andThen(
        Effect.sync(() => {
          outbox.taken()
          if (outbox.isIdle) this.#outboxes.delete(node)
        })
      )
    )
  }

  #again(node: string, counts: ReadonlyArray<readonly [string, number]>): void {
    for (const [id, connections] of counts) {
      const route = this.#routes.get(id)
      if (route?.node === node && route.until + GRACE_MS > this.now()) this.add(id, connections)
    }
  }
}
