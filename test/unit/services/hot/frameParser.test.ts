import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type FrameHandler, FrameParser } from "../../../../src/services/hot/frameParser.ts"
import { closePayload, frame, Opcode, textFrame } from "../../../../src/services/hot/frames.ts"
import type { FrameViolation } from "../../../../src/services/hot/frameViolation.ts"

const MAX_PAYLOAD = 1_000

/** Writes down what it hears, one line each; copies what it keeps. */
class Notes implements FrameHandler<string> {
  readonly maxPayload = MAX_PAYLOAD
  readonly lines: Array<string> = []
  onText = (context: string, payload: Buffer) => void this.lines.push(`${context} text ${payload.toString()}`)
  onBinary = (context: string, payload: Buffer) =>
    void this.lines.push(`${context} binary ${payload.toString("hex")}`)
  onPing = (context: string, payload: Buffer) =>
    void this.lines.push(`${context} ping ${payload.toString("hex")}`)
  onPong = (context: string, payload: Buffer) =>
    void this.lines.push(`${context} pong ${payload.toString("hex")}`)
  onCloseFrame = (context: string, code: number, reason: string) =>
    void this.lines.push(`${context} close ${code} ${reason}`)
}

/** Pushes the pieces one by one, as reads would bring them: every one through the same overwritten buffer. */
const read = (
  pieces: ReadonlyArray<Uint8Array>
): { lines: Array<string>; violation: FrameViolation | undefined } => {
  const notes = new Notes()
  const parser = new FrameParser()
  const shared = Buffer.alloc(Math.max(1, ...pieces.map((piece) => piece.length)))
  let violation: FrameViolation | undefined
  for (const piece of pieces) {
    shared.set(piece)
    violation ??= parser.push(shared, 0, piece.length, notes, "c")
    shared.fill(0xaa)
  }
  return { lines: notes.lines, violation }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex")
const unfinished = (opcode: Opcode, payload: Uint8Array): Buffer => {
  const bytes = frame(opcode, payload)
  bytes[0]! &= 0x7f
  return bytes
}

describe("whole frames", () => {
  it("each message goes to the handler with the context it was pushed with", () => {
    const bytes = Buffer.concat([
      textFrame(Buffer.from("1700000000000")),
      frame(Opcode.binary, hex("00ff")),
      frame(Opcode.ping, hex("01")),
      frame(Opcode.pong, hex("")),
      frame(Opcode.close, closePayload(1001, "going"))
    ])
    expect(read([bytes]).lines).toEqual([
      "c text 1700000000000",
      "c binary 00ff",
      "c ping 01",
      "c pong ",
      "c close 1001 going"
    ])
  })

  it("a payload that lies whole in the chunk is a view of it, not a copy", () => {
    const chunk = textFrame(Buffer.from("hello"))
    let seen: Buffer | undefined
    const handler = Object.assign(new Notes(), {
      onText: (_: string, payload: Buffer) => {
        seen = payload
      }
    })
    new FrameParser().push(chunk, 0, chunk.length, handler, "c")
    expect(seen?.buffer).toBe(chunk.buffer)
    expect(seen?.byteOffset).toBe(chunk.byteOffset + 2)
  })

  it("only the range it is told of a chunk is read", () => {
    const notes = new Notes()
    const chunk = Buffer.concat([hex("ffff"), textFrame(Buffer.from("in")), hex("ffff")])
    expect(new FrameParser().push(chunk, 2, chunk.length - 2, notes, "c")).toBeUndefined()
    expect(notes.lines).toEqual(["c text in"])
  })

  it("a close frame without a code reads as 1005, and nothing behind it is read", () => {
    const { lines, violation } = read([hex("8800 8101 78"), hex("ffff")])
    expect(lines).toEqual(["c close 1005 "])
    expect(violation).toBeUndefined()
  })

  it("nothing is read any more once a handler stopped the parser", () => {
    const parser = new FrameParser()
    const notes = new Notes()
    const handler = Object.assign(new Notes(), {
      onText: (context: string, payload: Buffer) => {
        notes.onText(context, payload)
        parser.stop()
      }
    })
    const two = Buffer.concat([textFrame(Buffer.from("one")), textFrame(Buffer.from("two"))])
    parser.push(two, 0, two.length, handler, "c")
    parser.push(two, 0, two.length, handler, "c")
    expect(notes.lines).toEqual(["c text one"])
  })
})

describe("frames in pieces", () => {
  const message = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 100 }).map((text) => textFrame(Buffer.from(text))),
    fc.uint8Array({ maxLength: MAX_PAYLOAD }).map((bytes) => frame(Opcode.binary, bytes)),
    fc.uint8Array({ maxLength: 125 }).map((bytes) => frame(Opcode.ping, bytes))
  )
  const cutAt = (bytes: Buffer, cuts: ReadonlyArray<number>): Array<Buffer> => {
    const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
    return points.slice(1).map((point, i) => bytes.subarray(points[i], point))
  }

  it("cut at any points give the same messages as whole", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (parts, cuts) => {
          const bytes = Buffer.concat(parts)
          const whole = read([bytes])
          expect(whole.violation).toBeUndefined()
          expect(whole.lines.length).toBe(parts.length)
          expect(read(cutAt(bytes, cuts))).toEqual(whole)
        }
      )
    )
  })

  it("byte by byte give the same messages as whole", () => {
    const bytes = Buffer.concat([
      textFrame(Buffer.alloc(300, "é")),
      frame(Opcode.ping, hex("0102")),
      frame(Opcode.close, closePayload(4000, "done"))
    ])
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(read([bytes]))
    expect(read([bytes]).lines).toHaveLength(3)
  })

  it("fragments of text cut inside characters, with pings between them, come back as the one message", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (text, fragmentCuts, chunkCuts) => {
          const fragments = cutAt(Buffer.from(text), fragmentCuts)
          const frames = fragments.flatMap((part, i) => {
            const opcode = i === 0 ? Opcode.text : Opcode.continuation
            const last = i === fragments.length - 1
            return last ? [frame(opcode, part)] : [unfinished(opcode, part), frame(Opcode.ping, hex("aa"))]
          })
          const { lines, violation } = read(cutAt(Buffer.concat(frames), chunkCuts))
          expect(violation).toBeUndefined()
          expect(lines.filter((line) => line === "c ping aa")).toHaveLength(fragments.length - 1)
          expect(lines.at(-1)).toBe(`c text ${text}`)
        }
      )
    )
  })
})

describe("what a server may not send", () => {
  const euro = Buffer.from("€")
  it.each([
    ["a masked frame", "8185 37fa213d 7f9f4d5158", 1002, /masked/],
    ["a set RSV1 bit", "c101 78", 1002, /reserved bits/],
    ["a set RSV3 bit on a ping", "9900", 1002, /reserved bits/],
    ["data opcode 3", "8300", 1002, /opcode/],
    ["control opcode 11", "8b00", 1002, /opcode/],
    ["a fragmented ping", "0900", 1002, /fragmented/],
    ["a ping of 126 bytes", "897e007e", 1002, /125 bytes/],
    ["a continuation of nothing", "8001 78", 1002, /without a message/],
    ["a new text inside a message", "0101 78 8101 78", 1002, /before the fragmented one/],
    ["a 16-bit length of 125", "827e007d", 1002, /shortest form/],
    ["a 64-bit length of 65535", "827f000000000000ffff", 1002, /shortest form/],
    ["a negative 64-bit length", "827f8000000000000000", 1002, /highest bit/],
    ["a length over 2^53", "827f7fffffffffffffff", 1009, /over the limit of 1000/],
    ["one byte more than the limit", "827e03e9", 1009, /1001 bytes is over the limit of 1000/],
    ["a close of one byte", "8801 03", 1002, /one byte/],
    ["a close with 1005", "8802 03ed", 1002, /code/],
    ["a close with 2000", "8802 07d0", 1002, /code/],
    ["a close with a reason that is not UTF-8", "8803 03e8 ff", 1007, /reason/],
    ["text that is not UTF-8", "8101 ff", 1007, /UTF-8/],
    ["a surrogate in text", "8103 eda080", 1007, /UTF-8/],
    ["text that ends inside a character", `8102 ${euro.subarray(0, 2).toString("hex")}`, 1007, /UTF-8/],
    ["fragments that end inside a character", "0101 e2 8001 82", 1007, /UTF-8/]
  ])("%s is a violation, whole or byte by byte", (_, bytes, closeCode, message) => {
    for (const pieces of [[hex(bytes)], [...hex(bytes)].map((byte) => Uint8Array.of(byte))]) {
      const { violation } = read(pieces)
      expect(violation?.closeCode).toBe(closeCode)
      expect(violation?.message).toMatch(message)
    }
  })

  it("fragments that together are over the limit are refused at the header of the one too many", () => {
    const part = unfinished(Opcode.binary, Buffer.alloc(600))
    const { lines, violation } = read([part, hex("807e0191")])
    expect(violation).toEqual({
      closeCode: 1009,
      message: "a message of 1001 bytes is over the limit of 1000 bytes"
    })
    expect(lines).toEqual([])
  })

  it("messages before the violation are delivered, those behind it are not", () => {
    const { lines, violation } = read([hex("8101 61 8301 62 8101 63"), hex("8101 64")])
    expect(lines).toEqual(["c text a"])
    expect(violation?.closeCode).toBe(1002)
  })

  it("no bytes whatever make it throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (pieces) => {
        const { violation } = read(pieces)
        expect([undefined, 1002, 1007, 1009]).toContain(violation?.closeCode)
      })
    )
  })
})
