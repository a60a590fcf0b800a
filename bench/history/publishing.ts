/** Scenario b: publications over HTTP. */
import { payload } from "../driver/payload.ts"
import { busyFigures, type Measured } from "../support/scenario.ts"
import { type Bench, usageOf } from "../support/usage.ts"
import type { Case, Context } from "./scenario.ts"
import { type Kind, withClarion } from "./servers.ts"

/** Beyond the time that the load takes. */
const ANSWER_WITHIN_MS = 60_000

interface Load {
  readonly label: string
  readonly path: string
  /** Publications of one request. */
  readonly each: number
  readonly connections: number
}

const loads: ReadonlyArray<Load> = [
  { label: "publish, 64 connections", path: "/api/publish", each: 1, connections: 64 },
  { label: "batch of 100, 4 connections", path: "/api/batch", each: 100, connections: 4 }
]

/** A batch whose commands do not wait for each other: on disk, they share commits. */
const bodyOf = ({ each }: Load, channel: string): string => {
  const data = payload(0)
  if (each === 1) return JSON.stringify({ channel, data })
  const commands = Array.from({ length: each }, () => ({ publish: { channel, data } }))
  return JSON.stringify({ commands, parallel: true })
}

const measureLoad = async (bench: Bench, context: Context, load: Load, kind: Kind): Promise<Measured> => {
  const { loadMs, warmUpMs } = context.scale
  const { path, connections, label } = load
  const body = bodyOf(load, `${kind}:news`)
  const order = { port: bench.server.port, path, body, connections, pipelined: 1 }
  const run = (forMs: number) => bench.driver.order("load", { ...order, forMs }, forMs + ANSWER_WITHIN_MS)
  await run(warmUpMs)
  const [{ requests, seconds }, usage] = await usageOf(bench, () => run(loadMs))
  const publications = requests * load.each
  return {
    figures: [
      { label: `${label}: **publications per second**`, digits: 0, value: publications / seconds },
      { label: `${label}: CPU per publication, µs`, digits: 2, value: usage.cpuUs / publications },
      ...busyFigures(label, usage)
    ],
    problems: [],
    othersBusy: [usage.othersBusy]
  }
}

const publishCase = (kind: Kind): Case => ({
  title: kind,
  measure: (context) =>
    withClarion(context, async (bench) => {
      const all: Array<Measured> = []
      for (const load of loads) all.push(await measureLoad(bench, context, load, kind))
      return {
        figures: all.flatMap(({ figures }) => figures),
        problems: [],
        othersBusy: all.flatMap(({ othersBusy }) => othersBusy)
      }
    })
})

export const publishCases: ReadonlyArray<Case> = [publishCase("memory"), publishCase("durable")]
