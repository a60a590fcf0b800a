/** Takes down what happens, with its time. */
import { Heard } from "../server/Heard.ts"
import type { EventOf, EventType, History, HistoryEvent } from "./History.ts"

/** Milliseconds since the epoch, of a clock that does not go back. */
export const now = (): number => performance.timeOrigin + performance.now()

type Fields<T extends EventType> = Omit<EventOf<T>, "type" | "at">

export class Recorder {
  readonly #heard = new Heard<HistoryEvent>()
  readonly #counts = new Map<EventType, number>()
  #ops = 0

  constructor(readonly seed: number) {}

  get history(): History {
    return { seed: this.seed, events: this.#heard.all }
  }

  /** The number of an operation that is invoked next. */
  nextOp(): number {
    return this.#ops++
  }

  note<T extends EventType>(type: T, fields: Fields<T>): void {
    this.#counts.set(type, this.#count(type) + 1)
    this.#heard.add({ type, at: now(), ...fields } as unknown as HistoryEvent)
  }

  /** Settles when so many more of these were recorded. */
  async more(type: EventType, count: number): Promise<void> {
    const wanted = this.#count(type) + count
    await this.#heard.until(() => this.#count(type) >= wanted)
  }

  /** Settles with the first of these that fits, of those to come. */
  async next<T extends EventType>(type: T, fits: (event: EventOf<T>) => boolean): Promise<void> {
    await this.#heard.next((event) => event.type === type && fits(event as unknown as EventOf<T>))
  }

  #count(type: EventType): number {
    return this.#counts.get(type) ?? 0
  }
}
