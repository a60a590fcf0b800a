/** A receipt as the server tells it: an item of `GET /api/receipts`. */
export interface Counts {
  readonly eligible: number
  readonly written: number
  readonly dropped: number
  readonly closed: number
  readonly drops: { readonly slow: number; readonly mailbox: number }
  readonly firstWriteAt?: number
  readonly lastWriteAt?: number
  readonly timeToLastWriteMs?: number
}

export interface Receipt extends Counts {
  readonly id: string
  readonly kind: "broadcast" | "schedule"
  /** The first 100. */
  readonly channels: ReadonlyArray<string>
  readonly channelCount: number
  readonly schedule?: string
  /** Milliseconds since the epoch, with fractions. */
  readonly publishedAt: number
  readonly isComplete: boolean
  readonly lost: number
  readonly acked: number
  readonly workers: ReadonlyArray<Counts & { readonly worker: string }>
}

/** "news", "news and 4 more", "everyone" */
export const channelsText = (channels: ReadonlyArray<string>, channelCount: number): string => {
  const first = channels[0] ?? ""
  if (channelCount === 1) return first === "broadcast" ? "everyone (broadcast)" : first
  return `${first} and ${channelCount - 1} more`
}

/** Each once, as it came last. */
export const newestFirst = (receipts: ReadonlyArray<Receipt>): ReadonlyArray<Receipt> =>
  [...new Map(receipts.map((receipt) => [receipt.id, receipt])).values()].sort(
    (a, b) => b.publishedAt - a.publishedAt
  )
