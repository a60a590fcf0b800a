/** One pane: a way, the cable that it runs over, and the book of what came. */
import { Cable } from "./Cable.ts"
import { Changes } from "./Changes.ts"
import { Ledger } from "./Ledger.ts"
import type { Way, WayListener, WayState } from "./ways/Way.ts"

export type PaneName = "raw" | "sdk" | "events"

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export class Pane<W extends Way = Way> {
  readonly changes = new Changes()
  readonly ledger = new Ledger()
  readonly cable = new Cable()
  readonly way: W
  state: WayState = "off"
  /** More about the state, in words. */
  why: string | undefined
  #awaySince: number | undefined

  constructor(
    readonly name: PaneName,
    makeWay: (cable: Cable, listener: WayListener) => W
  ) {
    this.way = makeWay(this.cable, {
      changed: (state, why) => this.#changed(state, why),
      arrived: (arrival) => this.#write((at) => this.ledger.arrive({ ...arrival, at })),
      stands: (position) => this.#write((at) => this.ledger.stands(at, position)),
      unasked: () => this.#write((at) => this.ledger.unasked(at)),
      lost: (position) => this.#write((at) => this.ledger.lost(at, position))
    })
  }

  connect = (): void => this.way.connect()

  disconnect = (): void => this.way.disconnect()

  cut(ms: number): void {
    this.cable.cut(ms)
  }

  clear = (): void => this.#write(() => this.ledger.clear())

  #write(write: (at: number) => void): void {
    write(Date.now())
    this.changes.tell()
  }

  #changed(state: WayState, why: string | undefined): void {
    const before = this.state
    this.state = state
    this.why = why
    this.#write((at) => {
      if (state === before) return
      if (state === "away") {
        this.#awaySince ??= at
        this.ledger.note(at, why === undefined ? "The connection is lost" : `The connection is lost (${why})`)
      } else if (state === "on") {
        const away = this.#awaySince
        this.ledger.note(at, away === undefined ? "Connected" : `Back after ${seconds(at - away)}`)
        this.#awaySince = undefined
      } else if (state === "refused") this.ledger.note(at, `Ended: ${why}`, true)
      else if (state === "off" && before !== "refused") {
        this.ledger.note(at, "Disconnected")
        this.#awaySince = undefined
      }
    })
  }
}
