import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sint64, uint32 } from "../../../../src/protocol/centrifuge/fields.ts"
import * as messages from "../../../../src/protocol/centrifuge/messages.ts"
import * as Protobuf from "../../../../src/protocol/centrifuge/protobuf.ts"
import { MAX_DEPTH } from "../../../../src/protocol/centrifuge/tables.ts"
import { anyPayload, comparable, messageOf } from "./anyMessage.ts"

const { CommandFields, SubscribeRequestFields, StreamPositionFields, HistoryRequestFields } = messages

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex")
const written = (write: (writer: BinaryWriter) => unknown): Uint8Array => {
  const writer = new BinaryWriter()
  write(writer)
  return writer.finish()
}

describe("a frame of commands", () => {
  it("has each behind its length", () => {
    fc.assert(
      fc.property(
        fc.array(messageOf(CommandFields, anyPayload), { minLength: 1, maxLength: 4 }),
        (commands) => {
          const frame = Buffer.concat(
            commands.map((command) => Protobuf.delimited(Protobuf.encodeMessage(CommandFields, command)))
          )
          expect(
            Protobuf.decodeCommands(frame)?.map((command) => comparable(CommandFields, command))
          ).toEqual(commands.map((command) => comparable(CommandFields, command)))
        }
      ),
      { numRuns: 200 }
    )
  })

  it("may be a pong", () => {
    expect(Protobuf.decodeCommands(hex("00"))).toEqual([{}])
    expect(Protobuf.decodeCommands(hex("00 02 08 01 00"))).toEqual([{}, { id: 1 }, {}])
  })

  it.each([
    ["empty", ""],
    ["a length without its message", "01"],
    ["a length beyond the frame", "03 08 01"],
    ["a length that is cut off", "02 08 01 80"],
    ["a length of 2^32 + 2", "82 80 80 80 10 08 01"],
    ["a length of 2^64 - 1", "ff ff ff ff ff ff ff ff ff 01 08 01"],
    ["a length of eleven bytes", "82 80 80 80 80 80 80 80 80 80 00 08 01"],
    ["a field that crosses the end of its message", "01 08 01 00"]
  ])("is refused: %s", (_, frame) => {
    expect(Protobuf.decodeCommands(hex(frame))).toBeUndefined()
  })
})

describe("a message", () => {
  it.each([
    ["a field without its value", "08"],
    ["a number that is cut off", "08 80"],
    ["a number of eleven bytes", "08 80 80 80 80 80 80 80 80 80 80 01"],
    ["a number beyond 32 bits", "08 80 80 80 80 10"],
    ["a negative number without sign", "08 ff ff ff ff ff ff ff ff ff 01"],
    ["a number of 2^64", "08 80 80 80 80 80 80 80 80 80 02"],
    ["a wrong wire type: a length for a number", "0a 01 00"],
    ["a wrong wire type: 64 bits for a number", "09 00 00 00 00 00 00 00 00"],
    ["a wrong wire type: 32 bits for a number", "0d 00 00 00 00"],
    ["a wrong wire type: a number for a message", "20 01"],
    ["field number 0", "00 00"],
    ["a tag beyond 32 bits", "88 80 80 80 10 01"],
    ["wire type 6", "0e"],
    ["wire type 7", "0f"],
    ["a group", "83 08 84 08"],
    ["the end of a group", "84 08"],
    ["an inner message beyond the frame", "22 05 0a 01 61"],
    ["an inner message that is cut off inside", "22 02 0a 01 61"],
    ["a string beyond its message", "22 03 0a 05 61 62 63 64 65"],
    ["a string of 2^32 + 1 bytes", "22 07 0a 81 80 80 80 10 61"],
    ["a string that is not UTF-8", "22 03 0a 01 ff"],
    ["a long string that is not UTF-8", `22 2a 0a 28 ${"61".repeat(39)}ff`],
    ["a string with a surrogate in it", "22 05 0a 03 ed a0 80"],
    ["an unknown field that is cut off", "a2 06 05 00"],
    ["an unknown number of eleven bytes", "a0 06 80 80 80 80 80 80 80 80 80 80 01"],
    ["an unknown field of 64 bits that is cut off", "a1 06 00 00 00"]
  ])("is refused: %s", (_, message) => {
    expect(Protobuf.decodeMessage(CommandFields, hex(message))).toBeUndefined()
  })

  it("passes over unknown fields", () => {
    const unknown =
      "a0 06 ff ff ff ff ff ff ff ff ff 01 a1 06 01 02 03 04 05 06 07 08 a2 06 02 ff ff a5 06 01 02 03 04"
    expect(Protobuf.decodeMessage(CommandFields, hex(`${unknown} 08 05 ${unknown}`))).toEqual({ id: 5 })
    // Also in a map's entry.
    const entry = written((writer) => {
      writer.tag(6, WireType.LengthDelimited).fork()
      writer.tag(1, WireType.LengthDelimited).string("key")
      writer.tag(3, WireType.Varint).uint32(9)
      writer.tag(2, WireType.LengthDelimited).string("value").join()
    })
    expect(Protobuf.decodeMessage(messages.ConnectRequestFields, entry)).toEqual({
      headers: { key: "value" }
    })
  })

  it("reads empty text as absent", () => {
    const message = Protobuf.decodeMessage(CommandFields, hex("2a 04 0a 00 12 00"))
    expect(message?.subscribe?.channel).toBeUndefined()
    expect(message?.subscribe?.token).toBeUndefined()
  })

  it("counts repeated fields as sent last, and joins a message in parts", () => {
    expect(Protobuf.decodeMessage(CommandFields, hex("08 05 08 06"))).toEqual({ id: 6 })
    const parts = Buffer.concat([
      Protobuf.encodeMessage(CommandFields, { subscribe: { channel: "a", token: "x" } }),
      Protobuf.encodeMessage(CommandFields, { subscribe: { token: "y", tf: { vals: ["1"] } } }),
      Protobuf.encodeMessage(CommandFields, { subscribe: { tf: { vals: ["2"] } } })
    ])
    expect(Protobuf.decodeMessage(CommandFields, parts)).toEqual({
      subscribe: { channel: "a", token: "y", tf: { vals: ["1", "2"] } }
    })
  })

  it("has numbers up to 2^53, and none beyond but offsets, which no stream gets to", () => {
    const offset = (value: bigint) =>
      Protobuf.decodeMessage(
        StreamPositionFields,
        written((writer) => writer.tag(1, WireType.Varint).uint64(value))
      )
    expect(offset(2n ** 53n - 2n)).toEqual({ offset: Number.MAX_SAFE_INTEGER - 1 })
    for (const large of [2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])
      expect(offset(large)).toEqual({ offset: Number.MAX_SAFE_INTEGER })
    const flag = (value: bigint) =>
      Protobuf.decodeMessage(
        SubscribeRequestFields,
        written((writer) => writer.tag(14, WireType.Varint).int64(value))
      )
    expect(flag(-1n)).toEqual({ flag: -1 })
    expect(flag(1n - 2n ** 53n)).toEqual({ flag: Number.MIN_SAFE_INTEGER })
    expect(flag(-(2n ** 53n))).toBeUndefined()
    const limit = (value: bigint) =>
      Protobuf.decodeMessage(
        HistoryRequestFields,
        written((writer) => writer.tag(7, WireType.Varint).int64(value))
      )
    expect(limit(-1n)).toEqual({ limit: -1 })
    expect(limit(-(2n ** 31n))).toEqual({ limit: -(2 ** 31) })
    expect(limit(2n ** 31n)).toBeUndefined()
    expect(limit(-(2n ** 31n) - 1n)).toBeUndefined()
  })

  it("has zigzag numbers", () => {
    const Fields = { score: sint64(13) }
    expect(Buffer.from(Protobuf.encodeMessage(Fields, { score: -2 })).toString("hex")).toBe("6803")
    fc.assert(
      fc.property(fc.maxSafeInteger(), (score) => {
        fc.pre(score !== 0)
        expect(Protobuf.decodeMessage(Fields, Protobuf.encodeMessage(Fields, { score }))).toEqual({ score })
      })
    )
  })

  it("may have booleans of any size", () => {
    const recover = (bytes: string) => Protobuf.decodeMessage(SubscribeRequestFields, hex(`18 ${bytes}`))
    expect(recover("00")).toEqual({ recover: false })
    expect(recover("02")).toEqual({ recover: true })
    expect(recover("80 80 80 80 80 80 80 80 80 01")).toEqual({ recover: true })
  })

  it("may have any keys in a map, also none", () => {
    const subs = Object.fromEntries([
      ["__proto__", { recover: true }],
      ["constructor", {}]
    ])
    const connect = Protobuf.decodeMessage(
      messages.ConnectRequestFields,
      Buffer.concat([
        Protobuf.encodeMessage(messages.ConnectRequestFields, { subs }),
        hex("1a 00 32 00 32 03 12 01 61")
      ])
    )!
    expect(Object.entries(connect.subs!)).toEqual([...Object.entries(subs), ["", {}]])
    expect(Object.entries(connect.headers!)).toEqual([["", "a"]])
    expect(({} as { recover?: boolean }).recover).toBeUndefined()
  })

  it.each([
    ["a key that is a number", "32 02 08 01"],
    ["a value that is a number", "32 02 10 01"],
    ["an entry beyond the message", "32 04 0a 01 61"],
    ["a value beyond its entry", "32 05 0a 01 61 12 02 61 61"]
  ])("is refused with %s in a map", (_, entry) => {
    expect(Protobuf.decodeMessage(messages.ConnectRequestFields, hex(entry))).toBeUndefined()
  })

  it("keeps nothing of the frame it was read from", () => {
    const frame = Protobuf.encodeMessage(CommandFields, {
      publish: { channel: "a".repeat(40), data: Uint8Array.of(1, 2, 3) }
    })
    const command = Protobuf.decodeMessage(CommandFields, frame)
    frame.fill(0)
    expect(command).toEqual({ publish: { channel: "a".repeat(40), data: Buffer.of(1, 2, 3) } })
  })

  it("keeps a leading byte order mark in a string", () => {
    for (const channel of ["\ufeffa", `\ufeff${"a".repeat(64)}`])
      expect(
        Protobuf.decodeMessage(
          SubscribeRequestFields,
          Protobuf.encodeMessage(SubscribeRequestFields, { channel })
        )
      ).toEqual({ channel })
  })

  it("may nest filters to a depth, and not beyond", () => {
    const nested = (depth: number): messages.FilterNode => (depth === 0 ? {} : { nodes: [nested(depth - 1)] })
    const frame = (depth: number) =>
      Protobuf.delimited(Protobuf.encodeMessage(CommandFields, { subscribe: { tf: nested(depth) } }))
    // A command, its request, the outermost filter.
    expect(Protobuf.decodeCommands(frame(MAX_DEPTH - 3))).toBeDefined()
    expect(Protobuf.decodeCommands(frame(MAX_DEPTH - 2))).toBeUndefined()
    expect(Protobuf.decodeCommands(frame(1000))).toBeUndefined()
  })
})

describe("a reply", () => {
  it("is empty as a ping, and leaves out what is zero", () => {
    expect(Protobuf.encodeReply({})).toHaveLength(0)
    expect(Buffer.from(Protobuf.delimited(Protobuf.encodeReply({})))).toEqual(Buffer.of(0))
    expect(Buffer.from(Protobuf.encodeReply({ id: 1, publish: {} })).toString("hex")).toBe("08014200")
    expect(
      Buffer.from(
        Protobuf.encodePush({
          channel: "",
          pub: { offset: 0, delta: false, data: new Uint8Array(0), tags: {} }
        })
      ).toString("hex")
    ).toBe("2200")
    // What JSON always sends is left out here, too.
    expect(Buffer.from(Protobuf.encodeReply({ history: {} })).toString("hex")).toBe("5a00")
  })

  it("has its length before it, however long it is", () => {
    for (const size of [1, 127, 128, 16_383, 16_384, 3_000_000]) {
      const frame = Protobuf.delimited(new Uint8Array(size).fill(7))
      const lengthBytes = frame.length - size
      expect(lengthBytes).toBe(size < 2 ** 7 ? 1 : size < 2 ** 14 ? 2 : size < 2 ** 21 ? 3 : 4)
      expect(frame[lengthBytes]).toBe(7)
    }
  })

  it("does not share memory with the next one", () => {
    const first = Protobuf.encodeReply({ id: 1, error: { code: 100, message: "first" } })
    const copy = Buffer.from(first)
    Protobuf.encodeReply({ id: 2, error: { code: 200, message: "second" } })
    expect(Buffer.from(first)).toEqual(copy)
  })

  it("is right after one that could not be written", () => {
    const before = Protobuf.encodeReply({ id: 1, push: { channel: "a" } })
    expect(() => Protobuf.encodeMessage({ a: uint32(1) }, { a: 0.5 })).toThrow()
    expect(() => Protobuf.encodeReply({ push: { pub: { offset: Number.NaN } } })).toThrow()
    expect(Protobuf.encodeReply({ id: 1, push: { channel: "a" } })).toEqual(before)
  })
})

describe("an emulation request", () => {
  it("holds a frame of commands as bytes", () => {
    const data = Protobuf.delimited(Protobuf.encodeMessage(CommandFields, { id: 1, ping: {} }))
    const request = Protobuf.decodeEmulation(
      Protobuf.encodeMessage(messages.EmulationRequestFields, { node: "n", session: "s", data })
    )!
    expect({ ...request, data: Protobuf.decodeCommands(request.data) }).toEqual({
      node: "n",
      session: "s",
      data: [{ id: 1, ping: {} }]
    })
  })

  it("is empty where it says nothing, and refused where it is malformed", () => {
    expect(Protobuf.decodeEmulation(new Uint8Array(0))).toEqual({
      node: "",
      session: "",
      data: new Uint8Array(0)
    })
    expect(Protobuf.decodeEmulation(hex("08 01"))).toBeUndefined()
    expect(Protobuf.decodeEmulation(hex("1a 05 00"))).toBeUndefined()
  })
})
