/**
 * Receipts of what this node publishes: when all of it is published the other nodes are asked what became of it there, which is added up with
 * what became of it here.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { Hub } from "../Hub.ts"
import type { Delivery } from "../hot/Publication.ts"
import type { OpenReceipt, Receipts } from "../receipts/Receipts.ts"
import { type Destination, isHeard } from "./destinations.ts"
import type { AnswerTo } from "./messages.ts"
import { NodeCalls, type Replies } from "./NodeCalls.ts"
import { Roster } from "./Roster.ts"

/** Time for other nodes to tell what became of the publications of a receipt, from when the last was published. */
export const NODE_DEADLINE = "10 seconds"

/** A publication of an open receipt. */
interface OpenPart {
  readonly progress: Progress
  /** Where somebody has tried to publish it; undefined: nobody has. */
  destination: Destination | undefined
  isPublished: boolean
}

/** What of an open receipt was published, and what may still be. */
class Progress {
  /** How much was published in each. */
  readonly published = new Map<Destination, number>()
  /** Neither published nor withdrawn so far. */
  readonly #unsettled = new Set<OpenPart>()
  /** To be called when nothing more comes. */
  end: (() => void) | undefined

  /** @param isRepeat an earlier process has begun to publish it */
  constructor(readonly isRepeat: boolean) {}

  begin(): OpenPart {
    const part: OpenPart = { progress: this, destination: undefined, isPublished: false }
    this.#unsettled.add(part)
    return part
  }

  settle(part: OpenPart): void {
    if (!this.#unsettled.delete(part)) return
    const { destination, isPublished } = part
    if (isPublished && destination !== undefined)
      this.published.set(destination, (this.published.get(destination) ?? 0) + 1)
    this.check()
  }

  check(): void {
    if (this.#unsettled.size > 0) return
    const { end } = this
    this.end = undefined
    end?.()
  }
}

/**
 * Adds to a receipt what the others say of it, as one more delivery.
 * @param there the nodes when it was opened: names by uid
 */
const addOthers = (
  calls: NodeCalls["Service"],
  receipt: OpenReceipt,
  published: ReadonlyMap<Destination, number>,
  there: ReadonlyMap<string, string>
): Effect.Effect<void> => {
  const delivery = receipt.delivery()
  // Until all have told, as a receipt is final when nothing of it is expected.
  delivery.expect(1)
  const add = ({ answers, missing }: Replies<AnswerTo<"Outcome">>) => {
    const silent = new Map(there)
    for (const { node } of answers) silent.delete(node.uid)
    receipt.missed([...new Set([...silent.values(), ...missing])])
    const parts = answers.flatMap(({ answer }) => answer.parts)
    delivery.expect(parts.length)
    for (const part of parts) delivery.addWorker(part)
    delivery.add(0, 0, 0, Number.NaN, Number.NaN)
  }
  return calls
    .askOthers({ _tag: "Outcome", receipt: receipt.id, published: [...published] }, NODE_DEADLINE)
    .pipe(
      Effect.catch(() => Effect.succeed({ answers: [], missing: [] })),
      Effect.flatMap((replies) => Effect.sync(() => add(replies)))
    )
}

/** What whoever publishes says of the deliveries of open receipts; those that are no part of one are ignored. */
export interface Publishing {
  /**
   * Somebody tries to publish it there. True: somebody has before, and if it turns out to be published already, it was by that attempt.
   */
  readonly attempt: (delivery: Delivery, destination: Destination) => boolean
  /** It is on its way to all nodes. */
  readonly published: (delivery: Delivery, destination: Destination) => void
}

const makePublishing = (parts: WeakMap<Delivery, OpenPart>): Publishing => ({
  attempt: (delivery, destination) => {
    const part = parts.get(delivery)
    if (part === undefined) return false
    const isAgain = part.destination !== undefined
    part.destination = destination
    // Otherwise the earlier process may have published it.
    return isAgain && !part.progress.isRepeat
  },
  published: (delivery, destination) => {
    const part = parts.get(delivery)
    if (part === undefined) return
    part.destination = destination
    part.isPublished = true
    part.progress.settle(part)
  }
})

/** @param inner receipts of this node */
export const makeOpenReceipts = Effect.fnUntraced(function* (inner: Receipts["Service"]) {
  const calls = yield* NodeCalls
  const roster = yield* Roster
  const hub = yield* Hub
  const fork = yield* FiberSet.makeRuntime<never>()
  const parts = new WeakMap<Delivery, OpenPart>()

  const open: Receipts["Service"]["open"] = (subject, earlier) => {
    const { name } = roster.self()
    const receipt = inner.open({ ...subject, node: name }, earlier)
    const there = new Map(roster.others().map((other) => [other.uid, other.name]))
    const progress = new Progress(earlier !== undefined)

    const delivery = () => {
      const delivery = receipt.delivery()
      parts.set(delivery, progress.begin())
      return delivery
    }
    const withdraw = (delivery: Delivery): boolean => {
      const isWithdrawn = receipt.withdraw(delivery)
      const part = parts.get(delivery)
      if (part === undefined) return isWithdrawn
      const { destination, isPublished } = part
      // What has come here is published, whatever its publisher was told.
      if (!isWithdrawn) part.isPublished = true
      // What is published and has not come here is not counted here.
      else if (isPublished && destination !== undefined && isHeard(hub, destination)) receipt.missed([name])
      progress.settle(part)
      return isWithdrawn
    }
    const seal: OpenReceipt["seal"] = (done) => {
      progress.end = () => {
        const hasOthers = there.size > 0 || roster.others().length > 0
        const { published } = progress
        if (published.size > 0 && hasOthers) fork(addOthers(calls, receipt, published, there))
        receipt.seal(done)
      }
      progress.check()
    }
    return {
      id: receipt.id,
      get isEmpty() {
        return receipt.isEmpty
      },
      missed: receipt.missed,
      delivery,
      withdraw,
      seal
    }
  }
  return { open, publishing: makePublishing(parts) }
})
