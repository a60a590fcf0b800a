/** The receipt that a publication is a part of, as one node tells it to others. Their clocks may differ, so it says how much time is left. */
import type { DeliveryReceipt } from "../hot/Publication.ts"

export interface ReceiptNotice {
  readonly id: string
  /** Undefined: clients may not acknowledge it. */
  readonly acknowledging: Acknowledging | undefined
}

export interface Acknowledging {
  /** By the clock of its node: the same for all publications of a receipt, another one where its id is used again. Not to be compared with a time. */
  readonly life: number
  /** From when it was sent, in ms. */
  readonly within: number
}

/** @param now milliseconds since the epoch */
export const noticeOf = (receipt: DeliveryReceipt | undefined, now: number): ReceiptNotice | undefined => {
  if (receipt === undefined) return undefined
  const { id, acknowledgeUntil: until } = receipt
  return {
    id,
    acknowledging: until === undefined ? undefined : { life: until, within: Math.max(0, until - now) }
  }
}
