/**
 * Streams at NATS as nodes want them: made where there is none, and widened where a node wants more.
 *
 * Guarantee: nothing makes a stream narrower. A node that is configured otherwise than the others, as one is in each rolling deployment, would cut
 * what they keep. Its limits only clean up: what counts is decided elsewhere (LogState.ts).
 */
import { JetStreamApiCodes, JetStreamApiError, type StreamConfig } from "@nats-io/jetstream"
import { millis } from "@nats-io/transport-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import type { NatsLink } from "./NatsLink.ts"

/** Streams that are made at once: the servers of a cluster take some tenths of a second to agree on who leads each of them. */
const STREAMS_AT_ONCE = 16

export type WantedStream = Partial<StreamConfig> & { readonly name: string; readonly subjects: Array<string> }

export const isStreamMissing = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound

/** Whether there is no such stream. Rejects where that is not known. */
export const isMissing = ({ manager }: NatsLink["Service"], stream: string): Promise<boolean> =>
  manager.streams.info(stream).then(
    () => false,
    (error: unknown) => {
      if (isStreamMissing(error)) return true
      throw error
    }
  )

/** There is no such stream, or no server leads it now: then nobody answers. */
export const mayBeMissing = (error: unknown): boolean =>
  isStreamMissing(error) || (error instanceof Error && error.name === "JetStreamNotEnabled")

/**
 * nats-server (2.9.10, one server) says that a stream is missing before it has moved its directory away. One that is made in between loses its new
 * directory, and stays so. And the server ends where a message is asked for of a stream that is being made. So who finds one missing that was there
 * asks nothing of it, and waits for that long before it is made: then everyone has noticed who asks for much.
 */
export const REMOVED_WITHIN = Duration.millis(500)

const STORE_FAILED = 10_077
/** As the server's system says it. */
const NO_FILE = /no such file or directory|cannot find the (?:path|file) specified/

/** It is one of those. */
export const hasNoDirectory = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === STORE_FAILED && NO_FILE.test(error.message)

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What may differ, as a flag of `nats stream edit`. */
const LIMITS = {
  max_age: (ns: number) => `--max-age=${Math.ceil(millis(ns))}ms`,
  max_msgs_per_subject: (messages: number) => `--max-msgs-per-subject=${messages}`,
  num_replicas: (servers: number) => `--replicas=${servers}`,
  duplicate_window: (ns: number) => `--dupe-window=${Math.ceil(millis(ns))}ms`
} as const
type Limit = keyof typeof LIMITS
const limits = Object.keys(LIMITS) as ReadonlyArray<Limit>

/** The further one of two limits; zero and less is none at all. */
const further = (found: number, wanted: number): number =>
  found <= 0 || wanted <= 0 ? Math.min(found, wanted) : Math.max(found, wanted)

/**
 * What a stream becomes: each limit is the furthest that anybody wanted.
 * @returns less: what is wanted and not done, as flags of `nats stream edit`, by which an operator does it
 */
export const widened = (
  found: StreamConfig,
  wanted: WantedStream
): { readonly config: WantedStream; readonly isNew: boolean; readonly less: ReadonlyArray<string> } => {
  const config = { ...wanted }
  const less: Array<string> = []
  for (const limit of limits) {
    const wish = wanted[limit] ?? found[limit]
    config[limit] = further(found[limit], wish)
    if (config[limit] !== wish) less.push(LIMITS[limit](wish))
  }
  return { config, isNew: limits.some((limit) => config[limit] !== found[limit]), less }
}

/** Has the server make the directory of a stream that has none. One that holds something is left to people: its messages would go. */
export const withDirectory = (
  link: NatsLink["Service"],
  stream: string
): Effect.Effect<void, BrokerUnavailable> =>
  link.ask(`stream ${stream} has no directory`, async () => {
    const { streams } = link.manager
    const { state } = await streams.info(stream)
    if (state.messages > 0) return
    // It makes the directory; the update writes there what the stream is, or it would not be found at the server's next start.
    await streams.purge(stream)
    await streams.update(stream, {})
  })

/** How a stream stands. */
interface Standing {
  readonly replicas: number
  /** What is not as it should be; undefined: nothing. */
  readonly problem?: string
}

const keepsMore = (stream: string, less: ReadonlyArray<string>): string =>
  `stream ${stream} keeps more than is configured here, as other nodes may want it; ` +
  `to lower it for all: nats stream edit ${stream} ${less.join(" ")}`

const staysIn = (stream: string, storage: string): string =>
  `stream ${stream} stays in ${storage}: NATS cannot move it, remove it there to begin anew`

const ensureOne = async (
  { manager: { streams } }: NatsLink["Service"],
  wanted: WantedStream
): Promise<Standing> => {
  const { name } = wanted
  const found = await streams.info(name).catch((error: unknown) => {
    if (isStreamMissing(error)) return undefined
    throw error
  })
  if (found === undefined) return { replicas: (await streams.add(wanted)).config.num_replicas }
  const { storage, num_replicas: replicas } = found.config
  if (storage !== wanted.storage) return { replicas, problem: staysIn(name, storage) }
  const { config, isNew, less } = widened(found.config, wanted)
  const more = less.length === 0 ? {} : { problem: keepsMore(name, less) }
  if (!isNew) return { replicas, ...more }
  return streams.update(name, config).then(
    (updated) => ({ replicas: updated.config.num_replicas, ...more }),
    (error: unknown) => {
      if (!(error instanceof JetStreamApiError)) throw error
      return { replicas, problem: `stream ${name} stays as it is: ${detailOf(error)}` }
    }
  )
}

/**
 * Makes what is missing, and widens what is narrower than it is wanted. What is not as it should be is logged, once for as long as it stays so.
 * @returns the most servers that keep one of them
 */
export const ensureStreams = (
  link: NatsLink["Service"],
  wanted: ReadonlyArray<WantedStream>
): Effect.Effect<number, BrokerUnavailable> => {
  const said = new Map<string, string | undefined>()
  const say = ({ name }: WantedStream, problem: string | undefined) =>
    Effect.suspend(() => {
      const isNews = said.get(name) !== problem
      said.set(name, problem)
      return isNews && problem !== undefined ? Effect.logWarning(problem) : Effect.void
    })
  return Effect.map(
    Effect.forEach(
      wanted,
      (stream) =>
        Effect.tap(
          link.ask(`stream ${stream.name} cannot be used`, () => ensureOne(link, stream)),
          ({ problem }) => say(stream, problem)
        ),
      { concurrency: STREAMS_AT_ONCE }
    ),
    (all) => Math.max(...all.map(({ replicas }) => replicas))
  )
}
