/** The browser's own EventSource at `/events?channels=`: every event has an id that says where to go on from, and the browser sends the last. */
import type { Cable } from "../Cable.ts"
import { DEMO_CHANNEL, readText } from "../chat.ts"
import { CuttableEvents } from "../cuttableEvents.ts"
import { parsePosition } from "../order.ts"
import type { Way, WayListener } from "./Way.ts"

/** The data of the event that comes first. */
interface Subscribed {
  /** How many of the publications that follow are recovered, by channel. */
  readonly recovered?: Readonly<Record<string, number>>
}

export class EventsWay implements Way {
  #source: CuttableEvents | undefined
  #id = ""
  #isLost = false
  /** Of the publications that come next. */
  #recovered = 0

  constructor(
    readonly cable: Cable,
    readonly listener: WayListener
  ) {}

  connect = (): void => {
    this.listener.changed("connecting")
    this.#source = new CuttableEvents(
      `/events?channels=${DEMO_CHANNEL}`,
      this.cable,
      {
        failed: (isFinal) =>
          isFinal
            ? this.listener.changed("refused", "an HTTP error; EventSource does not tell which")
            : this.listener.changed("away"),
        heard: (type, data, id) => this.#heard(type, data, id)
      },
      this.#id
    )
  }

  disconnect = (): void => {
    this.#source?.close()
    this.listener.changed("off")
  }

  #heard(type: string, data: string, id: string): void {
    const position = parsePosition(id)
    if (type === "unrecovered") {
      this.#isLost = true
      return
    }
    this.#id = id
    if (type === "subscribed") {
      const { recovered } = JSON.parse(data) as Subscribed
      this.#recovered = recovered?.[DEMO_CHANNEL] ?? 0
      if (this.#isLost) this.listener.lost(position)
      else if (position !== undefined) this.listener.stands(position)
      this.#isLost = false
      return this.listener.changed("on")
    }
    const said = type === "binary" ? { text: `base64: ${data}` } : readText(data)
    const isRecovered = this.#recovered > 0
    if (isRecovered) this.#recovered -= 1
    this.listener.arrived({ said, position, isRecovered })
  }
}
