/**
 * Publishes through the server API at a steady pace while a run is under way, for runs whose server has nobody else who does.
 *
 * One request is under way at a time and carries all that is due: so what waits is bounded, and what cannot be published in time is left
 * out and counted. A request that failed is not repeated.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ClientConfigValue } from "../../config/ClientConfig.ts"
import type { OwnPublications } from "../../protocol/report.ts"
import { makeHttpClientThat } from "../../services/httpClient.ts"
import { makeNow } from "../../services/now.ts"
import { PublishRefused } from "../runErrors.ts"
import { MAX_BATCH, Pace } from "./pace.ts"
import { type BatchAnswer, batchAnswer, batchBody, publicationData } from "./publication.ts"

/** The channel that every raw connection hears. */
const RAW_CHANNEL = "broadcast"
const REQUEST_TIMEOUT = Duration.seconds(5)
/** After a request that failed. */
const PAUSE = "500 millis"
const MAX_RESPONSE_BYTES = 1_048_576
/** Data of one request, a quarter of what servers take. */
const MAX_REQUEST_BYTES = 262_144

export interface Publisher {
  readonly figures: () => OwnPublications
  /** Stamp of the latest publication that was taken; 0 before the first. */
  readonly published: () => number
  /**
   * At the end of the run, for a bounded time: waits for the request under way, and makes what was still due when `at` was interrupted. Where the
   * server API does not take it, that is counted too: a server that has stopped shall not end a run with a clean bill.
   */
  readonly finish: Effect.Effect<void>
  /**
   * Publishes so often a second, and completes when all that was due in so many milliseconds was tried; without them, until it is
   * interrupted. Fails where the API takes nothing and never will.
   */
  readonly at: (perSecond: number, forMs?: number) => Effect.Effect<void, PublishRefused>
}

/** `ws://host:8088/x` → `http://host:8088/api/batch`, or that of `publish.uri`. */
export const batchUrl = ({ publish, server }: Pick<ClientConfigValue, "publish" | "server">): URL => {
  const origin = publish.uri ?? server.uri.replace(/^ws/, "http")
  return new URL("/api/batch", origin)
}

/** A request that is under way ends with the scope. */
export const makePublisher = Effect.fnUntraced(function* (config: ClientConfigValue) {
  const { protocol, publish, server } = config
  const http = yield* makeHttpClientThat({ verify: !server.insecure })
  const now = yield* makeNow
  const scope = yield* Effect.scope
  const url = batchUrl(config)
  const channel = protocol.channel ?? RAW_CHANNEL
  const isNumbered = protocol.type === "centrifuge"
  const headers = {
    "content-type": "application/json",
    "x-api-key": publish.apiKey === undefined ? "" : Redacted.value(publish.apiKey)
  }
  const most = Math.min(MAX_BATCH, Math.floor(MAX_REQUEST_BYTES / (publish.bytes ?? 1)))
  const figures = { published: 0, failed: 0, skipped: 0 }
  let lastStamp = -1
  let lastNumber = 0
  let lastTaken = 0
  let lastProblem = ""
  let underWay: Fiber.Fiber<BatchEnd> | undefined
  let paced: Paced | undefined

  /** A request that was not taken gives its numbers back, so that a number that nobody heard was missed. */
  const request = (stamps: ReadonlyArray<number>): Effect.Effect<BatchEnd> => {
    const data = stamps.map((stamp, i) =>
      publicationData(stamp, isNumbered ? lastNumber + 1 + i : undefined, publish.bytes)
    )
    const body = batchBody(channel, data)
    return http.post({ url, headers, body, maxResponse: MAX_RESPONSE_BYTES }).pipe(
      Effect.map((answer) => batchAnswer(answer.status, answer.body, stamps.length)),
      Effect.catch((error) => Effect.succeed<BatchAnswer>({ accepted: 0, problem: error.message })),
      Effect.timeoutOption(REQUEST_TIMEOUT),
      Effect.map(
        Option.getOrElse((): BatchAnswer => ({ accepted: 0, problem: "the server API did not answer" }))
      ),
      Effect.map((answer): BatchEnd => {
        if ("refused" in answer) {
          figures.failed += stamps.length
          return { ...answer, isRefused: true }
        }
        if (answer.accepted > 0) {
          lastNumber += stamps.length
          lastTaken = stamps[answer.accepted - 1]!
        }
        figures.published += answer.accepted
        figures.failed += stamps.length - answer.accepted
        return { problem: answer.problem, isRefused: false }
      })
    )
  }

  const tell = (problem: string) => {
    if (problem === lastProblem) return Effect.void
    lastProblem = problem
    return Effect.logWarning(`publishing: ${problem}`)
  }

  /** What is due by now, in one request; undefined where nothing is. */
  const requestDue = Effect.fnUntraced(function* ({ pace, until }: Paced) {
    const { stamps, skipped } = pace.take(Math.min(now(), until - 1), most)
    figures.skipped += skipped
    if (stamps.length === 0) return undefined
    lastStamp = stamps.at(-1)!
    // It goes on to its end when the one who waits does not: else nobody knows what it published.
    underWay = yield* Effect.forkIn(request(stamps), scope)
    return yield* Fiber.join(underWay)
  })

  /** Fails where there is no use in going on. */
  const check = Effect.fnUntraced(function* (ended: BatchEnd) {
    if (ended.isRefused) return yield* new PublishRefused({ uri: url.origin, detail: ended.refused })
    if (ended.problem === undefined) return
    if (figures.published === 0 && ended.problem.includes('"code":'))
      return yield* new PublishRefused({ uri: url.origin, detail: ended.problem })
    yield* tell(ended.problem)
    yield* Effect.sleep(PAUSE)
  })

  const publisher: Publisher = {
    figures: () => ({ ...figures }),
    published: () => lastTaken,
    finish: Effect.gen(function* () {
      let last = underWay === undefined ? undefined : yield* Fiber.join(underWay)
      const rest = paced
      paced = undefined
      if (rest === undefined) return
      while (last !== undefined && !last.isRefused && last.problem === undefined)
        last = yield* requestDue(rest)
      figures.skipped += rest.pace.leave(Math.min(now(), rest.until - 1))
    }),
    at: (perSecond, forMs = Number.POSITIVE_INFINITY) =>
      Effect.gen(function* () {
        if (underWay !== undefined) yield* Fiber.await(underWay)
        const pace = new Pace(Math.max(now(), lastStamp + 1), perSecond)
        const run: Paced = { pace, until: pace.nextAt + forMs }
        paced = run
        while (pace.nextAt < run.until) {
          const ended = yield* requestDue(run)
          if (ended === undefined) yield* Effect.sleep(Math.max(1, Math.ceil(pace.nextAt - now())))
          else yield* check(ended)
        }
        paced = undefined
      }).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            if (paced !== undefined) paced = { ...paced, until: Math.min(paced.until, now()) }
          })
        )
      )
  }
  return publisher
})

/** What is being published. */
interface Paced {
  readonly pace: Pace
  /** Epoch milliseconds; what is due then or later is not published any more. */
  readonly until: number
}

type BatchEnd =
  | { readonly isRefused: true; readonly refused: string }
  | { readonly isRefused: false; readonly problem?: string | undefined }
