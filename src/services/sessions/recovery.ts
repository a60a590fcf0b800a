/** Whether a client that comes back gets everything it missed, as a pure decision over what the broker has. */

import type { History } from "../broker/Broker.ts"
import type { ChannelPublication, StreamPosition } from "../hot/ChannelEvent.ts"

export interface Recovery {
  readonly isRecovered: boolean
  /** What it missed, in order. */
  readonly publications: ReadonlyArray<ChannelPublication>
}

const NOT_RECOVERED: Recovery = { isRecovered: false, publications: [] }

/** An empty epoch matches any: the client does not know it yet. */
const isSameEpoch = (asked: string, epoch: string): boolean => asked === "" || asked === epoch

/** @param history what was read since the position, oldest first */
export const recoverStream = (since: StreamPosition, history: History): Recovery => {
  const { publications, offset, epoch } = history
  if (!isSameEpoch(since.epoch, epoch)) return NOT_RECOVERED
  const first = publications[0]
  const last = publications.at(-1)
  const isWhole =
    first === undefined || last === undefined
      ? offset === since.offset
      : first.offset === since.offset + 1 && last.offset === offset
  return isWhole ? { isRecovered: true, publications } : NOT_RECOVERED
}

/** @param history what was read without a position: the newest publication alone */
export const recoverCache = (since: StreamPosition, history: History): Recovery => {
  const { publications, offset, epoch } = history
  const isKnown = since.epoch === epoch && since.offset === offset
  const newest = publications[0]
  if (newest === undefined)
    return isKnown || (offset === 0 && since.offset === 0 && isSameEpoch(since.epoch, epoch))
      ? { isRecovered: true, publications: [] }
      : NOT_RECOVERED
  if (newest.offset !== offset) return NOT_RECOVERED
  return { isRecovered: true, publications: isKnown ? [] : [newest] }
}
