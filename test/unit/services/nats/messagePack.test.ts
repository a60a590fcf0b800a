import fc from "fast-check"
import { Packr } from "msgpackr"
import { describe, expect, it } from "vitest"
import { claimOfBytes } from "../../../../src/services/broker/nats/KeyClaims.ts"
import { recordOfBytes } from "../../../../src/services/broker/nats/records.ts"
import { packed, unpacked } from "../../../../src/services/cluster/packed.ts"
import { isMessagePack } from "../../../../src/services/nats/messagePack.ts"

const packr = new Packr({ useRecords: false, moreTypes: false })

const leaf = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.uint8Array({ maxLength: 400 }),
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constantFrom(null, undefined)
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 30 }),
    fc.dictionary(fc.string({ unit: "binary" }), tie("value"), { maxKeys: 30, noNullPrototype: true })
  )
}))

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"))

describe("MessagePack from NATS", () => {
  it("is what nodes pack, as a whole and not in part", () => {
    fc.assert(
      fc.property(value, fc.nat(), (plain, where) => {
        const bytes = packr.pack(plain)
        expect(isMessagePack(bytes)).toBe(true)
        expect(isMessagePack(bytes.subarray(0, where % bytes.length))).toBe(false)
        expect(isMessagePack(Buffer.concat([bytes, Buffer.of(0)]))).toBe(false)
      })
    )
    const long = [new Array(70_000).fill(0), "x".repeat(70_000), Buffer.alloc(70_000), new Array(300).fill(1)]
    expect(isMessagePack(packed(long))).toBe(true)
    const many = new Map(Array.from({ length: 70_000 }, (_, at) => [at, at]))
    expect(isMessagePack(packed(many))).toBe(true)
  })

  it("claims no more values than there are bytes, whatever is nested in what", () => {
    for (const hex of [
      "dd01ffffff".repeat(60),
      "dcffff".repeat(60),
      "9f".repeat(30),
      "df01ffffff00",
      "de000201",
      "8101",
      "dd00000002c0",
      `93${"9f".repeat(3)}${"c0".repeat(20)}`
    ])
      expect(isMessagePack(bytesOf(hex)), hex).toBe(false)
    // In letters of megabytes, too: what is claimed is refused before anything is made.
    const letter = Buffer.concat([
      ...Array.from({ length: 31 }, () => bytesOf("dcffff")),
      Buffer.alloc(1_000_000)
    ])
    expect(isMessagePack(letter)).toBe(false)
    expect(isMessagePack(Buffer.concat([bytesOf("91".repeat(32)), Buffer.of(0)]))).toBe(true)
    expect(isMessagePack(Buffer.concat([bytesOf("91".repeat(33)), Buffer.of(0)]))).toBe(false)
  })

  it("has no longer text or bytes than it has, and no types of the library's own", () => {
    for (const hex of ["", "a261", "d9ff61", "dbffffffff61", "c4ff61", "c6ffffffff", "cd00", "cb00", "c1"])
      expect(isMessagePack(bytesOf(hex)), hex).toBe(false)
    for (const hex of [
      "d40100",
      "d47200",
      "d5720000",
      "d6ff00000000",
      "c70362c0c0c0",
      "c7014200",
      "d669ffffffff"
    ])
      expect(isMessagePack(bytesOf(hex)), hex).toBe(false)
  })

  it("whatever comes is read or not, and nothing is thrown", () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat({ max: 255 }), (plain, where, byte) => {
        const damaged = packr.pack(plain)
        damaged[where % damaged.length] = byte
        unpacked(damaged)
      })
    )
    expect(unpacked(bytesOf("8190c0"))).toBeUndefined()
  })

  it("is looked through wherever it is read: nodes send no dates", () => {
    const date = bytesOf("d6ff00000000")
    const join = [2, "node", 1, null, [1, Buffer.from("x"), 2, 0, null, null, null]] as const
    const read = (isDelta: unknown) =>
      recordOfBytes(
        Buffer.concat([Buffer.of(1), packr.pack([...join.slice(0, 4), join[4].with(3, isDelta as 0)])])
      )
    expect(read(false)).toBeDefined()
    expect(read(new Date(0))).toBeUndefined()
    expect(unpacked(date)).toBeUndefined()
    expect(claimOfBytes(packr.pack([7]))).toEqual({ _tag: "claimed", since: 7, isNew: false })
    expect(claimOfBytes(packr.pack([7, new Date(0)]))).toEqual({ _tag: "claimed", since: 0, isNew: false })
  })
})
