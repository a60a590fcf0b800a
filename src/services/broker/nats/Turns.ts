/**
 * Fairness between nodes that publish into one channel at once. Who has just written it can write again at once, while others have to read first
 * and come too late each time: a node that has lost twice asks the last writer, which then leaves the others a while.
 */
import * as Effect from "effect/Effect"
import type { NatsLink } from "../../nats/NatsLink.ts"

/** Round trips of who asks: what it writes now may come too late, then it reads, and writes again. */
const TURN_TRIPS = 4
const MIN_TURN_MS = 2
const MAX_TURN_MS = 500
/** Channels in which somebody asked for a turn. */
const MAX_CHANNELS = 1000
/** Bytes of what asks: the time in milliseconds, a space, the channel. */
const MAX_BYTES = 4096
const ASKED = /^(\d{1,4}) (.+)$/s

const decoder = new TextDecoder()

export class Turns {
  /** Asked for by others since start. */
  asked = 0
  readonly #until = new Map<string, number>()

  constructor(
    readonly link: NatsLink["Service"],
    readonly now: () => number
  ) {}

  /** Hears those who ask this node, until the scope closes. */
  get listen() {
    const { subjects, uid } = this.link
    return this.link.hear(subjects.turn(uid), ({ data }) => {
      if (data.length <= MAX_BYTES) this.#give(decoder.decode(data))
    })
  }

  /** @param tripMs how long NATS takes to answer this node */
  ask(writer: string, channel: string, tripMs: number): void {
    const { connection, subjects, uid } = this.link
    if (writer === uid || connection.isClosed()) return
    const turn = Math.min(MAX_TURN_MS, Math.max(MIN_TURN_MS, Math.ceil(TURN_TRIPS * tripMs)))
    connection.publish(subjects.turn(writer), `${turn} ${channel}`)
  }

  /** Whether nobody asked for a turn: then there is nothing to wait for. */
  isOurs(channel: string): boolean {
    return !this.#until.has(channel)
  }

  /** Completes when it is this node's turn again: nearly always at once. */
  wait(channel: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const until = this.#until.get(channel)
      if (until === undefined) return Effect.void
      this.#until.delete(channel)
      const left = until - this.now()
      return left > 0 ? Effect.sleep(left) : Effect.void
    })
  }

  #give(asked: string): void {
    const [, turn, channel] = ASKED.exec(asked) ?? []
    if (turn === undefined || channel === undefined) return
    if (this.#until.size >= MAX_CHANNELS) this.#until.clear()
    this.asked++
    this.#until.set(channel, this.now() + Math.min(MAX_TURN_MS, Number(turn)))
  }
}
