/**
 * The connection of a node to NATS: one for the whole process, kept up by the client library, which comes back by itself and renews
 * subscriptions.
 *
 * Guarantees:
 * - While the connection is down, and when it goes down, what is asked fails with `BrokerUnavailable` at once; nothing waits in a buffer to be
 *   published later, when its caller has long been told otherwise.
 * - A request without an answer fails after `broker.nats.requestTimeout`. It may have happened.
 * - Whoever registered with `onChange` is told of each loss and of each return, in this order; of a return when subscriptions are renewed.
 */
import { randomUUID } from "node:crypto"
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream"
import { type NatsConnection, PermissionViolationError, type Status } from "@nats-io/transport-node"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BrokerConfig } from "../../config/brokerKeys.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { makeFailureLog } from "../failureLog.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeMonotonic } from "../monotonic.ts"
import { makeNow } from "../now.ts"
import { dial } from "./dial.ts"
import { Flushes } from "./Flushes.ts"
import { Listener } from "./Listener.ts"
import { mayAnswer } from "./mayPass.ts"
import { natsOptions } from "./natsOptions.ts"
import { natsSamples } from "./natsSamples.ts"
import { refusalOf } from "./refusal.ts"
import { StreamPublisher } from "./StreamPublisher.ts"
import { Subjects } from "./subjects.ts"
import { Troubles } from "./Troubles.ts"

/** NATS cannot be reached at start, or does not let this node in. Exit code 69 of sysexits.h. */
export class NatsUnreachable extends Data.TaggedError("NatsUnreachable")<{
  readonly servers: ReadonlyArray<string>
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 69

  override get message(): string {
    return `NATS cannot be used at ${this.servers.join(", ")} (broker.nats.servers): ${this.detail}`
  }
}

export const NO_CONNECTION = "there is no connection to NATS"
const DOWN = new BrokerUnavailable({ detail: NO_CONNECTION })

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Whether the connection is up, and who wants to know. */
class LinkState {
  isUp = true
  losses = 0
  readonly #told = new Set<(isUp: boolean) => void>()

  set(isUp: boolean): void {
    if (this.isUp === isUp) return
    this.isUp = isUp
    if (!isUp) this.losses++
    for (const told of [...this.#told]) told(isUp)
  }

  readonly onChange = (told: (isUp: boolean) => void) =>
    Effect.acquireRelease(
      Effect.sync(() => void this.#told.add(told)),
      () => Effect.sync(() => void this.#told.delete(told))
    )

  /** Calls back once, when the connection is lost; the answer ends that. */
  onLoss(lost: () => void): () => void {
    const told = (isUp: boolean) => {
      if (!isUp) lost()
    }
    this.#told.add(told)
    return () => void this.#told.delete(told)
  }
}

const open = (config: BrokerConfig["nats"], name: string) =>
  natsOptions(config, name).pipe(
    Effect.flatMap((options) => dial(config, options)),
    Effect.mapError(
      (error) => new NatsUnreachable({ servers: config.servers, detail: refusalOf(config, error) })
    )
  )

/** Fails when the library has given the connection up, which it does only where it cannot even try again. Never succeeds. */
const endOf = (connection: NatsConnection, servers: ReadonlyArray<string>) =>
  Effect.flatMap(
    Effect.promise(() => connection.closed()),
    (why) => {
      const detail = `the connection has ended for good${why === undefined ? "" : `: ${why.message}`}`
      return Effect.fail(new NatsUnreachable({ servers, detail }))
    }
  )

/** Follows what the library says of the connection, for as long as there is one. */
const watch = (
  connection: NatsConnection,
  config: BrokerConfig["nats"],
  state: LinkState,
  streams: StreamPublisher
) => {
  // Who is not let in any more hears so at each attempt to come back.
  const says = makeFailureLog("NATS says")
  const tells = (error: unknown) => says(refusalOf(config, error))
  return Stream.fromAsyncIterable(connection.status(), (error) => error).pipe(
    Stream.runForEach((status) => note(status, state, streams, tells))
  )
}

const note = (
  status: Status,
  state: LinkState,
  streams: StreamPublisher,
  tells: (error: unknown) => Effect.Effect<void>
): Effect.Effect<void> => {
  switch (status.type) {
    case "disconnect":
      state.set(false)
      return Effect.logWarning(`the connection to NATS at ${status.server} is lost; trying to come back`)
    case "reconnect":
      state.set(true)
      return Effect.logInfo(`connected to NATS at ${status.server} again`)
    case "error":
      if (status.error instanceof PermissionViolationError) streams.denied(status.error)
      return tells(status.error)
    case "slowConsumer":
      return Effect.logWarning(`messages of NATS wait: ${status.pending}`)
    default:
      return Effect.void
  }
}

/** What sends, until the scope closes. */
const sendersOver = Effect.fnUntraced(function* (
  connection: NatsConnection,
  listener: Listener,
  state: LinkState,
  timeoutMs: number
) {
  const fork = yield* FiberSet.makeRuntime<never>()
  const now = yield* makeNow
  const down = () => (state.isUp ? undefined : DOWN)
  const cannotTell = makeFailureLog("what became of a publication could not be told")
  const over = {
    ...{ connection, listen: listener.listen, timeoutMs, now, fork, down },
    failed: (detail: string) => void fork(cannotTell(detail))
  }
  const streams = yield* Effect.acquireRelease(
    Effect.sync(() => new StreamPublisher(over)),
    (streams) => Effect.sync(() => streams.close())
  )
  yield* state.onChange((isUp) => {
    if (!isUp) streams.fail("the connection to NATS was lost")
  })
  const { flushed } = new Flushes({ ...{ down, timeoutMs, now, fork }, flush: () => connection.flush() })
  return { streams, flushed }
})

/** The library ends what is not answered in time; what is under way when the connection is lost need not wait for that. */
const makeAsk =
  (connection: NatsConnection, state: LinkState) =>
  <A>(what: string, ask: () => Promise<A>): Effect.Effect<A, BrokerUnavailable> =>
    Effect.callback<A, BrokerUnavailable>((resume) => {
      if (!state.isUp) return resume(Effect.fail(DOWN))
      const failed = (detail: string, isLasting = false) =>
        resume(Effect.fail(new BrokerUnavailable({ detail: `${what}: ${detail}`, isLasting })))
      const end = state.onLoss(() => failed("the connection to NATS was lost"))
      ask()
        .then(
          (answer) => resume(Effect.succeed(answer)),
          (error: unknown) => failed(detailOf(error), !mayAnswer(error, connection.info))
        )
        .finally(end)
    })

export class NatsLink extends Context.Service<
  NatsLink,
  {
    /** Of this life of the node: what it publishes is told apart by it. */
    readonly uid: string
    readonly connection: NatsConnection
    readonly jetstream: JetStreamClient
    /** What is published often goes this way. */
    readonly streams: StreamPublisher
    readonly manager: JetStreamManager
    readonly subjects: Subjects
    /** Milliseconds for an answer. */
    readonly requestTimeoutMs: number
    readonly isUp: () => boolean
    /** Fails when the connection will not come back: the process is to end. Never succeeds. */
    readonly ended: Effect.Effect<never, NatsUnreachable>
    /** Told of each change of `isUp`, until the scope closes. Synchronous. */
    readonly onChange: (told: (isUp: boolean) => void) => Effect.Effect<void, never, Scope.Scope>
    /** What comes on a subject; whoever hears it may fail, which is counted, logged and forgotten. Synchronous. */
    readonly listen: Listener["listen"]
    /** The same, until the scope closes. */
    readonly hear: Listener["hear"]
    /**
     * What the client library promises, as long as the connection stays; the library's own timeout is the request's.
     * @param what begins the text of a failure: "the publication was not acknowledged"
     */
    readonly ask: <A>(what: string, ask: () => Promise<A>) => Effect.Effect<A, BrokerUnavailable>
    /** What goes wrong with a connection. */
    readonly troubles: Troubles
    /** What is wrong, in words, for `/health`. */
    readonly problems: () => ReadonlyArray<string>
    /** Completes when the server has taken all that was published before: one round trip for all who ask meanwhile. */
    readonly flushed: Effect.Effect<void, BrokerUnavailable>
  }
>()("clarion/services/nats/NatsLink") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { nats } = (yield* ServerConfig).broker
      const uid = randomUUID()
      const connection = yield* open(nats, `clarion ${uid}`)
      const state = new LinkState()
      const requestTimeoutMs = Duration.toMillis(nats.requestTimeout)
      const fork = Effect.runForkWith(yield* Effect.context<never>())
      const cannotRead = makeFailureLog("a message of NATS cannot be read")
      const listener = new Listener(connection, (detail) => fork(cannotRead(detail)))
      const { streams, flushed } = yield* sendersOver(connection, listener, state, requestTimeoutMs)
      yield* forkLongLived("watch over NATS", watch(connection, nats, state, streams))
      const ended = endOf(connection, nats.servers)
      const goDown = Effect.sync(() => state.set(false))
      yield* forkLongLived(
        "the connection to NATS",
        Effect.tapError(ended, () => goDown)
      )
      const troubles = new Troubles(yield* makeMonotonic, () => state.isUp)
      const problems = () => (state.isUp ? troubles.present : [NO_CONNECTION])
      yield* (yield* Metrics).register(
        Effect.sync(() => natsSamples(connection, state, listener, problems().length))
      )
      const ask = makeAsk(connection, state)
      return NatsLink.of({
        uid,
        connection,
        jetstream: jetstream(connection, { timeout: requestTimeoutMs }),
        streams,
        manager: yield* Effect.promise(() =>
          jetstreamManager(connection, { timeout: requestTimeoutMs, checkAPI: false })
        ),
        subjects: new Subjects(nats.prefix),
        requestTimeoutMs,
        ended,
        isUp: () => state.isUp,
        onChange: state.onChange,
        listen: listener.listen,
        hear: listener.hear,
        ask,
        troubles,
        problems,
        flushed: ask("what was sent was not taken", flushed)
      })
    })
  )
}
