/** The record of a lease as NATS would keep it, and links to it that can be cut, be slow, or lose answers. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import type { LeaseRecord, LeaseState } from "../../../src/services/cluster/LeaseRecord.ts"

const cut = Effect.fail(new BrokerUnavailable({ detail: "cut" }))

export class FakeLease {
  state: LeaseState = { revision: 0, holder: undefined }
  readonly #links = new Set<{ readonly link: LeaseLink; readonly told: (state: LeaseState) => void }>()

  link(): LeaseLink {
    return new LeaseLink(this)
  }

  write(holder: string | undefined, expected: number): number | undefined {
    if (expected !== this.state.revision) return undefined
    this.state = { revision: expected + 1, holder }
    for (const { link, told } of this.#links) if (link.isUp && link.hears) told(this.state)
    return this.state.revision
  }

  listen(link: LeaseLink, told: (state: LeaseState) => void) {
    const entry = { link, told }
    return Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => void this.#links.add(entry)),
        () => Effect.sync(() => void this.#links.delete(entry))
      )
    )
  }
}

export class LeaseLink {
  isUp = true
  /** Whether it hears of writes. */
  hears = true
  losesAnswers = false
  /** Until what is sent arrives, and until its answer does, in ms. */
  delay = 0

  constructor(readonly lease: FakeLease) {}

  #ask<A>(doing: () => A): Effect.Effect<A, BrokerUnavailable> {
    return Effect.gen({ self: this }, function* () {
      if (!this.isUp) return yield* cut
      if (this.delay > 0) yield* Effect.sleep(this.delay)
      const answer = doing()
      if (this.delay > 0) yield* Effect.sleep(this.delay)
      return yield* this.losesAnswers ? Effect.never : Effect.succeed(answer)
    })
  }

  readonly record: LeaseRecord = {
    read: Effect.suspend(() => this.#ask(() => this.lease.state)),
    write: (holder, expected) =>
      // What was sent arrives, whether its answer is waited for or not.
      Effect.flatMap(
        Effect.forkDetach(
          this.#ask(() => this.lease.write(holder, expected)),
          { startImmediately: true }
        ),
        Fiber.join
      ),
    onWritten: (told) => this.lease.listen(this, told)
  }
}
