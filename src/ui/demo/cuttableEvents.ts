/**
 * An EventSource that runs over a cable. No page can cut the connection of an EventSource but by closing it, and then it does not come back:
 * this one opens another in its place, which says with `since=` where to go on from, as the browser does with `Last-Event-ID` when it comes
 * back by itself from a real failure.
 */
import type { Cable } from "./Cable.ts"

export interface EventsListener {
  /** @param isFinal an HTTP error: an EventSource gives up on these */
  readonly failed: (isFinal: boolean) => void
  /** @param id where to go on from after it; "" for none */
  readonly heard: (type: string, data: string, id: string) => void
}

/** Like a browser's own pause before it comes back, but shorter than that of most. */
const RETRY_MS = 1000

const TYPES = ["message", "binary", "subscribed", "unrecovered"] as const

export class CuttableEvents {
  #source: EventSource | undefined
  #id: string
  #undo: () => void = () => {}

  /** @param since the id to begin after; "" for none */
  constructor(
    readonly url: string,
    readonly cable: Cable,
    readonly listener: EventsListener,
    since: string
  ) {
    this.#id = since
    this.#openWhenWhole()
  }

  close(): void {
    this.#undo()
    this.#source?.close()
  }

  #openWhenWhole(): void {
    if (this.cable.isCut) this.#undo = this.cable.whenRepaired(() => this.#open())
    else this.#open()
  }

  #open(): void {
    const since = this.#id === "" ? "" : `&since=${encodeURIComponent(this.#id)}`
    const source = new EventSource(this.url + since)
    this.#source = source
    this.#undo = this.cable.attach(() => {
      source.close()
      this.listener.failed(false)
      this.#comeBack()
    })
    source.onerror = () => {
      const isFinal = source.readyState === EventSource.CLOSED
      if (isFinal) this.#undo()
      this.listener.failed(isFinal)
    }
    for (const type of TYPES)
      source.addEventListener(type, ({ data, lastEventId }) => {
        this.#id = lastEventId
        this.listener.heard(type, data, lastEventId)
      })
  }

  #comeBack(): void {
    const timer = setTimeout(() => this.#openWhenWhole(), RETRY_MS)
    this.#undo = () => clearTimeout(timer)
  }
}
