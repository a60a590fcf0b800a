/** Overviews as the dashboard hears them. */
import type { Overview } from "../../src/protocol/dashboard.ts"

/** Of a server that has counted nothing. @param time milliseconds since the epoch */
export const overviewAt = (time: number, more: Partial<Overview> = {}): Overview => ({
  at: time,
  life: "a",
  startedAt: 0,
  state: "serving",
  connections: 0,
  clients: 0,
  subscriptions: 0,
  opened: 0,
  closed: 0,
  closedByCode: {},
  refused: {},
  broadcasts: 0,
  publications: 0,
  written: 0,
  writtenInChannels: 0,
  dropped: {},
  missed: 0,
  received: 0,
  slowConsumers: 0,
  timeToLastWriteMs: null,
  processes: [],
  ...more
})
