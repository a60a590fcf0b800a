import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { LetterBox, partsOf } from "../../../../src/services/cluster/letters.ts"

const A = randomUUID()
const B = randomUUID()
const body = (size: number, from = 0) => Uint8Array.from({ length: size }, (_, at) => (from + at) % 251)
const bytes = (letter: { readonly body: Uint8Array } | undefined) => letter && [...letter.body]

describe("letters", () => {
  for (const size of [0, 1, 99, 100, 101, 1000])
    it(`of ${size} bytes come as they were sent`, () => {
      const box = new LetterBox()
      const parts = partsOf(A, 1, body(size), 49 + 100)
      expect(parts.length).toBe(Math.max(1, Math.ceil(size / 100)))
      for (const part of parts.slice(0, -1)) expect(box.take(part)).toBeUndefined()
      const letter = box.take(parts.at(-1)!)
      expect(letter?.from).toBe(A)
      expect(bytes(letter)).toEqual([...body(size)])
      expect(box.unreadable).toBe(0)
    })

  it("of several senders do not mix", () => {
    const box = new LetterBox()
    const letters = [partsOf(A, 1, body(300), 149), partsOf(B, 1, body(300, 9), 149)]
    const came = [0, 1, 2].flatMap((index) => letters.map((parts) => box.take(parts[index]!)))
    expect(came.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => undefined))
    expect(came.slice(4).map((letter) => letter?.from)).toEqual([A, B])
    expect(came.slice(4).map(bytes)).toEqual([[...body(300)], [...body(300, 9)]])
  })

  it("with a part missing are dropped, and others come all the same", () => {
    const box = new LetterBox()
    const [first, , third] = partsOf(A, 1, body(300), 149)
    box.take(first!)
    expect(box.take(third!)).toBeUndefined()
    expect(box.unreadable).toBe(1)
    expect(bytes(box.take(partsOf(A, 2, body(5), 149)[0]!))).toEqual([...body(5)])
  })

  it("what is none is counted", () => {
    const box = new LetterBox()
    const [part] = partsOf(A, 1, body(5), 149)
    const otherVersion = Buffer.from(part!)
    otherVersion[0] = 9
    const beyondTheEnd = Buffer.from(part!)
    beyondTheEnd.writeUInt32BE(1, 41)
    for (const message of [new Uint8Array(0), body(20), otherVersion, beyondTheEnd])
      expect(box.take(message)).toBeUndefined()
    expect(box.unreadable).toBe(4)
  })

  it("that lost their end are dropped when their sender sends another one", () => {
    for (const size of [5, 300]) {
      const box = new LetterBox()
      const [first, second] = partsOf(A, 1, body(300), 149)
      const other = partsOf(A, 2, body(size, 7), 149)
      for (const part of [first!, second!, ...other.slice(0, -1)]) expect(box.take(part)).toBeUndefined()
      expect(bytes(box.take(other.at(-1)!))).toEqual([...body(size, 7)])
      expect(box.unreadable).toBe(1)
      // What comes late of the first one is no part of anything.
      expect(box.take(second!)).toBeUndefined()
      expect(box.unreadable).toBe(2)
    }
  })

  it("whose number another letter takes over are not mixed with it", () => {
    const box = new LetterBox()
    box.take(partsOf(A, 1, body(300), 149)[0]!)
    expect(box.take(partsOf(A, 2, body(300), 149)[1]!)).toBeUndefined()
    expect(box.take(partsOf(A, 1, body(300), 149)[1]!)).toBeUndefined()
    expect(box.unreadable).toBe(2)
  })

  it("that are never finished are bounded by what they take, and go with their sender", () => {
    const box = new LetterBox(2 * (100 + 256))
    const [a1] = partsOf(A, 1, body(300), 149)
    const [b1, b2] = partsOf(B, 1, body(300), 149)
    for (const part of [a1, b1, b2]) box.take(part!)
    // The oldest had to go.
    expect(box.unreadable).toBe(1)
    box.take(a1!)
    expect(box.unreadable).toBe(2)
    box.forget(A)
    box.forget(B)
    expect(box.unreadable).toBe(3)
    for (const part of partsOf(B, 2, body(200), 149)) box.take(part)
    expect(box.unreadable).toBe(3)
  })

  it("of strangers are bounded in number, and so are parts that claim to be of a letter without an end", () => {
    const box = new LetterBox()
    const uid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`
    for (let at = 0; at < 5000; at++) box.take(partsOf(uid(at), 1, body(2), 50)[0]!)
    expect(box.unreadable).toBe(5000 - 4096)
    const endless = new LetterBox(100_000)
    const [part] = partsOf(A, 1, body(2), 50)
    const numbered = Buffer.from(part!)
    numbered.writeUInt32BE(2 ** 32 - 1, 45)
    for (let at = 0; at < 1000; at++) {
      numbered.writeUInt32BE(at, 41)
      endless.take(numbered)
    }
    // After 389 parts, of which each takes 257 bytes; what comes behind has no beginning.
    expect(endless.unreadable).toBe(1000 - 389)
    // Of parts without anything nothing is made.
    const empty = new LetterBox()
    numbered.writeUInt32BE(0, 41)
    expect(empty.take(numbered.subarray(0, 49))).toBeUndefined()
    expect(empty.unreadable).toBe(1)
  })
})
