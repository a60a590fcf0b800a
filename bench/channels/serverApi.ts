/** Scenario d: how much the server API takes on one core, for a channel that nobody hears. */
import { batchBody } from "../driver/ApiPublisher.ts"
import { channelName } from "../driver/channelNames.ts"
import { payload } from "../driver/payload.ts"
import { busyFigures, type Lookup, type Measured } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { usageOf } from "../support/usage.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case, Context } from "./scenario.ts"
import { type ClarionBench, KEPT, PLAIN, profiled, withClarion } from "./servers.ts"

/** Beyond the time that the load takes. */
const ANSWER_WITHIN_MS = 60_000

/** One kind of load. */
interface Load {
  readonly label: string
  readonly path: string
  /** Publications of one request. */
  readonly each: number
  readonly connections: number
  readonly pipelined: number
}

const publish = { path: "/api/publish", each: 1 }
const batch = { path: "/api/batch", connections: 4, pipelined: 1 }

const loads = {
  publish: { ...publish, label: "publish, 64 connections", connections: 64, pipelined: 1 },
  pipelined: { ...publish, label: "publish, 16 connections of 16 each", connections: 16, pipelined: 16 },
  batch100: { ...batch, label: "batch of 100, 4 connections", each: 100 },
  batch1000: { ...batch, label: "batch of 1000, 4 connections", each: 1000 }
} as const satisfies Record<string, Load>

const perSecond = ({ label }: Load) => `${label}: **publications per second**`
const cpuOf = ({ label }: Load) => `${label}: CPU per publication, µs`

const bodyOf = ({ each }: Load, prefix: string): string => {
  const message = { channel: channelName(prefix, 0), payload: payload(0) }
  if (each > 1) return batchBody(Array.from({ length: each }, () => message))
  return JSON.stringify({ channel: message.channel, data: message.payload })
}

const measureLoad = async (
  bench: ClarionBench,
  context: Context,
  load: Load,
  prefix: string
): Promise<Measured> => {
  const { loadMs, warmUpMs } = context.scale
  const { path, connections, pipelined } = load
  const order = { port: bench.server.port, path, body: bodyOf(load, prefix), connections, pipelined }
  const run = (forMs: number) => bench.driver.order("load", { ...order, forMs }, forMs + ANSWER_WITHIN_MS)
  await run(warmUpMs)
  const [{ requests, seconds }, usage] = await profiled(
    context,
    bench.inspector,
    `api ${prefix}${load.label}`,
    () => usageOf(bench, () => run(loadMs))
  )
  const publications = requests * load.each
  return {
    figures: [
      { label: perSecond(load), digits: 0, value: publications / seconds },
      { label: cpuOf(load), digits: 2, value: usage.cpuUs / publications },
      ...busyFigures(load.label, usage)
    ],
    problems: [],
    othersBusy: [usage.othersBusy]
  }
}

const loadCase = (title: string, prefix: string): Case => ({
  title,
  measure: (context) =>
    withClarion(context, false, async (bench) => {
      const all: Array<Measured> = []
      for (const load of Object.values(loads)) all.push(await measureLoad(bench, context, load, prefix))
      return {
        figures: all.flatMap(({ figures }) => figures),
        problems: [],
        othersBusy: all.flatMap(({ othersBusy }) => othersBusy)
      }
    })
})

const WITHOUT = "channel without history"
const WITH = "with history"

export const loadCases: ReadonlyArray<Case> = [loadCase(WITHOUT, PLAIN), loadCase(WITH, KEPT)]

// Targets.

const REQUESTS = 15_000
const PUBLICATIONS = 100_000

/**
 * Two ways, as neither is the whole truth: by the clock others on either core, and a slow client, count against the server; its CPU
 * time for each publication says what a core of its own would take.
 */
const rates = (
  of: Lookup,
  title: string,
  load: Load,
  target: string,
  least: number
): ReadonlyArray<Verdict> => [
  judged(
    `${title}: ${target}, by the clock`,
    of(title, perSecond(load)),
    (rate) => cell(rate, 0),
    ({ median }) => median >= least
  ),
  judged(
    `${title}: ${target}, by the server's CPU time`,
    of(title, cpuOf(load)),
    (us) => `${cell(us, 2)} µs each`,
    ({ median }) => 1e6 / median >= least
  )
]

export const loadVerdicts = (of: Lookup): ReadonlyArray<Verdict> =>
  [WITHOUT, WITH].flatMap((title) => [
    ...rates(of, title, loads.publish, `at least ${REQUESTS} /api/publish requests a second`, REQUESTS),
    ...rates(
      of,
      title,
      loads.batch100,
      `at least ${PUBLICATIONS} publications a second by /api/batch`,
      PUBLICATIONS
    )
  ])
