/**
 * A shard: an actor that owns a few thousand connections and a mailbox of publications, and sends to the one what waits in the other:
 * to raw connections what is for everyone, to the subscribers of its rooms what happens in their channels.
 *
 * The mailbox is drained once for each turn of its fiber: what came in meanwhile goes out together, one write for each connection.
 * A crash ends the shard's own connections with 1012 and nothing else; publications that it had taken are accounted for as closed.
 */
import * as Effect from "effect/Effect"
import { type CloseReason, CloseReasons } from "../protocol/closeCodes.ts"
import { Hub, type HubMember } from "../services/Hub.ts"
import { BROADCAST_CHANNEL, type ChannelEvent } from "../services/hot/ChannelEvent.ts"
import type { Connection, ConnectionOwner } from "../services/hot/Connection.ts"
import { type Course, Drain, sliceSize } from "../services/hot/Drain.ts"
import type { SessionHome } from "../services/hot/Opening.ts"
import type { Broadcast, Frame, Publication } from "../services/hot/Publication.ts"
import { Room, type RoomOptions, type Turn } from "../services/hot/Room.ts"
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

export interface ShardOptions extends RoomOptions {
  readonly slicer: Slicer
  readonly mailboxCapacity: number
  /** What happens to a connection whose send buffer is full. */
  readonly onSlow: (connection: Connection) => void
  /** What happens to messages of clients; runs in the socket's callback. */
  readonly onMessage: (connection: Connection, data: Uint8Array, isBinary: boolean) => void
  /** How raw connections read the publications of the channel that all of them hear. */
  readonly rawFrame: (event: ChannelEvent) => Frame
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number
}

/** One life of a shard, as others see it. */
export class Shard implements ConnectionOwner, HubMember, SessionHome {
  /** Raw connections. */
  readonly connections = new SlotList<Connection>()
  /** Connections of client sessions. */
  readonly sessions = new SlotList<Connection>()
  readonly rooms = new Map<string, Room>()
  /** Taken from the mailbox, and not yet with a drain that accounts for it. */
  #taken: ReadonlyArray<Publication> = []

  constructor(
    /** "shard-0" */
    readonly name: string,
    readonly mailbox: Mailbox.Mailbox<Publication, "refuse">,
    readonly hub: Hub["Service"],
    readonly options: ShardOptions
  ) {}

  get size(): number {
    return this.connections.size + this.sessions.size
  }

  subscribers(channel: string): number {
    return this.rooms.get(channel)?.size ?? 0
  }

  room(channel: string): Room {
    const found = this.rooms.get(channel)
    if (found !== undefined) return found
    const room = new Room(channel, this.options)
    this.rooms.set(channel, room)
    this.hub.listen(channel, this)
    return room
  }

  vacate(room: Room): void {
    if (room.size > 0 || this.rooms.get(room.channel) !== room) return
    this.rooms.delete(room.channel)
    this.hub.ignore(room.channel, this)
  }

  enter(connection: Connection): void {
    this.sessions.add(connection)
  }

  leave(connection: Connection): void {
    this.sessions.remove(connection)
  }

  /** Who is to be visited: raw connections first, then the rooms, each when its turn has come. */
  *#courses(publications: ReadonlyArray<Publication>): Iterable<ReadonlyArray<Course>> {
    const forAll: Array<number> = []
    const rooms = new Map<Room, Array<Turn>>()
    for (const [at, publication] of publications.entries()) {
      const { channel } = publication
      if (channel === undefined || (channel === BROADCAST_CHANNEL && publication.kind === "publication"))
        forAll.push(at)
      const room = channel === undefined ? undefined : this.rooms.get(channel)
      if (room === undefined) continue
      const turn = { event: publication as ChannelEvent, at }
      const turns = rooms.get(room)
      if (turns === undefined) rooms.set(room, [turn])
      else turns.push(turn)
    }
    if (forAll.length > 0) yield [this.#everyone(publications, forAll)]
    for (const [room, turns] of rooms) yield room.begin(turns)
  }

  #everyone(publications: ReadonlyArray<Publication>, places: ReadonlyArray<number>): Course {
    const { fanOut, rawFrame } = this.options
    const frames = places.map((at) => {
      const publication = publications[at]!
      return publication.channel === undefined ? (publication as Broadcast) : rawFrame(publication)
    })
    this.connections.beginSweep()
    return {
      list: this.connections,
      connections: this.connections.items,
      batch: fanOut.prepare(frames),
      publicationsOf: places.map((at) => [at]),
      sliceSize: sliceSize(frames)
    }
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

  end(connection: Connection, why: CloseReason): void {
    connection.close(why)
  }

  readonly offer = (publication: Publication): boolean => this.mailbox.offer(publication)

  get spare(): number {
    const { mailbox } = this
    return Math.ceil(mailbox.capacity / 2) - mailbox.depth()
  }

  /** Waits for publications, and takes those that follow closely too. */
  readonly takeBatch = Effect.fnUntraced(function* (this: Shard) {
    const { mailbox } = this
    this.#taken = yield* mailbox.take(DRAIN_MAX)
    if (this.size >= LINGER_FROM_CONNECTIONS) {
      yield* Effect.sleep(LINGER)
      this.#taken = [...this.#taken, ...mailbox.takeUnsafe(DRAIN_MAX - this.#taken.length)]
    }
    this.hub.relieved(this)
  })

  /** Sends what was taken to everyone, in one drain or, where it is much, in several. */
  readonly drainTaken = Effect.fnUntraced(function* (this: Shard) {
    while (this.#taken.length > 0) yield* this.#drain(countWithin(this.#taken, DRAIN_BYTES))
  })

  /** Sends the first `count` of what was taken; interrupted, it stops between two slices. */
  readonly #drain = (count: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const { slicer, now, onSlow } = this.options
      const done = (error?: unknown) => resume(error === undefined ? Effect.void : Effect.die(error))
      const publications = this.#taken.slice(0, count)
      // From here on the drain accounts for them, whatever happens.
      this.#taken = this.#taken.slice(count)
      const drain = new Drain(publications, this.#courses(publications), now, onSlow, done, this.name)
      slicer.add(drain)
      return Effect.sync(() => {
        slicer.cancel(drain)
        drain.finish()
      })
    })

  /** Accounts for what nobody will send any more, and ends the connections. */
  readonly finish = (): void => {
    for (const { delivery } of [...this.#taken, ...this.mailbox.takeUnsafe(this.mailbox.capacity)]) {
      delivery.add(this.size, 0, 0, Number.NaN, Number.NaN, this.name)
    }
    for (const channel of this.rooms.keys()) this.hub.ignore(channel, this)
    for (const connection of [...this.connections.items, ...this.sessions.items])
      connection.owner?.end(connection, CloseReasons.restart)
  }
}

/** The program of a shard's life. @param alive told of the shard while it takes connections, undefined afterwards */
export const shardProgram = (
  name: string,
  options: ShardOptions,
  alive: (shard: Shard | undefined) => void
) =>
  Effect.fnUntraced(function* (life: Life) {
    const mailbox = yield* Mailbox.make<Publication, "refuse">("refuse", options.mailboxCapacity)
    const hub = yield* Hub
    const shard = new Shard(name, mailbox, hub, options)
    // Released in reverse: it takes no connection, leaves the hub, and then ends what it holds.
    yield* Effect.addFinalizer(() => Effect.sync(shard.finish))
    yield* hub.join(shard)
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
