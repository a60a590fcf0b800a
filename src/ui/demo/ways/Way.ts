/** A way to hear the demo's channel. */
import type { Arrival } from "../Ledger.ts"
import type { Position } from "../order.ts"

/** `away`: the connection was lost, and the client comes back by itself. `refused`: it does not. */
export type WayState = "off" | "connecting" | "on" | "away" | "refused"

export interface WayListener {
  /** @param why in words, where there is more to say than the state does */
  readonly changed: (state: WayState, why?: string) => void
  readonly arrived: (arrival: Omit<Arrival, "at">) => void
  /** It hears everything after this position. */
  readonly stands: (position: Position) => void
  /** It is back, and has not asked for what was published meanwhile. */
  readonly unasked: () => void
  /** What was published meanwhile cannot be had. @param position where the stream stands now */
  readonly lost: (position: Position | undefined) => void
}

export interface Way {
  readonly connect: () => void
  readonly disconnect: () => void
}

/** The address of the server that the page came from. @param path with its slash */
export const socketUrl = (path: string): string => {
  const url = new URL(path, location.href)
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
  return url.href
}
