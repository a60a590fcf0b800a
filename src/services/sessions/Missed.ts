/**
 * Recovered publications as clients read them.
 *
 * After a break of the network many clients missed the same, so what was made for one of them is kept a while for the others: small lists, of
 * the channels whose lists were made last.
 */
import type { WirePublication } from "../../protocol/centrifuge/messages.ts"
import type { ChannelPublication } from "../hot/ChannelEvent.ts"
import type { SessionSubscription } from "./SessionSubscription.ts"
import { type SessionWire, wirePublication } from "./wires.ts"

/** Lists that are kept, and the bytes of data that one of them may have. */
export const KEPT_LISTS = 16
export const KEPT_BYTES = 65_536

/** Which publications a client reads, and how. */
type Reading = Pick<SessionSubscription, "channel" | "isDelta" | "filter">

interface Kept {
  /** Between these two, which stand in the history, nothing is missing: they say which publications it holds. */
  readonly first: ChannelPublication
  readonly last: ChannelPublication
  readonly written: ReadonlyArray<WirePublication>
}

export class Missed {
  readonly #kept = new Map<string, Kept>()

  /** @param deltaOf the difference between two payloads; undefined where it is not smaller */
  constructor(readonly deltaOf: (previous: Uint8Array, data: Uint8Array) => Uint8Array | undefined) {}

  /**
   * Undefined where the format cannot carry one of them.
   *
   * @param publications of the channel, without a gap, oldest first
   */
  written(
    format: SessionWire["format"],
    { channel, isDelta, filter }: Reading,
    publications: ReadonlyArray<ChannelPublication>
  ): ReadonlyArray<WirePublication> | undefined {
    const [first, last] = [publications[0], publications.at(-1)]
    if (first === undefined || last === undefined) return []
    if (filter !== undefined) return this.#write(format, isDelta, publications, filter)
    const key = `${format} ${isDelta} ${channel}`
    const kept = this.#kept.get(key)
    if (kept?.first === first && kept.last === last) return kept.written
    const written = this.#write(format, isDelta, publications, undefined)
    if (written !== undefined && isSmall(publications)) this.#keep(key, { first, last, written })
    return written
  }

  #write(
    format: SessionWire["format"],
    isDelta: boolean,
    publications: ReadonlyArray<ChannelPublication>,
    filter: Reading["filter"]
  ): ReadonlyArray<WirePublication> | undefined {
    const written: Array<WirePublication> = []
    for (const [i, publication] of publications.entries()) {
      if (filter?.(publication.tags) === false) continue
      const previous = publications[i - 1]
      const patch =
        isDelta && publication.isDelta && previous !== undefined
          ? this.deltaOf(previous.data, publication.data)
          : undefined
      const one = wirePublication(format, publication, isDelta, patch)
      if (one === undefined) return undefined
      written.push(one)
    }
    return written
  }

  #keep(key: string, list: Kept): void {
    this.#kept.delete(key)
    this.#kept.set(key, list)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_LISTS && oldest !== undefined) this.#kept.delete(oldest)
  }
}

const isSmall = (publications: ReadonlyArray<ChannelPublication>): boolean =>
  publications.reduce((sum, { data }) => sum + data.length, 0) <= KEPT_BYTES
