/** One reading of a stream for many parts of the logs in it. */
import type { JsMsg } from "@nats-io/jetstream"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { BrokerUnavailable } from "../Broker.ts"
import type { ChannelLogs } from "./ChannelLogs.ts"
import type { Stored } from "./LogPart.ts"
import type { Waiting } from "./Lot.ts"

interface Filled {
  readonly waiting: Waiting
  readonly messages: Array<Stored>
}

export class Sweep {
  /** What is not yet whole, by subject. */
  readonly #left = new Map<string, Array<Filled>>()
  /** Behind it nothing belongs to any of them. */
  readonly last: number

  constructor(
    readonly logs: ChannelLogs,
    all: ReadonlyArray<Waiting>
  ) {
    for (const waiting of all) {
      const subject = logs.subjectOf(waiting.part.channel)
      const here = this.#left.get(subject) ?? []
      here.push({ waiting, messages: [] })
      this.#left.set(subject, here)
    }
    this.last = all.reduce((last, { part }) => Math.max(last, part.last.seq), 0)
  }

  offer({ subject, seq, data }: JsMsg): void {
    const here = this.#left.get(subject)
    if (here === undefined) return
    const stored = this.logs.read(seq, data)
    const left = here.filter((one) => !this.#fill(one, stored))
    if (left.length > 0) this.#left.set(subject, left)
    else this.#left.delete(subject)
  }

  /** Those that are not whole have what was found: the rest is gone. */
  end(exit: Exit.Exit<void, BrokerUnavailable>): void {
    for (const { waiting, messages } of [...this.#left.values()].flat())
      Deferred.doneUnsafe(
        waiting.found,
        Exit.isSuccess(exit) ? Effect.succeed(messages) : Exit.failCause(exit.cause)
      )
    this.#left.clear()
  }

  /** Whether it is whole. */
  #fill({ waiting: { part, found }, messages }: Filled, stored: Stored): boolean {
    const { after, last } = part
    if (stored.seq > after.seq && stored.seq <= last.seq) messages.push(stored)
    if (stored.seq < last.seq) return false
    Deferred.doneUnsafe(found, Effect.succeed(messages))
    return true
  }
}
