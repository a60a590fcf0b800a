import { describe, expect, it } from "vitest"
import type { ClientSocket } from "../../../../src/client/ClientSocket.ts"
import { CentrifugeDialect } from "../../../../src/client/dialect/centrifugeDialect.ts"
import type { Listener } from "../../../../src/client/dialect/Dialect.ts"
import { rawDialect } from "../../../../src/client/dialect/rawDialect.ts"
import { Session } from "../../../../src/client/dialect/Session.ts"

const STAMP = "1763777777777"

/** Writes down what it is told. */
const recording = () => {
  const told: Array<string> = []
  const listener: Listener = {
    ready: ({ session }, at) => {
      told.push(`ready at ${at}`)
      if (session === null) return
      session.readyAt = at
      session.lostAt = Number.NaN
    },
    refused: (_, { why, mayPass }) => told.push(`refused: ${why}${mayPass ? ", may pass" : ""}`),
    payload: (_, bytes) => told.push(`payload ${Buffer.from(bytes).toString()}`),
    missed: (count) => told.push(`missed ${count}`),
    duplicate: () => told.push("duplicate"),
    resumed: (isRecovered, publications) => told.push(`resumed ${isRecovered} with ${publications}`),
    broadcastsBetween: (from, to) => to - from
  }
  const sent: Array<string> = []
  const socket = {
    session: new Session(),
    sendText: (text: string | Buffer) => sent.push(text.toString())
  } as unknown as ClientSocket & { session: Session }
  const take = () => told.splice(0)
  return { listener, socket, sent, take }
}

/** A connection to channel "news" that has subscribed with this answer, and is back after it was lost with `returned`. */
const subscribed = (answer: object, channel = "news") => {
  const all = recording()
  const dialect = new CentrifugeDialect({ channel }, all.listener)
  const says = (...lines: ReadonlyArray<object | string>) => {
    const frame = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")
    dialect.message(all.socket, Buffer.from(frame), 50)
    return all.take()
  }
  const opens = () => {
    dialect.opened(all.socket)
    return all.sent
      .splice(0)
      .flatMap((frame) => frame.split("\n"))
      .map((line) => JSON.parse(line))
  }
  const opening = opens()
  const first = says({ id: 1, connect: { client: "c", ping: 25, pong: true } }, { id: 2, subscribe: answer })
  const isLost = () => {
    all.socket.session.readyAt = Number.NaN
    all.socket.session.lostAt = 40
  }
  return { ...all, says, opens, opening, first, isLost }
}

const pub = (offset: number, data: unknown = 1) => ({ push: { channel: "news", pub: { data, offset } } })
const bare = (data: unknown) => ({ push: { channel: "news", pub: { data } } })
const HISTORY = { epoch: "abc", offset: 5, recoverable: true, positioned: true }

describe("a connection that speaks the client protocol", () => {
  it("connects and subscribes in one frame, and is ready with the answer", () => {
    const { opening, first } = subscribed(HISTORY)
    expect(opening).toEqual([
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: "news", positioned: true, recoverable: true } }
    ])
    expect(first).toEqual(["ready at 50"])
  })

  it("shows its token", () => {
    const { listener, socket, sent } = recording()
    new CentrifugeDialect({ channel: "news", token: "t.o.k" }, listener).opened(socket)
    expect(JSON.parse(sent[0]!.split("\n")[0]!)).toEqual({ id: 1, connect: { token: "t.o.k" } })
  })

  it("answers pings where the server wants it, also among other lines", () => {
    const { says, sent } = subscribed(HISTORY)
    says("{}")
    says("{}", pub(6), "{}")
    expect(sent).toEqual(["{}", "{}", "{}"])
    says({ id: 1, connect: { ping: 25 } })
    says("{}")
    expect(sent).toHaveLength(3)
  })

  it.each([
    ["a number", `{"push":{"channel":"news","pub":{"data":${STAMP},"offset":6}}}`],
    ["a text", `{"push":{"channel":"news","pub":{"data":"${STAMP}","offset":6}}}`],
    ["in an object", `{"push":{"channel":"news","pub":{"data":{"a":[12,"x"],"t":${STAMP}},"offset":6}}}`],
    ["with an epoch behind", `{"push":{"channel":"news","pub":{"data":${STAMP},"offset":6,"epoch":"abc"}}}`],
    [
      "with members between",
      `{"push":{"channel":"news","pub":{"data":${STAMP},"info":{"user":""},"offset":6}}}`
    ],
    ["with a number behind", `{"push":{"channel":"news","pub":{"data":${STAMP},"offset":6,"version":99}}}`],
    ["in another order", `{"push":{"pub":{"offset":6,"data":${STAMP}},"channel":"news"}}`],
    ["with spaces", `{ "push": { "channel": "news", "pub": { "data": ${STAMP}, "offset": 6 } } }`]
  ])("finds the stamp as %s", (_, line) => {
    const { says, socket } = subscribed(HISTORY)
    expect(says(line)).toEqual([`payload ${STAMP}`])
    expect(socket.session.offset).toBe(6)
  })

  it("takes no other digits for a stamp", () => {
    for (const data of [{ id: 17637777777771, n: 1 }, { n: 176377777777 }, null, "hello"]) {
      const { says, socket } = subscribed(HISTORY)
      const [payload] = says(pub(6, data))
      expect(payload).not.toBe(`payload ${STAMP}`)
      expect(payload).toMatch(/^payload /)
      expect(socket.session.offset).toBe(6)
    }
  })

  it("reads all publications of a frame, and passes over who comes and goes and other channels", () => {
    const { says } = subscribed(HISTORY)
    const join = { push: { channel: "news", join: { info: { user: "", client: "x" } } } }
    expect(says(pub(6, 1_763_777_777_777), join, pub(7, 1_763_777_777_778))).toEqual([
      "payload 1763777777777",
      "payload 1763777777778"
    ])
    expect(says({ push: { channel: "olds", pub: { data: 1, offset: 9 } } })).toEqual([])
    expect(says({ push: { channel: "news", leave: { info: {} } } })).toEqual([])
  })

  it("counts what is missing between two offsets, and what comes twice", () => {
    const { says } = subscribed(HISTORY)
    expect(says(pub(6), pub(9))).toEqual([expect.any(String), "missed 2", expect.any(String)])
    expect(says(pub(9))).toEqual(["duplicate"])
    expect(says(pub(8))).toEqual(["duplicate"])
    expect(says(pub(10))).toHaveLength(1)
    expect(says(pub(12))[0]).toBe("missed 1")
    // One that is in no history has no offset.
    expect(says(bare(1_763_777_777_777))).toEqual([`payload ${STAMP}`])
  })
})

describe("a connection that comes back", () => {
  it("goes on from where it stood, and has all when the server says so", () => {
    const { says, opens, isLost, socket } = subscribed(HISTORY)
    says(pub(6), pub(7))
    isLost()
    expect(opens()[1]).toEqual({
      id: 2,
      subscribe: {
        ...{ channel: "news", positioned: true, recoverable: true },
        ...{ recover: true, epoch: "abc", offset: 7 }
      }
    })
    const publications = [8, 9, 10].map((offset) => ({ data: 1, offset }))
    const answer = { epoch: "abc", offset: 7, recovered: true, was_recovering: true, publications }
    expect(says({ id: 2, subscribe: answer })).toEqual(["resumed true with 3", "ready at 50"])
    expect(socket.session.offset).toBe(10)
    expect(says(pub(11))).toHaveLength(1)
  })

  it("counts a gap inside of what it recovered", () => {
    const { says, isLost } = subscribed(HISTORY)
    isLost()
    const publications = [
      { data: 1, offset: 6 },
      { data: 1, offset: 9 }
    ]
    expect(says({ id: 2, subscribe: { epoch: "abc", offset: 5, recovered: true, publications } })).toEqual([
      "missed 2",
      "resumed true with 2",
      "ready at 50"
    ])
  })

  it("missed all up to the channel's position where it was not recovered", () => {
    const { says, isLost, socket } = subscribed(HISTORY)
    isLost()
    const answer = { epoch: "abc", offset: 25, was_recovering: true }
    expect(says({ id: 2, subscribe: answer })).toEqual(["missed 20", "resumed false with 0", "ready at 50"])
    expect(socket.session.offset).toBe(25)
  })

  it("cannot say what it missed of a stream that is gone", () => {
    const { says, isLost, socket } = subscribed(HISTORY)
    isLost()
    const answer = { epoch: "new", offset: 2, was_recovering: true }
    expect(says({ id: 2, subscribe: answer })).toEqual(["missed null", "resumed false with 0", "ready at 50"])
    expect([socket.session.epoch, socket.session.offset]).toEqual(["new", 2])
  })

  it("to a channel without history knows by the numbers of the client's own publications", () => {
    const { says, isLost, opens } = subscribed({})
    expect(says(bare({ stamp: 1_763_777_777_777, seq: 4 }))).toEqual([`payload ${STAMP}`])
    expect(says(bare({ stamp: 1_763_777_777_778, seq: 5 }))).toHaveLength(1)
    isLost()
    expect(opens()[1]).not.toHaveProperty("subscribe.recover")
    expect(says({ id: 2, subscribe: {} })).toEqual(["resumed false with 0", "ready at 50"])
    expect(says(bare({ stamp: 1_763_777_777_779, seq: 12 }))).toEqual(["missed 6", "payload 1763777777779"])
    expect(says(bare({ stamp: 1_763_777_777_779, seq: 12 }))).toEqual(["duplicate"])
    // Whatever looks like an offset in the data is data.
    expect(says(bare({ n: { m: { offset: 99 } } }))).toHaveLength(1)
    expect(says(bare({ stamp: 1_763_777_777_780, seq: 13 }))).toEqual(["payload 1763777777780"])
  })

  it("to a channel without history and without numbers does not know", () => {
    const { says, isLost } = subscribed({})
    says(bare(1_763_777_777_777))
    isLost()
    expect(says({ id: 2, subscribe: {} })).toEqual(["missed null", "resumed false with 0", "ready at 50"])
  })
})

describe("what a server refuses", () => {
  it("is told with its words, and whether it may pass", () => {
    const { listener, socket, take } = recording()
    const dialect = new CentrifugeDialect({ channel: "news" }, listener)
    const says = (line: string) => {
      dialect.message(socket, Buffer.from(line), 50)
      return take()
    }
    const error = (id: number, code: number, message: string, temporary?: boolean) =>
      says(JSON.stringify({ id, error: { code, message, temporary } }))
    expect(error(1, 101, "unauthorized")).toEqual(["refused: connect answered with 101 unauthorized"])
    expect(error(2, 103, "permission denied")).toEqual([
      "refused: subscribe answered with 103 permission denied"
    ])
    expect(error(2, 100, "internal", true)).toEqual([
      "refused: subscribe answered with 100 internal, may pass"
    ])
    expect(says("<html>")).toEqual(["refused: an answer that is not JSON"])
    expect(says("[1]")).toEqual(["refused: an answer that is not JSON"])
    expect(says('"x"')).toEqual(["refused: an answer that is not JSON"])
  })

  it("after a while: it subscribes again where it shall, and ends where not", () => {
    const { says, sent } = subscribed(HISTORY)
    says(pub(6))
    const unsubscribe = (code: number) => ({ push: { channel: "news", unsubscribe: { code, reason: "r" } } })
    expect(says(unsubscribe(2500))).toEqual([])
    expect(JSON.parse(sent[0]!)).toMatchObject({
      id: 2,
      subscribe: { recover: true, epoch: "abc", offset: 6 }
    })
    const publications = [{ data: 1, offset: 7 }]
    expect(says({ id: 2, subscribe: { epoch: "abc", offset: 6, recovered: true, publications } })).toEqual([
      "resumed true with 1"
    ])
    expect(says(unsubscribe(2000))).toEqual(["refused: unsubscribed with 2000 r"])
  })
})

describe("a raw connection", () => {
  const raw = (text: string, session: Session | null = null) => {
    const { listener, take } = recording()
    rawDialect(listener).message({ session } as ClientSocket, Buffer.from(text), 50)
    return take()
  }

  it("hears each message as it is, or the stamp in it where it is a JSON object", () => {
    expect(raw(STAMP)).toEqual([`payload ${STAMP}`])
    expect(raw(`{"stamp":${STAMP},"fill":"xx"}`)).toEqual([`payload ${STAMP}`])
    expect(raw('{"a":1}')).toEqual(['payload {"a":1}'])
    expect(raw(`order ${STAMP}`)).toEqual([`payload order ${STAMP}`])
  })

  it("that is back missed the broadcasts of the time in which it was away", () => {
    const { listener, take, socket } = recording()
    const dialect = rawDialect(listener)
    dialect.opened(socket, 10)
    expect(take()).toEqual(["ready at 10"])
    socket.session.readyAt = Number.NaN
    socket.session.lostAt = 20
    dialect.opened(socket, 50)
    expect(take()).toEqual(["missed 30", "ready at 50"])
  })
})
