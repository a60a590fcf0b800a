/** Logical publications, out of the attempts that were recorded: those of one payload are one publication. */
import type { HistoryEvent, Position } from "../History.ts"

export interface Publication {
  readonly channel: string
  readonly payload: string
  /** Index of its first invocation. */
  readonly invoked: number
  /** Of the answers that acknowledged it: index and position. */
  readonly acks: Array<{ readonly index: number; readonly position: Position }>
  /** Attempts that may have published it: not answered, or answered with anything but a certain failure. */
  open: number
}

/** Certain not to have happened: every attempt failed for certain. */
export const isRefused = ({ acks, open }: Publication): boolean => acks.length === 0 && open === 0

export const publicationKey = (channel: string, payload: string): string => `${channel} ${payload}`

export const publicationsOf = (events: ReadonlyArray<HistoryEvent>): ReadonlyMap<string, Publication> => {
  const publications = new Map<string, Publication>()
  const byOp = new Map<number, Publication>()
  for (const [index, event] of events.entries()) {
    if (event.type === "invoke") {
      const { channel, payload, op } = event
      const key = publicationKey(channel, payload)
      const known = publications.get(key) ?? { channel, payload, invoked: index, acks: [], open: 0 }
      publications.set(key, known)
      byOp.set(op, known)
      known.open++
    } else if (event.type === "ok") byOp.get(event.op)?.acks.push({ index, position: event.position })
    else if (event.type === "fail") {
      const known = byOp.get(event.op)
      if (known !== undefined) known.open--
    }
  }
  return publications
}
