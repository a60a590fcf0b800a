/** What a scenario has the ramps do, wherever they are: told to all of them at the same time. */
import * as Schema from "effect/Schema"
import type { ClientConfigValue } from "../../config/ClientConfig.ts"

export const Order = Schema.TaggedUnion({
  /** Cut every open connection at once, without a close frame. */
  Cut: {},
  /** Close so many per cent of the connections, spread over so long. They come back as all that are lost do. */
  Churn: { share: Schema.Number, overMs: Schema.Number },
  /** So many per cent of the open connections stop reading. */
  StopReading: { share: Schema.Number },
  /** Those read on. */
  ReadOn: {},
  /** Have so many of the levels' share of the connections, and no fewer than there are. It holds for ramps that start later, too. */
  Raise: { level: Schema.Number, levels: Schema.Number }
})
export type Order = typeof Order.Type

/** Connections that a ramp of `clients` has at a level: at the last one all. */
export const connectionsAt = (clients: number, level: number, levels: number): number =>
  Math.ceil((clients * level) / levels)

/** Connections of a ramp of `clients` before any order. */
export const firstConnections = ({ scenario, findMax }: ClientConfigValue, clients: number): number =>
  scenario === "find-max" && findMax.of === "connections"
    ? connectionsAt(clients, 1, findMax.levels)
    : clients
