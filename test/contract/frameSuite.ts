/** The transport contract: what clients may send, and what becomes of those who send what they may not. */
import { expect, it } from "vitest"
import { connect } from "../support/server/clients.ts"
import { closedWith } from "../support/server/figures.ts"
import { type FrameShape, frame, upgradeRaw } from "../support/server/RawClient.ts"
import { bytesOf, type Served } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"

const TEXT = 1
const CONTINUATION = 0
const CLOSE = 8
const PING = 9
const PONG = 10

const closeWith = (code: number, reason = ""): Buffer =>
  Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(reason)])

/** What breaks RFC 6455, by name, and the close code that it asks for. */
const violations: ReadonlyArray<
  readonly [name: string, code: 1002 | 1007, frames: ReadonlyArray<FrameShape>]
> = [
  ["RSV1", 1002, [{ opcode: TEXT, reserved: 4, payload: "a" }]],
  ["RSV2", 1002, [{ opcode: TEXT, reserved: 2, payload: "a" }]],
  ["RSV3 on a ping", 1002, [{ opcode: PING, reserved: 1 }]],
  ["an unknown data opcode", 1002, [{ opcode: 3, payload: "a" }]],
  ["an unknown control opcode", 1002, [{ opcode: 11 }]],
  ["a fragmented ping", 1002, [{ opcode: PING, fin: false }]],
  ["a ping of 126 bytes", 1002, [{ opcode: PING, payload: bytesOf(126) }]],
  ["a continuation of nothing", 1002, [{ opcode: CONTINUATION, payload: "a" }]],
  [
    "a new message within a fragmented one",
    1002,
    [
      { opcode: TEXT, fin: false, payload: "a" },
      { opcode: TEXT, payload: "b" }
    ]
  ],
  ["text that is not UTF-8", 1007, [{ opcode: TEXT, payload: Uint8Array.of(0xc0, 0xaf) }]],
  ["text cut within a character", 1007, [{ opcode: TEXT, payload: Uint8Array.of(0xe2, 0x82) }]],
  [
    "bad UTF-8 over two fragments",
    1007,
    [
      { opcode: TEXT, fin: false, payload: Uint8Array.of(0xe2) },
      { opcode: CONTINUATION, payload: "x" }
    ]
  ]
]

/** A close frame that breaks RFC 6455; uWebSockets.js answers these with a close frame like any other. */
const badCloses: ReadonlyArray<readonly [name: string, code: 1002 | 1007, payload: Buffer]> = [
  ["a close code that only programs use (1005)", 1002, closeWith(1005)],
  ["a close code that only programs use (1006)", 1002, closeWith(1006)],
  ["a close code below 1000", 1002, closeWith(999)],
  ["a close code above 4999", 1002, closeWith(5000)],
  ["a close payload of one byte", 1002, Buffer.from([3])],
  ["a close reason that is not UTF-8", 1007, Buffer.concat([closeWith(1000), Uint8Array.of(0xff)])]
]

/** Runs a broken client, and sees that a witness notices nothing. */
const breakRules = async (served: Served, frames: ReadonlyArray<FrameShape>) => {
  const witness = await connect(served.url())
  const raw = (await upgradeRaw(served)).send(Buffer.concat(frames.map(frame)))
  // Whoever is told to close ends its side; whoever is cut has nothing left to do.
  await Promise.race([raw.frame(CLOSE), raw.ended])
  raw.socket.end()
  const [counted] = await served.closes.count(1)
  await raw.ended
  const receipt = await served.broadcast("on we go")
  expect(await witness.messages.count(1)).toEqual(["on we go"])
  expect(receipt).toMatchObject({ written: 1, dropped: 0 })
  return { raw, counted: counted!, figures: await served.figures() }
}

export const frameSuite = ({ start, transport }: Contract) => {
  /*
   * ws tells the client what it did wrong. uWebSockets.js cuts the socket in its C++ code: JavaScript learns of it when the socket
   * is gone, with a reason for two cases only (too big, invalid UTF-8). So it is held to less: the connection ends and is counted.
   */
  it.each(violations)("%s ends the connection, and no other", async (_, code, frames) => {
    const { raw, counted, figures } = await breakRules(await start(), frames)
    if (transport === "ws") expect([raw.closeCode, counted]).toEqual([code, code])
    else
      expect([raw.closeCode, counted]).toEqual([
        undefined,
        code === 1007 ? expect.toBeOneOf([1006, 1007]) : 1006
      ])
    expect(closedWith(figures, counted)).toBe(1)
  })

  it.each(badCloses)("%s ends the connection, and no other", async (_, code, payload) => {
    const { raw, counted, figures } = await breakRules(await start(), [{ opcode: CLOSE, payload }])
    if (transport === "ws") expect([raw.closeCode, counted]).toEqual([code, code])
    expect(closedWith(figures, counted)).toBe(1)
    expect(figures.get("clarion_connections")).toBe(1)
  })

  // uWebSockets.js does not look at the mask bit of every frame: it takes the next four bytes for the mask and what it finds then.
  it.runIf(transport === "ws")("a frame without a mask ends the connection with 1002", async () => {
    const { raw, counted } = await breakRules(await start(), [
      { opcode: TEXT, isMasked: false, payload: "bare" }
    ])
    expect([raw.closeCode, counted]).toEqual([1002, 1002])
  })

  it("a frame without a mask disturbs no other connection", async () => {
    const served = await start({ "raw.onMessage": "echo" })
    const witness = await connect(served.url())
    const raw = await upgradeRaw(served)
    for (const size of [0, 1, 4, 60, 125, 126, 1000])
      raw.send(frame({ opcode: TEXT, isMasked: false, payload: bytesOf(size) }))
    await witness.send("and I?")
    expect(await witness.messages.count(1)).toEqual(["and I?"])
  })

  it("a message over limits.messageSize ends its connection with 1009, and no other", async () => {
    const served = await start({ "limits.messageSize": 1000, "raw.onMessage": "echo" })
    const [witness, exact, over, inPieces] = await Promise.all(
      Array.from({ length: 4 }, () => connect(served.url()))
    )
    await exact!.send(bytesOf(1000), { binary: true })
    expect((await exact!.messages.count(1))[0]).toEqual(Buffer.from(bytesOf(1000)))

    await over!.send(bytesOf(1001))
    expect(await over!.ended).toEqual({ code: 1009, reason: "message size limit" })
    await inPieces!.send(bytesOf(600), { fin: false })
    await inPieces!.send(bytesOf(600), { fin: true })
    expect(await inPieces!.ended).toEqual({ code: 1009, reason: "message size limit" })
    await served.closes.count(2)
    expect(closedWith(await served.figures(), 1009)).toBe(2)

    await served.broadcast("others")
    expect(await witness!.messages.count(1)).toEqual(["others"])
    expect(await exact!.messages.count(2)).toHaveLength(2)
  })

  // uWebSockets.js cuts what is larger than 1 MiB before JavaScript sees it; the count is 1009 all the same.
  it("a message far over the limit ends its connection and is counted as 1009", async () => {
    const served = await start()
    const [witness, huge] = [await connect(served.url()), await connect(served.url())]
    huge.socket.send(bytesOf(3_000_000))
    const { code } = await huge.ended
    expect(code).toBe(transport === "ws" ? 1009 : 1006)
    expect(await served.closes.count(1)).toEqual([1009])
    await served.broadcast("others")
    expect(await witness.messages.count(1)).toEqual(["others"])
  })

  it("a ping is answered with a pong that carries the same bytes", async () => {
    const served = await start()
    const client = await connect(served.url())
    for (const payload of [Buffer.alloc(0), Buffer.from("hello"), Buffer.from(bytesOf(125))])
      client.socket.ping(payload)
    const pongs = await client.pongs.count(3)
    expect(pongs.map(({ length }) => length)).toEqual([0, 5, 125])
    expect(String(pongs[1])).toBe("hello")
  })

  it("pings between the fragments of a message are answered, and the message stays whole", async () => {
    const served = await start({ "raw.onMessage": "echo" })
    const raw = await upgradeRaw(served)
    raw.send(frame({ opcode: TEXT, fin: false, payload: "one " }))
    raw.send(frame({ opcode: PING, payload: "!" }))
    raw.send(frame({ opcode: CONTINUATION, payload: "two" }))
    expect(String((await raw.frame(PONG)).payload)).toBe("!")
    expect(String((await raw.frame(TEXT)).payload)).toBe("one two")
  })

  it("the close code of a client is answered and counted; without a close frame it is 1006, without a code 1005", async () => {
    const served = await start()
    // uWebSockets.js takes the codes from 1012 to 3999 for wrong: it answers without a code, and reports the end as 1006.
    const [ofLibraries, counted] = transport === "ws" ? [3000, 3000] : [1005, 1006]
    const codes = [1000, 1001, 3000, 4999]
    const seen: Array<number> = []
    for (const code of codes) {
      const client = await connect(served.url())
      client.socket.close(code, "bye")
      seen.push((await client.ended).code)
    }
    const silent = await connect(served.url())
    silent.socket.close()
    seen.push((await silent.ended).code)
    const cut = await connect(served.url())
    cut.socket.terminate()
    expect(seen).toEqual([1000, 1001, ofLibraries, 4999, 1005])
    expect(await served.closes.count(6)).toEqual([1000, 1001, counted, 4999, 1005, 1006])
    const figures = await served.figures()
    expect([1000, 1001, 4999, 1005].map((code) => closedWith(figures, code))).toEqual([1, 1, 1, 1])
    expect(figures.get("clarion_connections")).toBe(0)
  })
}
