/**
 * A shard: an actor that owns a few thousand connections and a mailbox of publications, and sends to the one what waits in the other.
 *
 * The mailbox is drained once for each turn of its fiber: what came in meanwhile goes out together, one write for each connection.
 * A crash ends the shard's own connections with 1012 and nothing else; publications that it had taken are accounted for as closed.
 */
import * as Effect from "effect/Effect"
import { CloseReasons } from "../protocol/closeCodes.ts"
import { Hub, type HubMember } from "../services/Hub.ts"
import type { Connection, ConnectionOwner } from "../services/hot/Connection.ts"
import { Drain } from "../services/hot/Drain.ts"
import type { FanOut } from "../services/hot/FanOut.ts"
import type { Publication } from "../services/hot/Publication.ts"
import type { Slicer } from "../services/hot/Slicer.ts"
import { SlotList } from "../services/hot/SlotList.ts"
import * as Mailbox from "./Mailbox.ts"
import type { Life } from "./Supervisor.ts"

/** Publications that one drain takes at most: what one connection is written in one go. */
const DRAIN_MAX = 256
/** Bytes of one drain, unless a single publication has more: what a client that does not read can be written at once. */
const DRAIN_BYTES = 1_048_576

/** How many from the first on fit into so many bytes; at least one. */
const countWithin = (publications: ReadonlyArray<Publication>, bytes: number): number => {
  let left = bytes
  const over = publications.findIndex(({ data }) => {
    left -= data.length
    return left < 0
  })
  return over < 0 ? publications.length : Math.max(1, over)
}

/**
 * A shard waits so long before it sends, where sending takes longer than that anyway: publications that follow closely go out
 * in the same write. Ten sent one by one over a socket cost 1.3 µs a message without it, 0.75–0.83 with it (10,000 connections).
 */
const LINGER = "1 milli"
const LINGER_FROM_CONNECTIONS = 500

export interface ShardOptions {
  readonly fanOut: FanOut
  readonly slicer: Slicer
  readonly mailboxCapacity: number
  /** What happens to a connection whose send buffer is full. */
  readonly onSlow: (connection: Connection) => void
  /** What happens to messages of clients; runs in the socket's callback. */
  readonly onMessage: (connection: Connection, data: Uint8Array, isBinary: boolean) => void
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number
}

/** One life of a shard, as others see it. */
export class Shard implements ConnectionOwner, HubMember {
  readonly connections = new SlotList<Connection>()
  /** Taken from the mailbox, and not yet with a drain that accounts for it. */
  #taken: ReadonlyArray<Publication> = []

  constructor(
    readonly mailbox: Mailbox.Mailbox<Publication, "refuse">,
    readonly options: ShardOptions
  ) {}

  get size(): number {
    return this.connections.size
  }

  add(connection: Connection): void {
    connection.owner = this
    this.connections.add(connection)
  }

  left(connection: Connection): void {
    this.connections.remove(connection)
  }

  message(connection: Connection, data: Uint8Array, isBinary: boolean): void {
    this.options.onMessage(connection, data, isBinary)
  }

  readonly offer = (publication: Publication): boolean => this.mailbox.offer(publication)

  /** Waits for publications, and takes those that follow closely too. */
  readonly takeBatch = Effect.fnUntraced(function* (this: Shard) {
    const { mailbox } = this
    this.#taken = yield* mailbox.take(DRAIN_MAX)
    if (this.size >= LINGER_FROM_CONNECTIONS) {
      yield* Effect.sleep(LINGER)
      this.#taken = [...this.#taken, ...mailbox.takeUnsafe(DRAIN_MAX - this.#taken.length)]
    }
  })

  /** Sends what was taken to everyone, in one drain or, where it is much, in several. */
  readonly drainTaken = Effect.fnUntraced(function* (this: Shard) {
    while (this.#taken.length > 0) yield* this.#drain(countWithin(this.#taken, DRAIN_BYTES))
  })

  /** Sends the first `count` of what was taken; interrupted, it stops between two slices. */
  readonly #drain = (count: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const { fanOut, slicer, now, onSlow } = this.options
      const done = (error?: unknown) => resume(error === undefined ? Effect.void : Effect.die(error))
      const drain = new Drain(this.connections, this.#taken.slice(0, count), fanOut, now, onSlow, done)
      // From here on the drain accounts for them, whatever happens.
      this.#taken = this.#taken.slice(count)
      slicer.add(drain)
      return Effect.sync(() => {
        slicer.cancel(drain)
        drain.finish()
      })
    })

  /** Accounts for what nobody will send any more, and ends the connections. */
  readonly end = (): void => {
    for (const { delivery } of [...this.#taken, ...this.mailbox.takeUnsafe(this.mailbox.capacity)]) {
      delivery.add(this.size, 0, 0, Number.NaN, Number.NaN)
    }
    for (const connection of [...this.connections.items]) connection.close(CloseReasons.restart)
  }
}

/** The program of a shard's life. @param alive told of the shard while it takes connections, undefined afterwards */
export const shardProgram = (options: ShardOptions, alive: (shard: Shard | undefined) => void) =>
  Effect.fnUntraced(function* (life: Life) {
    const mailbox = yield* Mailbox.make<Publication, "refuse">("refuse", options.mailboxCapacity)
    const shard = new Shard(mailbox, options)
    // Released in reverse: it takes no connection, leaves the hub, and then ends what it holds.
    yield* Effect.addFinalizer(() => Effect.sync(shard.end))
    yield* (yield* Hub).join(shard)
    yield* Effect.acquireRelease(
      Effect.sync(() => alive(shard)),
      () => Effect.sync(() => alive(undefined))
    )
    yield* Effect.forkScoped(Effect.andThen(life.stopping, mailbox.close))
    yield* life.started
    yield* Effect.andThen(shard.takeBatch(), shard.drainTaken()).pipe(
      Effect.forever,
      Effect.catchTag("Done", () => Effect.void)
    )
  })
