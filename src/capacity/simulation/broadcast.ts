/**
 * How a broadcast spreads: publisher → NATS → nodes → workers → connections. Every NATS server, node and worker is a
 * fiber.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { figures } from "../figures.ts"
import type { Cluster } from "./Cluster.ts"
import { Curve } from "./Curve.ts"
import { Draws, type Quantiles } from "./Draws.ts"
import { inVirtualTime } from "./virtualTime.ts"

/** So long a broadcast is followed: connections that have not got it by then are told as such. */
export const BROADCAST_HORIZON_MS = 120_000
const WRITTEN_BIN_MS = 1
/** Workers have it within milliseconds. */
const REACHED_BIN_MS = 0.01
const REACHED_HORIZON_MS = 10_000

/**
 * A round of messages to 10,000 connections, to its median: depth 1 on uWebSockets.js in docs/benchmarks.md tells
 * p50, p90 and the slowest of a hundred (66.7, 84.2, 111.2 ms). No round counts as faster than the median.
 */
const ROUND: Quantiles = [
  [0, 1],
  [0.5, 1],
  [0.9, 84.2 / 66.7],
  [1, 111.2 / 66.7]
]
const ROUND_CONNECTIONS = 10_000

/** A shard with many connections waits so long for more that goes into the same write (decision 5). */
const LINGER_MS = 1

export interface Broadcast {
  /** When connections had it, from the moment at which it was published. */
  readonly written: Curve
  /** When workers had it. */
  readonly reached: Curve
  /** Connections that had not got it at the horizon. */
  readonly missing: number
}

export const simulateBroadcast = (cluster: Cluster, seed: number): Effect.Effect<Broadcast> =>
  inVirtualTime(spreading(cluster), BROADCAST_HORIZON_MS, seed)

const micros = (value: number) => Effect.sleep(value / 1000)
const each = <A>(of: ReadonlyArray<A>, run: (one: A, at: number) => Effect.Effect<void>) =>
  Effect.forEach(of, run, { concurrency: "unbounded", discard: true })
const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)
/** The share of one of so many, in whole pieces. */
const partOf = (whole: number, parts: number, at: number) => Math.floor((whole + at) / parts)

const spreading = Effect.fnUntraced(function* (cluster: Cluster) {
  const draws = yield* Draws.ofFiber
  const written = new Curve(BROADCAST_HORIZON_MS, WRITTEN_BIN_MS)
  const reached = new Curve(REACHED_HORIZON_MS, REACHED_BIN_MS)
  const { nodes, workers, natsServers, connectionsEach, hopMs } = cluster
  const copyMs = 1000 * cluster.copySeconds
  const perConnectionMs = 1000 * Math.max(cluster.messageSeconds, cluster.wireSeconds * workers)

  const worker = Effect.fnUntraced(function* (connections: number) {
    yield* Effect.sleep(figures.workerHopMillis.value + LINGER_MS)
    let now = yield* Clock.currentTimeMillis
    reached.add(now, now, 1)
    for (let left = connections; left > 0; left -= ROUND_CONNECTIONS) {
      const round = Math.min(left, ROUND_CONNECTIONS)
      const until = now + round * perConnectionMs * draws.from(ROUND)
      if (until > BROADCAST_HORIZON_MS) return
      written.add(now, until, round)
      yield* Effect.sleep(until - now)
      now = until
    }
  })
  /** The primary hands it to one worker after the other. */
  const node = Effect.fnUntraced(function* (at: number) {
    yield* Effect.sleep((at + 1) * copyMs)
    yield* Effect.sleep(hopMs)
    yield* micros(figures.natsTakeMicros.value)
    yield* each(numbers(workers), (one) =>
      Effect.andThen(
        micros((one + 1) * figures.workerHopMicros.value),
        worker(partOf(connectionsEach, workers, one))
      )
    )
  })
  /**
   * Those to which it is routed have it a hop later than the one that took it; each hands it to its own nodes in
   * turn.
   */
  const natsServer = Effect.fnUntraced(function* (at: number) {
    yield* micros(figures.natsPublicationMicros.value)
    if (at > 0) {
      yield* Effect.sleep(at * copyMs)
      yield* Effect.sleep(hopMs)
    }
    yield* each(numbers(partOf(nodes, natsServers, at)), node)
  })

  yield* micros(figures.acceptMicros.value)
  yield* Effect.sleep(hopMs)
  yield* each(numbers(natsServers), natsServer)
  return { written, reached, missing: nodes * connectionsEach - written.total }
})
