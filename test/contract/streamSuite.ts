/** The transport contract: answers that go on are connections, from their admission to their end. */
import { expect, it } from "vitest"
import { CloseReasons } from "../../src/protocol/closeCodes.ts"
import { Admission } from "../../src/services/hot/Admission.ts"
import type { Connection } from "../../src/services/hot/Connection.ts"
import { Keepalive } from "../../src/services/hot/Keepalive.ts"
import type { Decision, PlainRequest, StreamAnswer } from "../../src/services/Transport.ts"
import { Heard } from "../support/server/Heard.ts"
import { type Listening, type ListenSetup, RecordingSession } from "../support/server/listen.ts"
import { openRaw, requestOf } from "../support/server/RawClient.ts"
import { openStream, type StreamClient } from "../support/server/StreamClient.ts"
import type { Contract } from "./Contract.ts"

const HEADERS = [
  ["content-type", "text/event-stream; charset=utf-8"],
  ["cache-control", "no-store"],
  ["access-control-allow-origin", "https://a.example"]
] as const

const bytes = (text: string) => Buffer.from(text)

/** Bytes that differ, so that none can be missing or double unnoticed. */
const numbered = (size: number): Buffer => {
  const buffer = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) buffer.writeUInt32LE(at, at)
  return buffer
}

export const streamSuite = ({ listen, transport, isSecure }: Contract) => {
  /** A listener whose requests all open a stream; with one client on it. */
  const openOne = async (
    setup: ListenSetup & { readonly session?: RecordingSession; readonly first?: string } = {}
  ) => {
    const session = setup.session ?? new RecordingSession()
    const first = bytes(setup.first ?? "\r\n")
    const listening = await listen({ http: () => ({ headers: HEADERS, opening: session, first }), ...setup })
    const client = await openStream(listening.http("/stream"))
    return { listening, client, session, connection: await session.connection }
  }

  /** Nothing is held, counted or watched any more. */
  const expectNothingLeft = ({ held, intake }: Listening, opened: number) => {
    const { counters, stalledWrites } = intake
    const closed = [...counters.closed.values()].reduce((sum, count) => sum + count, 0)
    expect({
      held,
      live: counters.live,
      opened: counters.opened,
      closed,
      watched: stalledWrites.size
    }).toEqual({
      held: 0,
      live: 0,
      opened,
      closed: opened,
      watched: 0
    })
  }

  it("head and first bytes come at once, then what is sent, in order", async () => {
    const { client, connection, listening } = await openOne()
    expect([client.status, client.headers["content-type"], client.headers["cache-control"]]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
      "no-store"
    ])
    expect(String(await client.size(2))).toBe("\r\n")
    for (let i = 0; i < 5; i++) expect(connection.send(bytes(`data: ${i}\n\n`), false)).toBe(true)
    await client.size(2 + 5 * 9)
    expect(connection.send(bytes("later"), false)).toBe(true)
    await client.size(2 + 5 * 9 + 5)
    expect(client.text).toBe(`\r\n${[0, 1, 2, 3, 4].map((i) => `data: ${i}\n\n`).join("")}later`)
    expect([connection.isSession, connection.backlog, connection.address]).toEqual([true, 0, "127.0.0.1"])
    expect([listening.intake.counters.live, listening.held]).toEqual([1, 1])
  })

  it("without first bytes the head comes with what is sent first", async () => {
    const session = new RecordingSession()
    const listening = await listen({ http: () => ({ headers: HEADERS, opening: session }) })
    const opening = openStream(listening.http(), { method: "POST", body: "{}" })
    const connection = await session.connection
    connection.send(bytes("now"), false)
    expect(String(await (await opening).size(3))).toBe("now")
  })

  it("what a session sends while it is opened comes after the first bytes", async () => {
    const session = new RecordingSession((connection) => {
      connection.send(bytes("b"), false)
      connection.send(bytes("c"), false)
    })
    const { client } = await openOne({ session, first: "a" })
    expect(String(await client.size(3))).toBe("abc")
  })

  it("a handler may take its time, and see the whole request", async () => {
    const asked = new Heard<readonly [PlainRequest, (answer: StreamAnswer) => void]>()
    const listening = await listen({
      http: (request) => new Promise((resolve) => asked.add([request, resolve]))
    })
    const opening = openStream(listening.http("/connection/http_stream?x=1"), {
      method: "POST",
      body: '{"id":1}'
    })
    const [[request, answer]] = (await asked.count(1)) as [(typeof asked.all)[number]]
    expect([request.path, request.query, String(request.body)]).toEqual([
      "/connection/http_stream",
      "x=1",
      '{"id":1}'
    ])
    answer({ headers: HEADERS, opening: new RecordingSession(), first: bytes("hi") })
    expect(String(await (await opening).size(2))).toBe("hi")
  })

  it("1 MiB at once, and in the first bytes, arrives whole", async () => {
    const big = numbered(1_048_576)
    const session = new RecordingSession()
    const listening = await listen({ http: () => ({ headers: HEADERS, opening: session, first: big }) })
    const client = await openStream(listening.http())
    const connection = await session.connection
    await client.size(big.length)
    expect(connection.send(big, true)).toBe(true)
    await client.size(2 * big.length)
    for (let i = 0; i < 10; i++) connection.send(bytes(`${i}`), false)
    await client.size(2 * big.length + 10)
    expect(client.bytes.equals(Buffer.concat([big, big, bytes("0123456789")]))).toBe(true)
  })

  it("close ends it after all that was sent, whole; nothing is taken any more", async () => {
    const { client, connection, session, listening } = await openOne()
    connection.send(bytes("one "), false)
    connection.send(numbered(400_000), false)
    connection.send(bytes(" the end"), false)
    connection.close(CloseReasons.forceDisconnect)
    expect(session.lefts).toBe(1)
    expect(connection.send(bytes("too late"), false)).toBe(false)
    connection.close(CloseReasons.shutdown)
    expect(await client.ended).toBe("whole")
    expect(
      client.bytes.equals(Buffer.concat([bytes("\r\none "), numbered(400_000), bytes(" the end")]))
    ).toBe(true)
    expect(await listening.closes.count(1)).toEqual([3503])
    expectNothingLeft(listening, 1)
  })

  it("a session may close while it is opened", async () => {
    const session = new RecordingSession((connection) => {
      connection.send(bytes("no"), false)
      connection.close(CloseReasons.stale)
    })
    const { client, listening } = await openOne({ session })
    expect(await client.ended).toBe("whole")
    expect(client.text).toBe("\r\nno")
    expect(await listening.closes.count(1)).toEqual([3502])
    expectNothingLeft(listening, 1)
  })

  it("the socket of a stream that was closed serves on", async () => {
    const session = new RecordingSession()
    const listening = await listen({
      http: ({ path }) =>
        path === "/stream"
          ? { headers: HEADERS, opening: session, first: bytes("x") }
          : { status: 200, headers: [], body: "plain" }
    })
    const raw = (await openRaw(listening)).send(requestOf({ Host: "x" }, { path: "/stream" }))
    ;(await session.connection).close(CloseReasons.shutdown)
    await raw.reads.until((all) => all.at(-1)?.includes("0\r\n\r\n") === true)
    raw.send(requestOf({ Host: "x" }, { path: "/" }))
    await raw.reads.until((all) => all.at(-1)?.includes("plain") === true)
  })

  it("a client that goes away is counted as 1006, once", async () => {
    const { client, connection, session, listening } = await openOne()
    client.destroy()
    expect(await listening.closes.count(1)).toEqual([1006])
    expect(session.lefts).toBe(1)
    expect(connection.send(bytes("x"), false)).toBe(false)
    connection.ping()
    connection.close(CloseReasons.shutdown)
    connection.terminate()
    expect([connection.backlog, typeof connection.address]).toEqual([0, "string"])
    expectNothingLeft(listening, 1)
  })

  it("terminate cuts, and counts 1006", async () => {
    const { client, connection, session, listening } = await openOne()
    connection.terminate()
    expect(await client.ended).toBe("cut")
    expect(await listening.closes.count(1)).toEqual([1006])
    expect(session.lefts).toBe(1)
    connection.terminate()
    expectNothingLeft(listening, 1)
  })

  it("where no shard can take it, it is ended with 1013", async () => {
    const session = new RecordingSession()
    const listening = await listen({
      hasPlace: false,
      http: () => ({ headers: HEADERS, opening: session, first: bytes("x") })
    })
    const client = await openStream(listening.http())
    expect(await client.ended).toBe("whole")
    expect([await listening.closes.count(1), session.opened.all]).toEqual([[1013], []])
    expectNothingLeft(listening, 1)
  })

  it("the end of the listener ends streams, and counts them", async () => {
    const { client, listening, session } = await openOne()
    await listening.close()
    expect(await client.ended).toBe("cut")
    expect(await listening.closes.count(1)).toEqual([1006])
    expect(session.lefts).toBe(1)
    expectNothingLeft(listening, 1)
  })

  describeRefusals({ listen })

  it("a silent stream is not closed for its silence, nor pinged", async () => {
    const keepalive = new Keepalive(1000, 2000)
    const { client, connection, listening } = await openOne({ keepalive })
    for (let i = 0; i < 100_000 / keepalive.tickMs; i++) keepalive.tick()
    for (let i = 0; i < 100; i++) listening.intake.framePings.tick()
    connection.send(bytes("still here"), false)
    expect(String(await client.size(12))).toBe("\r\nstill here")
    expect([keepalive.pinged, keepalive.expired, listening.closes.all]).toEqual([0, 0, []])
  })

  // A thousand TLS handshakes would cost seconds here and try nothing that the plain ones do not.
  it.skipIf(isSecure)("two thousand streams that are cut at every stage leave nothing behind", async () => {
    const listening = await listen({
      settings: { "limits.connectionsPerAddress": 100_000 },
      admission: new Admission(100_000, 0, 100_000),
      http: ({ path }) => {
        const answer = { headers: HEADERS, opening: new RecordingSession(cutter(path)), first: bytes("x") }
        return path.endsWith("later") ? Promise.resolve().then(() => answer) : answer
      }
    })
    const stages = ["/stay", "/close/later", "/terminate", "/send/later"]
    const open = async (i: number) => {
      const client = await openStream(listening.http(stages[i % stages.length]!)).catch(() => undefined)
      if (i % 3 === 0) await client?.size(1)
      client?.destroy()
    }
    for (let i = 0; i < 2000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => open(i + j)))
    await listening.closes.count(2000)
    expectNothingLeft(listening, 2000)
  })

  // What uWebSockets.js does with a client that sends more before the answer has ended is its own: it cuts.
  it("what a client sends after its request disturbs nobody", async () => {
    const session = new RecordingSession()
    const { listening, client, connection } = await openOne({
      session,
      http: ({ path }) =>
        path === "/stream"
          ? { headers: HEADERS, opening: session, first: bytes("\r\n") }
          : { status: 200, headers: [], body: "plain" }
    })
    const rude = (await openRaw(listening)).send(requestOf({ Host: "x" }, { path: "/stream" }))
    await rude.head()
    rude.send(requestOf({ Host: "x" }, { path: "/again" })).send("garbage")
    if (transport === "uws") await rude.ended
    else rude.socket.destroy()
    await listening.closes.count(1)
    connection.send(bytes("fine"), false)
    expect(String(await client.size(6))).toBe("\r\nfine")
    expect(listening.intake.counters.live).toBe(1)
  })
}

/** What a session does, by the path that it was opened on. */
const cutter = (path: string) => (connection: Connection) => {
  if (path.startsWith("/close")) connection.close(CloseReasons.shutdown)
  if (path.startsWith("/terminate")) connection.terminate()
  if (path.startsWith("/send")) connection.send(numbered(100_000), false)
}

/** A stream that is not admitted is answered as a plain request. */
const describeRefusals = ({ listen }: Pick<Contract, "listen">) => {
  const refusedBy = async (setup: ListenSetup, opened = 0): Promise<readonly [StreamClient, Listening]> => {
    const session = new RecordingSession()
    const listening = await listen({
      http: () => ({ headers: HEADERS, opening: session, first: bytes("x") }),
      ...setup
    })
    for (let i = 0; i < opened; i++) await (await openStream(listening.http())).size(1)
    const client = await openStream(listening.http())
    await client.ended
    expect(session.opened.all.length).toBe(opened)
    return [client, listening]
  }

  it("one over the capacity gets 503, when to try again, and what a page may read of it", async () => {
    const [client, { held, intake }] = await refusedBy({ admission: new Admission(2, 0, 0) }, 2)
    expect([client.status, client.headers["retry-after"], client.text]).toEqual([
      503,
      "10",
      "this server holds as many connections as it can\n"
    ])
    expect(client.headers["access-control-allow-origin"]).toBe("https://a.example")
    expect(client.headers["content-type"]).toBe("text/plain; charset=utf-8")
    expect([held, intake.counters.refused.get("capacity")]).toEqual([2, 1])
  })

  it("one over the limit of its address gets 429; other addresses, and it again when there is room, come in", async () => {
    const listening = await listen({
      http: () => ({ headers: HEADERS, opening: new RecordingSession(), first: bytes("x") }),
      settings: { "limits.connectionsPerAddress": 1 },
      admission: new Admission(100, 0, 1)
    })
    const first = await openStream(listening.http())
    expect((await openStream(listening.http())).status).toBe(429)
    expect((await openStream(listening.http(), { localAddress: "127.0.0.2" })).status).toBe(200)
    first.destroy()
    await listening.closes.count(1)
    expect((await openStream(listening.http())).status).toBe(200)
  })

  it("one over the rate of handshakes gets 503", async () => {
    const [client] = await refusedBy({ admission: new Admission(100, 1, 0) }, 1)
    expect([client.status, client.headers["retry-after"]]).toEqual([503, "1"])
  })

  it("a server that ends takes none any more", async () => {
    const session = new RecordingSession()
    const listening = await listen({ http: () => ({ headers: HEADERS, opening: session }) })
    listening.intake.isDraining = true
    expect((await openStream(listening.http())).status).toBe(503)
    expect([session.opened.all, listening.held]).toEqual([[], 0])
  })

  it("who decides about handshakes decides about streams: by URL, headers and address", async () => {
    const decide = async ({ url, headers, address }: Parameters<NonNullable<ListenSetup["decide"]>>[0]) => {
      const isGuest = url === "/stream?as=guest" && headers.get("x-name") === "g" && address === "127.0.0.1"
      const refusal: Decision = { refusal: { status: 403, reason: "hook", message: "members only" } }
      return isGuest ? { attachment: "not for sessions" } : refusal
    }
    const session = new RecordingSession()
    const listening = await listen({
      decide,
      http: () => ({ headers: HEADERS, opening: session, first: bytes("x") })
    })
    const refused = await openStream(listening.http("/stream"))
    await refused.ended
    expect([refused.status, refused.text, listening.held]).toEqual([403, "members only\n", 0])
    const taken = await openStream(listening.http("/stream?as=guest"), { headers: { "X-Name": "g" } })
    expect(taken.status).toBe(200)
    expect((await session.connection).attachment).toBe(undefined)
  })

  it("whoever goes away before it is decided gives its place back", async () => {
    const asked = new Heard<(decision: Decision) => void>()
    const session = new RecordingSession()
    const listening = await listen({
      decide: () => new Promise((resolve) => asked.add(resolve)),
      http: ({ path }) =>
        path === "/plain"
          ? { status: 200, headers: [], body: "" }
          : { headers: HEADERS, opening: session, first: bytes("x") }
    })
    let count = 0
    for (const decision of [
      { attachment: undefined },
      { refusal: { status: 403, reason: "hook", message: "no" } }
    ] as const) {
      const raw = (await openRaw(listening)).send(requestOf({ Host: "x" }))
      const [answer] = (await asked.count(++count)).slice(-1)
      raw.socket.destroy()
      await raw.ended
      // What is asked after that, is answered after the server has seen it.
      await (await openStream(listening.http("/plain"))).ended
      answer!(decision)
    }
    const last = openStream(listening.http())
    ;(await asked.count(3))[2]!({ attachment: undefined })
    await (await last).size(1)
    expect([listening.held, listening.intake.counters.live, session.opened.all.length]).toEqual([1, 1, 1])
  })
}
