/** The transport contract: clients of sessions that do not read, on streams and on WebSockets. */
import type { Readable } from "node:stream"
import { expect, it } from "vitest"
import { CloseReasons } from "../../src/protocol/closeCodes.ts"
import type { Connection } from "../../src/services/hot/Connection.ts"
import type { WatchedConnection } from "../../src/services/hot/StalledWrites.ts"
import { connect } from "../support/server/clients.ts"
import { type Listening, RecordingSession, WRITE_TICKS } from "../support/server/listen.ts"
import { openStream } from "../support/server/StreamClient.ts"
import type { Contract } from "./Contract.ts"

/** What may wait for a session; what may wait for a raw connection is not it. */
const QUEUE = 300_000
const MESSAGE_BYTES = 50_000
/** Enough for clients to take it bit by bit: kernels pass on some MB at once. */
const LARGE_QUEUE = 20_000_000
/** What a stream on uWebSockets.js is held to have waiting beside its queue, at most; and framing. */
const SLACK = 20_000

const message = (i: number): Buffer => Buffer.alloc(MESSAGE_BYTES, 65 + (i % 26))

/** Places of messages that are not what was sent. */
const wrong = (messages: ReadonlyArray<Buffer>): ReadonlyArray<number> =>
  messages.flatMap((found, i) => (found.equals(message(i)) ? [] : [i]))

/** A client that has stopped to read, whatever it is connected by. */
interface Stalled {
  readonly listening: Listening
  readonly session: RecordingSession
  readonly connection: WatchedConnection
  readonly resume: () => void
  /** Reads what is there to be read at once, and stops again. */
  readonly sip: () => Promise<void>
  /** The messages that it has got, when they are so many. */
  readonly got: (count: number) => Promise<ReadonlyArray<Buffer>>
  /** Settles when it is gone; with the close code that it saw, if it saw any. */
  readonly ended: Promise<number | string>
}

const sipOf = (source: Readable) => () =>
  new Promise<void>((resolve) => {
    source.once("data", () => {
      source.pause()
      resolve()
    })
    source.resume()
  })

export const slowStreamSuite = ({ listen, transport, isSecure }: Contract) => {
  const settingsOf = (queue: number) => ({ "client.queueMaxSize": queue, "limits.sendBuffer": 1024 })

  const stalledStream = async (queue = QUEUE): Promise<Stalled> => {
    const session = new RecordingSession()
    const listening = await listen({
      settings: settingsOf(queue),
      http: () => ({ headers: [], opening: session, first: Buffer.from("!") })
    })
    const client = await openStream(listening.http())
    client.pause()
    return {
      listening,
      session,
      connection: (await session.connection) as WatchedConnection,
      resume: () => client.resume(),
      sip: sipOf(client.response),
      got: async (count) => {
        const all = (await client.size(1 + count * MESSAGE_BYTES)).subarray(1)
        return Array.from({ length: Math.floor(all.length / MESSAGE_BYTES) }, (_, i) =>
          all.subarray(i * MESSAGE_BYTES, (i + 1) * MESSAGE_BYTES)
        )
      },
      ended: client.ended
    }
  }

  const stalledSocket = async (queue = QUEUE): Promise<Stalled> => {
    const session = new RecordingSession()
    const listening = await listen({
      settings: settingsOf(queue),
      upgrades: new Map([["/connection/websocket", () => ({ opening: session, protocol: "" })]])
    })
    const client = await connect(listening.url("/connection/websocket"))
    client.raw.pause()
    return {
      listening,
      session,
      connection: (await session.connection) as WatchedConnection,
      resume: () => client.raw.resume(),
      sip: sipOf(client.raw),
      got: async (count) => (await client.messages.count(count)) as ReadonlyArray<Buffer>,
      ended: client.ended.then(({ code }) => code)
    }
  }

  /** Sends until no more is taken; gives the number of messages that were. */
  const fill = (connection: Connection, queue = QUEUE): number => {
    for (let i = 0; i < 1000; i++) {
      if (!connection.send(message(i), true)) return i
      expect(connection.backlog).toBeLessThanOrEqual(queue + MESSAGE_BYTES + SLACK)
    }
    throw new Error("it takes everything")
  }

  /** Lets the loop turn until it is so. */
  const turnUntil = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  const kinds = [
    ["a stream", stalledStream],
    ["a WebSocket", stalledSocket]
  ] as const

  it.each(kinds)(
    "%s: what waits is bounded; all that was taken arrives in order, and new messages after it",
    async (_, open) => {
      const { connection, resume, got } = await open()
      const taken = fill(connection)
      expect(connection.backlog).toBeGreaterThan(QUEUE)
      expect(connection.send(message(0), true)).toBe(false)
      resume()
      expect(wrong(await got(taken))).toEqual([])
      await turnUntil(() => connection.backlog === 0)
      expect(connection.send(message(taken), true)).toBe(true)
      const all = await got(taken + 1)
      expect([all.length, wrong(all)]).toEqual([taken + 1, []])
    }
  )

  it("a stream: the last bytes, which the socket took only in part, arrive though nothing follows them", async () => {
    const session = new RecordingSession()
    const listening = await listen({
      http: () => ({ headers: [], opening: session, first: Buffer.from("!") })
    })
    const client = await openStream(listening.http())
    const connection = await session.connection
    client.pause()
    let sent = 0
    while (connection.backlog === 0) {
      connection.send(Buffer.alloc(10_000), true)
      sent += 10_000
    }
    client.resume()
    expect((await client.size(1 + sent)).length).toBe(1 + sent)
    await turnUntil(() => connection.backlog === 0)
  })

  it.each(kinds)("%s: closed, it delivers all that waits, and then the end", async (kind, open) => {
    const { listening, connection, resume, got, ended } = await open()
    const taken = fill(connection)
    connection.close(CloseReasons.forceDisconnect)
    expect(connection.send(message(0), true)).toBe(false)
    resume()
    const all = await got(taken)
    expect([all.length, wrong(all)]).toEqual([taken, []])
    expect(await ended).toBe(kind === "a stream" ? "whole" : 3503)
    expect(await listening.closes.count(1)).toEqual([3503])
    expect(listening.held).toBe(0)
  })

  it.each(kinds)(
    "%s: one that takes nothing in the time of a write is closed with 3009, and then cut",
    async (kind, open) => {
      const { listening, session, connection, ended, resume } = await open()
      fill(connection)
      for (let i = 1; i < WRITE_TICKS; i++) listening.intake.stalledWrites.tick()
      expect([session.lefts, listening.closes.all]).toEqual([0, []])
      listening.intake.stalledWrites.tick()
      expect(session.lefts).toBe(1)
      listening.passWriteTime()
      expect(await listening.closes.count(1)).toEqual([3009])
      expect([
        listening.held,
        listening.intake.stalledWrites.size,
        listening.intake.stalledWrites.stalled
      ]).toEqual([0, 0, 1])
      resume()
      expect(kind === "a stream" ? ["cut"] : [3009, 1006]).toContain(await ended)
    }
  )

  it.each(kinds)("%s: one that takes something now and then stays", async (kind, open) => {
    const { listening, session, connection, resume, sip, got } = await open(LARGE_QUEUE)
    const { stalledWrites } = listening.intake
    const taken = fill(connection, LARGE_QUEUE)
    // Times that it took something, and not all.
    let steps = 0
    while (connection.backlog > 0) {
      for (let tick = 1; tick < WRITE_TICKS; tick++) stalledWrites.tick()
      const { progress } = connection
      while (connection.progress === progress && connection.backlog > 0) await sip()
      if (connection.backlog > 0) steps++
      stalledWrites.tick()
    }
    // Of a WebSocket over TLS, uWebSockets.js tells only that all is taken.
    if (transport === "ws" || !isSecure || kind === "a stream") expect(steps).toBeGreaterThanOrEqual(1)
    expect([session.lefts, stalledWrites.stalled]).toEqual([0, 0])
    resume()
    expect((await got(taken)).length).toBe(taken)
    listening.passWriteTime()
    listening.passWriteTime()
    expect([session.lefts, stalledWrites.size]).toEqual([0, 0])
  })

  it.each(kinds)("%s: one that goes away while much waits is forgotten", async (_, open) => {
    const { listening, connection, session } = await open()
    fill(connection)
    expect(listening.intake.stalledWrites.size).toBe(1)
    connection.terminate()
    expect(await listening.closes.count(1)).toEqual([1006])
    expect([session.lefts, listening.held, listening.intake.stalledWrites.size, connection.backlog]).toEqual([
      1, 0, 0, 0
    ])
  })

  it("a raw connection that does not read is not watched", async () => {
    const listening = await listen({ settings: { "limits.sendBuffer": QUEUE } })
    const client = await connect(listening.url("/raw"))
    const [connection] = await listening.raws.count(1)
    client.raw.pause()
    fill(connection!)
    expect([connection!.isSession, listening.intake.stalledWrites.size]).toEqual([false, 0])
  })
}
