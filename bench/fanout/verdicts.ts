/** Clarion's targets, judged by the medians of one run. */
import { cell, number } from "../support/table.ts"
import { judged, notMeasured, type Verdict } from "../support/verdicts.ts"
import type { ContenderName } from "./contenders.ts"
import type { Results } from "./results.ts"
import type { DepthFigures, Trial } from "./trial.ts"

const UWS_OF_FLOOR = 0.14
const WS_TIMES_BETTER = 4
const UWS_KB = 1.5
const WS_KB = 7.5
const LOOP_MS = 5
const SET_UPS = 25_000

export const verdicts = (results: Results, loopConnections: number): ReadonlyArray<Verdict> => [
  depthOne(results, "clarion-uws", "floor", "depth 1 on uws: CPU per message no more than the C floor's"),
  ratio(
    results,
    ["clarion-uws", "floor"],
    `depth 10 on uws: CPU per message at most ${UWS_OF_FLOOR} of the C floor's`,
    (own, floor) => [own / floor, own <= UWS_OF_FLOOR * floor]
  ),
  depthOne(results, "clarion-ws", "ws-loop", "depth 1 on ws: CPU per message no more than a bare ws loop's"),
  ratio(
    results,
    ["ws-loop", "clarion-ws"],
    `depth 10 on ws: at least ${WS_TIMES_BETTER} times better than a bare ws loop`,
    (bare, own) => [bare / own, bare >= WS_TIMES_BETTER * own]
  ),
  memory(results, "clarion-uws", UWS_KB),
  memory(results, "clarion-ws", WS_KB),
  loopDelay(results, loopConnections),
  ...setUps(results)
]

const cpu = ({ cpuUs }: DepthFigures) => cpuUs

const depthOne = (results: Results, own: ContenderName, other: ContenderName, target: string): Verdict => {
  const [a, b] = [results.atDepth(own, 1, cpu), results.atDepth(other, 1, cpu)]
  if (a === undefined || b === undefined) return notMeasured(target)
  const share = number(a.median / b.median, 3)
  return {
    target,
    measured: `${cell(a, 2)} µs against ${cell(b, 2)}, ${share} of it`,
    isMet: a.median <= b.median
  }
}

const ratio = (
  results: Results,
  [first, second]: readonly [ContenderName, ContenderName],
  target: string,
  judge: (first: number, second: number) => readonly [ratio: number, isMet: boolean]
): Verdict => {
  const [a, b] = [results.atDepth(first, 10, cpu), results.atDepth(second, 10, cpu)]
  if (a === undefined || b === undefined) return notMeasured(target)
  const [value, isMet] = judge(a.median, b.median)
  return { target, measured: `${cell(a, 2)} µs to ${cell(b, 2)} is ${number(value, 3)}`, isMet }
}

const memory = (results: Results, name: "clarion-uws" | "clarion-ws", most: number): Verdict =>
  judged(
    `memory per idle connection on ${name.slice("clarion-".length)} at most ${most} KB`,
    results.setUp(name, ({ setUp }) => setUp.rssBytes / 1024),
    (kb) => `${cell(kb, 2)} KB`,
    (kb) => kb.median <= most
  )

/** The worse of the depths counts. */
const loopDelay = (results: Results, connections: number): Verdict => {
  const [worst] = [1, 10]
    .flatMap((depth) => results.loopDelay(depth) ?? [])
    .sort((a, b) => b.median - a.median)
  return judged(
    `event-loop delay p99 at most ${LOOP_MS} ms while broadcasting to ${number(connections, 0)} connections on uws`,
    worst,
    (ms) => `${cell(ms, 2)} ms`,
    (ms) => ms.median <= LOOP_MS
  )
}

/**
 * Two ways, as neither is the whole truth: by the clock others on either core, and a slow client, count against the server; its CPU
 * time for each set-up says what a core of its own would take.
 */
const setUps = (results: Results): ReadonlyArray<Verdict> => {
  const target = `at least ${number(SET_UPS, 0)} set-ups per second on one core (uws)`
  const verdict = (way: string, rate: (trial: Trial) => number) =>
    judged(
      `${target}, ${way}`,
      results.setUp("clarion-uws", rate),
      (perSecond) => cell(perSecond, 0),
      (perSecond) => perSecond.median >= SET_UPS
    )
  return [
    verdict("by the clock", ({ setUp, storm }) => (storm ?? setUp).perSecond),
    verdict("by the server's CPU time", ({ setUp, storm }) => 1e6 / (storm ?? setUp).cpuUs)
  ]
}
