/** Stands in for the hub of a process: keeps what the broker delivers, and tells when enough has come. */
import * as Effect from "effect/Effect"
import type { ChannelEvent } from "../../../src/services/hot/ChannelEvent.ts"

export class Received {
  readonly #events = new Map<string, Array<ChannelEvent>>()
  readonly #waiting = new Set<() => void>()

  readonly deliver = (event: ChannelEvent): void => {
    const events = this.#events.get(event.channel)
    if (events === undefined) this.#events.set(event.channel, [event])
    else events.push(event)
    for (const look of this.#waiting) look()
  }

  of(channel: string): ReadonlyArray<ChannelEvent> {
    return this.#events.get(channel) ?? []
  }

  /** The channel's events, once there are so many. */
  wait(channel: string, count: number): Effect.Effect<ReadonlyArray<ChannelEvent>> {
    return Effect.callback((resume) => {
      const look = () => {
        if (this.of(channel).length < count) return
        this.#waiting.delete(look)
        resume(Effect.succeed(this.of(channel)))
      }
      this.#waiting.add(look)
      look()
      return Effect.sync(() => void this.#waiting.delete(look))
    })
  }
}
