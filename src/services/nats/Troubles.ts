/** What a node cannot do at NATS though it is connected. Whoever asks NATS for something tells here how that went; `/health` says what goes wrong. */
import * as Effect from "effect/Effect"

/** What failed so long ago, and was not tried again since, may be possible now: nobody knows. */
const KNOWN_FOR_MS = 15_000

export class Trouble {
  /** Of the first failure since it went well, and of the last one. */
  #since: number | undefined
  #last = 0

  /**
   * @param what goes wrong, in words
   * @param patienceMs so long it may
   * @param now ms of a monotonic clock
   * @param isUp whether there is a connection: without one it is no trouble of its own
   */
  constructor(
    readonly what: string,
    readonly patienceMs: number,
    readonly now: () => number,
    readonly isUp: () => boolean
  ) {}

  readonly wentWell = (): void => {
    this.#since = undefined
  }

  readonly failed = (): void => {
    if (!this.isUp()) return
    this.#last = this.now()
    this.#since ??= this.#last
  }

  get isThere(): boolean {
    const now = this.now()
    return (
      this.#since !== undefined && now - this.#since >= this.patienceMs && now - this.#last < KNOWN_FOR_MS
    )
  }

  /** Notes whether it succeeds or fails; of what nobody waits for any more that is not known. */
  readonly watch = <A, E, R>(asking: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tapError(Effect.tap(asking, Effect.sync(this.wentWell)), () => Effect.sync(this.failed))
}

export class Troubles {
  readonly #known: Array<Trouble> = []

  constructor(
    readonly now: () => number,
    readonly isUp: () => boolean
  ) {}

  /** To be called at the start, for each thing that may go wrong. */
  expect(what: string, patienceMs = 0): Trouble {
    const trouble = new Trouble(what, patienceMs, this.now, this.isUp)
    this.#known.push(trouble)
    return trouble
  }

  /** What goes wrong now, each once. */
  get present(): ReadonlyArray<string> {
    const there = this.#known.filter(({ isThere }) => isThere)
    return [...new Set(there.map(({ what }) => what))]
  }
}
