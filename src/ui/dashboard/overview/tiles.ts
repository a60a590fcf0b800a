/** What the tiles say of the newest overview. */
import type { Overview } from "../../../protocol/dashboard.ts"
import { newest } from "../../parts/chartText.ts"
import { bytes, count, duration, milliseconds, percent, perSecond, plural } from "../../parts/format.ts"
import type { Tile } from "../../parts/Tiles.tsx"
import { clusterTiles } from "./clusterTiles.ts"
import { ofProcess, rate, sum, type Tick } from "./timeline.ts"

/** Delay of the event loop from which on people notice. */
const SLOW_LOOP_MS = 50

/** Connections from which on memory is mostly theirs. */
const MANY = 1_000

const states = { starting: "warn", serving: "good", draining: "warn" } as const

const last = (ticks: ReadonlyArray<Tick>, counter: (overview: Overview) => number) =>
  newest(rate(ticks.slice(-2), counter))

const cpuNow = (ticks: ReadonlyArray<Tick>): number | null => {
  const processes = ticks.at(-1)?.now?.processes ?? []
  const shares = processes.flatMap(
    ({ name }) =>
      newest(
        rate(
          ticks.slice(-2),
          ofProcess(name, ({ cpuSeconds }) => cpuSeconds)
        )
      ) ?? []
  )
  return shares.length === 0 ? null : shares.reduce((total, share) => total + share, 0)
}

const traffic = (now: Overview, ticks: ReadonlyArray<Tick>): ReadonlyArray<Tile> => [
  {
    name: "Connections",
    value: count(now.connections),
    more: `${count(now.clients)} by the client protocol, this page among them`
  },
  {
    name: "Opened",
    value: perSecond(last(ticks, ({ opened }) => opened)),
    more: `${count(now.opened)} since start`
  },
  {
    name: "Closed",
    value: perSecond(last(ticks, ({ closed }) => closed)),
    more: `${count(now.closed)} since start`
  },
  {
    name: "Messages written",
    value: perSecond(last(ticks, ({ written }) => written)),
    more: `${count(now.written - now.writtenInChannels)} of broadcasts, ${count(now.writtenInChannels)} in channels`
  },
  {
    name: "Time to last write",
    value: milliseconds(now.timeToLastWriteMs),
    more: `of the newest with a receipt; ${plural(now.broadcasts, "broadcast")}`
  },
  {
    name: "Dropped",
    value: count(sum(now.dropped)),
    more: `${count(now.missed)} more to connections that closed`,
    tone: sum(now.dropped) > 0 ? "bad" : undefined
  },
  {
    name: "Subscriptions",
    value: count(now.subscriptions),
    more: `this page's own 1 among them; ${plural(now.publications, "publication")}`
  },
  {
    name: "Slow consumers",
    value: count(now.slowConsumers),
    more: "times that a send buffer was full",
    tone: now.slowConsumers > 0 ? "warn" : undefined
  }
]

const machine = (now: Overview, ticks: ReadonlyArray<Tick>): ReadonlyArray<Tile> => {
  const { processes } = now
  const delay = Math.max(0, ...processes.map(({ loopDelayMs }) => loopDelayMs.p99))
  const memory = processes.reduce((total, { residentBytes }) => total + residentBytes, 0)
  return [
    {
      name: "Event-loop delay",
      value: milliseconds(delay),
      more: "p99 of the last 10 s, of the slowest process",
      tone: delay > SLOW_LOOP_MS ? "warn" : undefined
    },
    {
      name: "CPU",
      value: percent(cpuNow(ticks)),
      more: `of a core; ${plural(processes.length, "process", "processes")}`
    },
    {
      name: "Memory",
      value: bytes(memory),
      more: now.connections >= MANY ? `${bytes(memory / now.connections)} for each connection` : "resident"
    },
    {
      name: "Server",
      value: `${now.state[0]!.toUpperCase()}${now.state.slice(1)}`,
      more: `for ${duration(now.at - now.startedAt)}`,
      tone: states[now.state]
    }
  ]
}

export const tilesOf = (now: Overview, ticks: ReadonlyArray<Tick>): ReadonlyArray<Tile> => [
  ...clusterTiles(now),
  ...traffic(now, ticks),
  ...machine(now, ticks)
]
