import { createRequire } from "node:module"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  binaryFrame,
  closePayload,
  frame,
  isCloseCode,
  joinFrames,
  MAX_CLOSE_REASON,
  maskedFrame,
  Opcode,
  textFrame
} from "../../../../src/services/hot/frames.ts"

/** The receiver of the `ws` package as an outside reader of what we write. */
interface OutsideReceiver {
  on(event: string, listener: (...args: Array<never>) => void): void
  write(chunk: Uint8Array): void
}
const { Receiver } = createRequire(import.meta.url)("ws") as {
  Receiver: new (options: { isServer: boolean }) => OutsideReceiver
}

const readOutside = (bytes: Uint8Array, isServer: boolean): Promise<{ data: Buffer; isBinary: boolean }> =>
  new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer })
    receiver.on("message", (data: Buffer, isBinary: boolean) =>
      resolve({ data: Buffer.from(data), isBinary })
    )
    receiver.on("error", reject)
    receiver.write(bytes)
  })

describe("server frames", () => {
  it("a 13-digit stamp is two bytes of header and the digits", () => {
    const bytes = textFrame(Buffer.from("1700000000000"))
    expect(bytes.toString("hex")).toBe(`810d${Buffer.from("1700000000000").toString("hex")}`)
  })

  it.each([
    [0, "8200"],
    [125, "827d"],
    [126, "827e007e"],
    [65_535, "827effff"],
    [65_536, "827f0000000000010000"]
  ])("a payload of %i bytes gets the shortest header", (length, header) => {
    const bytes = binaryFrame(Buffer.alloc(length, 7))
    expect(bytes.subarray(0, header.length / 2).toString("hex")).toBe(header)
    expect(bytes.length).toBe(header.length / 2 + length)
  })

  it("are read by an outside receiver as they were meant", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 70_000 }), async (payload) => {
        const read = await readOutside(binaryFrame(payload), false)
        expect(read.isBinary).toBe(true)
        expect(read.data.equals(payload)).toBe(true)
      }),
      { numRuns: 50 }
    )
  })

  it("joined frames are the frames one behind the other, and one alone is not copied", () => {
    const one = textFrame(Buffer.from("one"))
    const two = textFrame(Buffer.from("two"))
    expect(joinFrames([one, two]).toString("hex")).toBe(one.toString("hex") + two.toString("hex"))
    expect(joinFrames([one])).toBe(one)
  })
})

describe("client frames", () => {
  it("carry the mask and the payload under it, as in the example of RFC 6455 §5.7", () => {
    const bytes = maskedFrame(Opcode.text, Buffer.from("Hello"), Buffer.from("37fa213d", "hex"))
    expect(bytes.toString("hex")).toBe("818537fa213d7f9f4d5158")
  })

  it("take the mask from the offset they are told", () => {
    const pool = Buffer.from("000037fa213d", "hex")
    expect(maskedFrame(Opcode.text, Buffer.from("Hello"), pool, 2).toString("hex")).toBe(
      "818537fa213d7f9f4d5158"
    )
  })

  it("are read by an outside server receiver as they were meant", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme", maxLength: 30_000 }),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        async (text, mask) => {
          const read = await readOutside(maskedFrame(Opcode.text, Buffer.from(text), mask), true)
          expect(read.isBinary).toBe(false)
          expect(read.data.toString()).toBe(text)
        }
      ),
      { numRuns: 50 }
    )
  })
})

describe("close payloads", () => {
  it("carry the code in network order and the reason behind it", () => {
    expect(closePayload(1001, "bye").toString("hex")).toBe(`03e9${Buffer.from("bye").toString("hex")}`)
  })

  it.each([1004, 1005, 1006, 1015, 999, 2999, 5000])("are empty for %i, which must not travel", (code) => {
    expect(isCloseCode(code)).toBe(false)
    expect(closePayload(code, "reason").length).toBe(0)
  })

  it.each([1000, 1003, 1007, 1014, 3000, 4999])("may carry %i", (code) => {
    expect(isCloseCode(code)).toBe(true)
    expect(closePayload(code).readUInt16BE(0)).toBe(code)
  })

  it("keep whole characters of a reason that is too long and fit a control frame", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 100, maxLength: 200 }), (reason) => {
        const payload = closePayload(1000, reason)
        const kept = payload.toString("utf8", 2)
        expect(payload.length).toBeLessThanOrEqual(2 + MAX_CLOSE_REASON)
        expect(reason.startsWith(kept)).toBe(true)
        expect(payload.length + 4).toBeGreaterThan(
          Math.min(2 + MAX_CLOSE_REASON, 2 + Buffer.byteLength(reason))
        )
      })
    )
  })

  it("make close frames with FIN and opcode 8", () => {
    expect(frame(Opcode.close, closePayload(1000)).toString("hex")).toBe("880203e8")
  })
})
