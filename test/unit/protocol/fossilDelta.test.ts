import { isUtf8 } from "node:buffer"
import { Centrifuge } from "centrifuge"
import { Centrifuge as CentrifugeProtobuf } from "centrifuge/build/protobuf"
import fc from "fast-check"
import { applyDelta, getDeltaTargetSize } from "fossil-delta"
import { describe, expect, it } from "vitest"
import { deltaOf, MAX_DELTA_SOURCE } from "../../../src/protocol/fossilDelta.ts"

/** The part of the SDK that applies deltas; the package does not export it by itself. */
interface Codec {
  readonly applyDeltaIfNeeded: (
    publication: { readonly delta: true; readonly data: string | Uint8Array },
    previous: Uint8Array
  ) => { readonly newPrevValue: Uint8Array }
}
const codecOf = (sdk: object) => (sdk as unknown as { readonly _codec: Codec })._codec
const jsonCodec = codecOf(new Centrifuge("ws://localhost/"))
const protobufCodec = codecOf(new CentrifugeProtobuf("ws://localhost/"))

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(bytes)

/** Holds for every pair; gives the patch. */
const check = (previous: Uint8Array, data: Uint8Array): Uint8Array | undefined => {
  const patch = deltaOf(previous, data)
  if (patch === undefined) return undefined
  expect(patch.length).toBeLessThan(data.length)
  // It stands alone in its buffer: what is sent later must not keep more in memory.
  expect(patch.buffer.byteLength).toBe(patch.length)
  expect(getDeltaTargetSize(patch)).toBe(data.length)
  expect(Buffer.compare(applyDelta(new Uint8Array(previous), patch), data)).toBe(0)
  const { newPrevValue } = protobufCodec.applyDeltaIfNeeded({ delta: true, data: patch }, previous)
  expect(Buffer.compare(newPrevValue, data)).toBe(0)
  return patch
}

/** Data that comes from the previous data, as publications do: parts of it moved, repeated, left out and replaced. */
const related = <A>(piece: fc.Arbitrary<A>) =>
  fc.array(piece, { minLength: 1, maxLength: 12 }).chain((pieces) => {
    const known = fc.nat(pieces.length - 1).map((at) => pieces[at]!)
    return fc.tuple(fc.constant(pieces), fc.array(fc.oneof(known, piece), { maxLength: 12 }))
  })

const binaryPair = related(
  fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.nat(255), fc.nat(200)).map(([byte, length]) => new Uint8Array(length).fill(byte))
  )
).map(([one, other]) => [Buffer.concat(one), Buffer.concat(other)] as const)

const textPair = related(fc.string({ unit: "binary", maxLength: 40 })).map(
  ([one, other]) => [one.join(""), other.join("")] as const
)

/** The same value, one member of it changed, as JSON. */
const jsonPair = fc
  .tuple(
    fc.array(fc.record({ name: fc.string({ unit: "binary" }), count: fc.integer(), more: fc.json() })),
    fc.nat()
  )
  .map(([items, at]) => {
    const changed = items.map((item, index) => (index === at % items.length ? { ...item, count: at } : item))
    return [JSON.stringify(items), JSON.stringify(changed)] as const
  })

describe("a delta", () => {
  it("gives the data back, of any bytes", () => {
    let patches = 0
    fc.assert(
      fc.property(binaryPair, ([previous, data]) => {
        if (check(previous, data) !== undefined) patches++
      }),
      { numRuns: 2000 }
    )
    expect(patches).toBeGreaterThan(500)
  })

  it("is valid UTF-8 where the data is, so that JSON clients can have it", () => {
    let patches = 0
    fc.assert(
      fc.property(textPair, ([previous, data]) => {
        const patch = check(bytesOf(previous), bytesOf(data))
        if (patch === undefined) return
        patches++
        expect(isUtf8(patch)).toBe(true)
      }),
      { numRuns: 2000 }
    )
    expect(patches).toBeGreaterThan(300)
  })

  it("of JSON is what the SDK makes of its text", () => {
    let patches = 0
    fc.assert(
      fc.property(jsonPair, ([previous, data]) => {
        const patch = check(bytesOf(previous), bytesOf(data))
        if (patch === undefined) return
        patches++
        const publication = { delta: true, data: textOf(patch) } as const
        const { newPrevValue } = jsonCodec.applyDeltaIfNeeded(publication, bytesOf(previous))
        expect(textOf(newPrevValue)).toBe(data)
      }),
      { numRuns: 500 }
    )
    expect(patches).toBeGreaterThan(100)
  })

  it.each([
    [
      "Cyrillic",
      "Привет, мир! Погода сегодня хорошая, ветер слабый.",
      "Привет, мир! Погода сегодня плохая, ветер слабый."
    ],
    [
      "Chinese",
      "今天的天气很好,我们去公园散步,然后回家吃饭。",
      "今天的天气很坏,我们去公园散步,然后回家吃饭。"
    ],
    ["emoji", "😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰", "😀😁😂🤣😃😄😇😆😉😊😋😎😍😘🥰"]
  ])("does not cut characters: %s", (_, previous, data) => {
    const patch = check(bytesOf(previous), bytesOf(data))
    expect(isUtf8(patch!)).toBe(true)
    expect(patch!.length).toBeLessThan(50)
  })

  it("takes a Buffer that is a view, and leaves both as they are", () => {
    const buffer = Buffer.from(`....${"the previous data, ".repeat(5)}....${"the previous data, ".repeat(6)}`)
    const before = Buffer.from(buffer)
    const patch = check(buffer.subarray(4, 99), buffer.subarray(103))
    expect(patch).toBeDefined()
    expect(patch).not.toBeInstanceOf(Buffer)
    expect(buffer.equals(before)).toBe(true)
  })

  it("finds what moved, and what was repeated", () => {
    const [one, other] = ["0123456789abcdefghijklmnopqrstuvwxyz", "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210"]
    expect(check(bytesOf(one + other), bytesOf(other + one))!.length).toBeLessThan(25)
    expect(check(bytesOf(one), bytesOf(one.repeat(20)))!.length).toBeLessThan(120)
  })

  it("of 64 KiB with small changes is small", () => {
    const items = Array.from({ length: 1100 }, (_, id) => ({
      id,
      name: `player ${id}`,
      x: (id * 7919) % 1000
    }))
    const changed = items.map((item) => (item.id % 100 === 50 ? { ...item, x: item.x + 1 } : item))
    const patch = check(bytesOf(JSON.stringify(items)), bytesOf(JSON.stringify(changed)))
    expect(patch!.length).toBeLessThan(250)
  })
})

describe("the time is linear", () => {
  // With each byte of 512 KiB compared with each, none of these would end before the test's time limit.
  const length = 512 * 1024
  const filled = (byte: number) => new Uint8Array(length).fill(byte)

  it.each([
    ["zeros, with a one now and then", filled(0), filled(0).map((_, at) => (at % 20 === 19 ? 1 : 0))],
    ["the inside of characters", filled(0x80), filled(0x80).map((_, at) => (at % 20 === 19 ? 0x81 : 0x80))],
    [
      "two bytes in turn",
      filled(0).map((_, at) => at % 2),
      filled(0).map((_, at) => (at % 3000 === 0 ? 2 : at % 2))
    ]
  ])("for %s", (_, previous, data) => {
    check(previous, data)
  })
})

describe("there is no delta", () => {
  const data = bytesOf("some data, some data, some data, some data")

  it("where it would not be smaller than the data", () => {
    expect(deltaOf(data, bytesOf("wholly different from it, and from itself"))).toBeUndefined()
    expect(deltaOf(data, bytesOf("short"))).toBeUndefined()
  })

  it("of empty data, or to it", () => {
    expect(deltaOf(new Uint8Array(0), data)).toBeUndefined()
    expect(deltaOf(data, new Uint8Array(0))).toBeUndefined()
    expect(deltaOf(new Uint8Array(0), new Uint8Array(0))).toBeUndefined()
  })

  it("beyond the bound", () => {
    const longest = new Uint8Array(MAX_DELTA_SOURCE)
    const longer = new Uint8Array(MAX_DELTA_SOURCE + 1)
    expect(check(longest, longest)).toBeDefined()
    expect(deltaOf(longest, longer)).toBeUndefined()
    expect(deltaOf(longer, longest)).toBeUndefined()
  })
})
