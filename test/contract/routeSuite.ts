/**
 * The transport contract: handshakes on paths of their own become connections of sessions, those on other paths of the server are refused,
 * all others stay raw.
 */
import { expect, it } from "vitest"
import { CloseReasons } from "../../src/protocol/closeCodes.ts"
import { Admission } from "../../src/services/hot/Admission.ts"
import { Keepalive } from "../../src/services/hot/Keepalive.ts"
import type { Acceptance, ConnectRequest } from "../../src/services/Transport.ts"
import { connect, refusal } from "../support/server/clients.ts"
import { Heard } from "../support/server/Heard.ts"
import { type ListenSetup, PING_TICKS, PONG_TICKS, RecordingSession } from "../support/server/listen.ts"
import { HANDSHAKE, openRaw, requestOf } from "../support/server/RawClient.ts"
import { openStream } from "../support/server/StreamClient.ts"
import type { Contract } from "./Contract.ts"

const PATH = "/connection/websocket"
const PING = 9
const CLOSE = 8

const bytes = (text: string) => Buffer.from(text)

export const routeSuite = ({ listen, isSecure }: Contract) => {
  /** A listener with one route. */
  const listenRoute = async (
    accept: (request: ConnectRequest) => Acceptance,
    setup: Omit<ListenSetup, "upgrades"> = {}
  ) => listen({ ...setup, upgrades: new Map([[PATH, accept]]) })

  /** The same, with a session for everyone, and a client. */
  const openOne = async (setup: ListenSetup & { readonly session?: RecordingSession } = {}) => {
    const session = setup.session ?? new RecordingSession()
    const listening = await listenRoute(() => ({ opening: session, protocol: "" }), setup)
    const client = await connect(listening.url(PATH))
    return { listening, session, client, connection: await session.connection }
  }

  it("messages go both ways, as text or binary, and close codes too", async () => {
    const { listening, session, client, connection } = await openOne()
    await client.send("hello")
    await client.send(bytes("bytes"), { binary: true })
    expect(await session.messages.count(2)).toEqual(["hello", "bytes"])
    connection.send(bytes("text"), false)
    connection.send(Uint8Array.of(0, 255), true)
    connection.send(Buffer.alloc(200_000, 120), false)
    const got = await client.messages.count(3)
    expect([got.slice(0, 2), got[2]!.length]).toEqual([["text", Buffer.of(0, 255)], 200_000])
    expect([connection.isSession, connection.backlog, connection.address]).toEqual([true, 0, "127.0.0.1"])
    connection.close(CloseReasons.forceDisconnect)
    expect(session.lefts).toBe(1)
    expect(await client.ended).toEqual({ code: 3503, reason: "force disconnect" })
    expect(await listening.closes.count(1)).toEqual([3503])
    expect([listening.held, listening.intake.counters.live, listening.raws.all]).toEqual([0, 0, []])
  })

  it("a client that closes, or is cut, is counted once", async () => {
    const { listening, session, client } = await openOne()
    client.socket.close(1000)
    expect(await listening.closes.count(1)).toEqual([1000])
    const cut = await connect(listening.url(PATH))
    cut.socket.terminate()
    expect(await listening.closes.count(2)).toEqual([1000, 1006])
    expect([session.lefts, listening.held, listening.intake.counters.live]).toEqual([2, 0, 0])
  })

  it("only this path is one: all others are raw, and a plain request to it is a request", async () => {
    const { listening, session } = await openOne({
      http: ({ path }) => ({ status: 426, headers: [], body: path })
    })
    const others = ["/", "/connections", "/apis/x", "/events.txt", "/readyx", `/x${PATH}`]
    for (const path of others) await connect(listening.url(path))
    expect((await listening.raws.count(others.length)).every(({ isSession }) => !isSession)).toBe(true)
    expect(session.opened.all.length).toBe(1)
    const plain = await openStream(listening.http(PATH))
    await plain.ended
    expect([plain.status, plain.text]).toEqual([426, PATH])
  })

  it("no raw connection is made on other paths of the server", async () => {
    const { listening, session } = await openOne()
    const connection = ["/connection", `${PATH}/`, `${PATH}x`, "/Connection/websocket", "/connection/uni_sse"]
    const others = ["/emulation", "/events", "/api", "/api/publish", "/health", "/ready", "/metrics", "/docs"]
    const paths = [...connection, ...others, "/openapi.json"]
    for (const path of [...paths, ...paths.map((one) => `${one}?channels=a`)]) {
      const { status, body } = await refusal(listening.url(path))
      expect([path, status, body]).toEqual([path, 404, "no WebSocket is served on this path\n"])
    }
    expect([listening.raws.all, session.opened.all.length, listening.held]).toEqual([[], 1, 1])
    expect(listening.intake.counters.refused.get("invalid")).toBe(2 * paths.length)
  })

  it("a route sees URL, headers and address, and chooses the subprotocol", async () => {
    const seen = new Heard<ConnectRequest>()
    const listening = await listenRoute((request) => {
      seen.add(request)
      const offers = request.headers.get("sec-websocket-protocol") ?? ""
      return { opening: new RecordingSession(), protocol: offers.includes("b") ? "b" : "" }
    })
    const ask = async (protocols: string | undefined) => {
      const raw = await openRaw(listening)
      raw.send(requestOf({ ...HANDSHAKE, "Sec-WebSocket-Protocol": protocols }, { path: `${PATH}?x=%20` }))
      const { status, headers } = await raw.head()
      return [status, headers.get("sec-websocket-protocol")]
    }
    expect(await ask("a, b")).toEqual([101, "b"])
    expect(await ask("a")).toEqual([101, undefined])
    expect(await ask(undefined)).toEqual([101, undefined])
    expect(await ask("b")).toEqual([101, "b"])
    expect(seen.all[0]).toMatchObject({ url: `${PATH}?x=%20`, address: "127.0.0.1" })
    expect(seen.all[0]!.headers.get("sec-websocket-protocol")).toBe("a, b")
    // Raw connections are answered with the first that they offer, as ever.
    const raw = await connect(listening.url("/raw"), { headers: { "Sec-WebSocket-Protocol": "c, d" } }).catch(
      () => "no"
    )
    expect(raw).toBe("no")
  })

  it("a refusal is answered, counted, and takes no place", async () => {
    const accept = (): Acceptance => ({
      refusal: { status: 403, reason: "invalid", message: "not from there" }
    })
    const listening = await listenRoute(accept, { admission: new Admission(1, 0, 0) })
    for (let i = 0; i < 3; i++) {
      const { status, body } = await refusal(listening.url(PATH))
      expect([status, body]).toEqual([403, "not from there\n"])
    }
    expect([listening.held, listening.intake.counters.refused.get("invalid")]).toEqual([0, 3])
  })

  it("a wrong handshake is refused before the route is asked", async () => {
    const seen = new Heard<ConnectRequest>()
    const listening = await listenRoute((request) => {
      seen.add(request)
      return { opening: new RecordingSession(), protocol: "" }
    })
    const wrong = [
      [{ "Sec-WebSocket-Version": "8" }, 426],
      [{ "Sec-WebSocket-Key": `${"A".repeat(22)}!=` }, 400],
      [{ "Sec-WebSocket-Key": "short" }, 400],
      [{ "Sec-WebSocket-Protocol": ",," }, 400]
    ] as const
    for (const [changed, status] of wrong) {
      const raw = (await openRaw(listening)).send(requestOf({ ...HANDSHAKE, ...changed }, { path: PATH }))
      expect([changed, (await raw.head()).status]).toEqual([changed, status])
    }
    expect([seen.all, listening.held]).toEqual([[], 0])
  })

  it("capacity and whoever decides about handshakes apply", async () => {
    const session = new RecordingSession()
    const accept = (): Acceptance => ({ opening: session, protocol: "" })
    const full = await listenRoute(accept, { admission: new Admission(1, 0, 0) })
    await connect(full.url(PATH))
    expect((await refusal(full.url(PATH))).status).toBe(503)
    expect(full.held).toBe(1)

    const guarded = await listenRoute(accept, {
      decide: async ({ url }) =>
        url.endsWith("?in")
          ? { attachment: "for raw ones only" }
          : { refusal: { status: 401, reason: "hook", message: "no" } }
    })
    expect((await refusal(guarded.url(PATH))).status).toBe(401)
    expect(guarded.held).toBe(0)
    await connect(guarded.url(`${PATH}?in`))
    expect((await session.opened.count(2))[1]!.attachment).toBe(undefined)
  })

  it("a session may send and close while it is opened", async () => {
    const session = new RecordingSession((connection) => {
      connection.send(bytes("no"), false)
      connection.close(CloseReasons.stale)
    })
    const { listening, client } = await openOne({ session })
    expect(await client.ended).toEqual({ code: 3502, reason: "stale" })
    expect([client.messages.all, await listening.closes.count(1)]).toEqual([["no"], [3502]])
    expect([listening.held, session.lefts]).toEqual([0, 1])
  })

  it("where no shard can take it, it is closed with 1013", async () => {
    const session = new RecordingSession()
    const listening = await listenRoute(() => ({ opening: session, protocol: "" }), { hasPlace: false })
    const client = await connect(listening.url(PATH))
    expect((await client.ended).code).toBe(1013)
    expect([await listening.closes.count(1), session.opened.all]).toEqual([[1013], []])
  })

  it("a message over the limit ends it with 1009", async () => {
    const { listening, client } = await openOne()
    client.socket.send(Buffer.alloc(65_537))
    expect(await client.ended).toEqual({ code: 1009, reason: "message size limit" })
    expect(await listening.closes.count(1)).toEqual([1009])
  })

  it("the keepalive of raw connections leaves it alone", async () => {
    const keepalive = new Keepalive(1000, 2000)
    const { listening, client, connection } = await openOne({ keepalive })
    await client.send("heard")
    for (let i = 0; i < 100_000 / keepalive.tickMs; i++) keepalive.tick()
    for (let i = 0; i < 100; i++) listening.intake.framePings.tick()
    connection.send(bytes("still here"), false)
    expect(await client.messages.count(1)).toEqual(["still here"])
    expect([keepalive.pinged, keepalive.expired, client.pings.all]).toEqual([0, 0, []])
  })

  it("one that asks for ping frames gets them, and is closed with 3012 when nothing is heard", async () => {
    const listening = await listenRoute(() => ({
      opening: new RecordingSession((connection) => listening.intake.framePings.opened(connection)),
      protocol: ""
    }))
    const { framePings } = listening.intake
    const pass = (ticks: number) => {
      for (let i = 0; i < ticks; i++) framePings.tick()
    }
    const answering = await connect(listening.url(PATH))
    const deaf = (await openRaw(listening)).send(requestOf(HANDSHAKE, { path: PATH }))
    await deaf.head()
    pass(PING_TICKS)
    await deaf.frame(PING)
    await answering.pings.count(1)
    // Its pong comes before this message.
    await answering.send("after the pong")
    while (listening.intake.counters.messages === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    pass(PONG_TICKS - 1)
    expect(listening.closes.all).toEqual([])
    pass(2)
    expect((await deaf.frame(CLOSE)).payload.readUInt16BE(0)).toBe(3012)
    deaf.socket.end()
    expect(await listening.closes.count(1)).toEqual([3012])
    expect([answering.isOpen, framePings.expired]).toEqual([true, 1])
    answering.socket.terminate()
    await listening.closes.count(2)
    pass(100)
    expect(framePings.expired).toBe(1)
  })

  it.skipIf(isSecure)("a thousand that break off at every stage leave nothing behind", async () => {
    const session = new RecordingSession()
    const listening = await listenRoute(() => ({ opening: session, protocol: "" }), {
      decide: ({ url }) => Promise.resolve(url.endsWith("no") ? { refusal: NO } : { attachment: undefined })
    })
    const one = async (i: number) => {
      const raw = await openRaw(listening)
      raw.send(
        requestOf(HANDSHAKE, { path: `${PATH}${i % 4 === 0 ? "?no" : ""}` }).slice(
          0,
          i % 4 === 1 ? 60 : undefined
        )
      )
      if (i % 4 === 2) await raw.head()
      if (i % 2 === 0) raw.socket.resetAndDestroy()
      else raw.socket.destroy()
      await raw.ended
    }
    for (let i = 0; i < 1000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => one(i + j)))
    const last = await connect(listening.url(PATH))
    last.socket.close(4000)
    await listening.closes.until((all) => all.includes(4000))
    const { counters } = listening.intake
    while (counters.live > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect([listening.held, session.lefts]).toEqual([0, counters.opened])
  })
}

const NO = { status: 403, reason: "hook", message: "no" } as const
