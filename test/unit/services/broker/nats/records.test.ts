import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type ChannelRecord,
  type Entry,
  MESSAGE_OVERHEAD,
  recordOfBytes,
  recordToBytes,
  sizeOf
} from "../../../../../src/services/broker/nats/records.ts"

const text = fc.string({ unit: "binary" })
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const bytes = fc.uint8Array({ maxLength: 100 })
const maybe = <A>(of: fc.Arbitrary<A>) => fc.option(of, { nil: undefined })

const entry: fc.Arbitrary<Entry> = fc.record({
  publication: fc.record({
    offset: count,
    data: bytes,
    time: count,
    isDelta: fc.boolean(),
    info: maybe(
      fc.record({ user: maybe(text), client: maybe(text), connInfo: maybe(bytes), chanInfo: maybe(bytes) })
    ),
    tags: maybe(fc.dictionary(text, text, { noNullPrototype: true }))
  }),
  receipt: maybe(fc.record({ id: text, acknowledging: maybe(fc.record({ life: count, within: count })) }))
})

const origin = fc.record({ node: text, number: count })

const growing = (numbers: ReadonlyArray<number>) => numbers.toSorted((one, other) => one - other)

const marks = fc
  .array(fc.tuple(count, count))
  .map((pairs) => ({
    offsets: growing(pairs.map(([offset]) => offset)),
    seqs: growing(pairs.map(([, seq]) => seq))
  }))
  .map(({ offsets, seqs }) => offsets.map((offset, at) => ({ offset, seq: seqs[at]! })))

const record: fc.Arbitrary<ChannelRecord> = fc.oneof(
  fc.record({
    kind: fc.constant("log" as const),
    origin,
    state: fc.record({
      ...{ epoch: text, offset: count, first: count, entriesUntil: count, until: count },
      ...{ version: count, versionEpoch: text },
      marks
    }),
    entries: fc.array(entry)
  }),
  fc.record({
    kind: fc.constantFrom("publication" as const, "join" as const, "leave" as const),
    origin,
    after: maybe(fc.record({ epoch: text, offset: count })),
    entry
  })
)

describe("what nodes send each other of channels", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(record, (sent) => {
        fc.pre(!JSON.stringify(sent).includes("__proto__"))
        expect(recordOfBytes(recordToBytes(sent))).toEqual(sent)
      })
    )
  })

  it("takes no more bytes than are counted for it, however long its texts are", () => {
    const long = fc.constantFrom("", "a".repeat(3000), "\u20ac".repeat(3000))
    const info = fc.record({ user: maybe(long), client: maybe(long), connInfo: maybe(bytes) })
    const tags = fc.dictionary(text, long, { noNullPrototype: true })
    fc.assert(
      fc.property(bytes, maybe(info), maybe(tags), (data, info, tags) => {
        const publication = { offset: 2 ** 40, data, time: Date.now(), isDelta: true, info, tags }
        const receipt = { id: "r".repeat(36), acknowledging: { life: Date.now(), within: 1.5 } }
        const message = recordToBytes({
          kind: "publication",
          origin: { node: "n".repeat(36), number: 2 ** 40 },
          after: { epoch: "e".repeat(8), offset: 2 ** 40 },
          entry: { publication, receipt, key: "k".repeat(43) }
        })
        expect(message.length).toBeLessThanOrEqual(sizeOf(data, { info, tags }) + MESSAGE_OVERHEAD)
      }),
      { numRuns: 50 }
    )
  })

  it("data is the receiver's own", () => {
    const data = new Uint8Array(10).fill(7)
    const publication = { offset: 1, data, time: 2, isDelta: false, info: undefined, tags: undefined }
    const message = recordToBytes({
      kind: "join",
      origin: { node: "n", number: 1 },
      after: undefined,
      entry: { publication, receipt: undefined }
    })
    const received = recordOfBytes(message)
    message.fill(0)
    expect(received).toMatchObject({ entry: { publication: { data } } })
    expect(received?.kind === "join" && received.entry.publication.data.buffer.byteLength).toBe(10)
  })

  it("anything else is undefined, and nothing is thrown", () => {
    for (const bad of [
      "",
      "\x00",
      "\x01",
      "\x02\x90",
      "\x01\x90",
      "\x01\xc0",
      "\x01\x95\x00\xa1n\x01\x90\x90"
    ])
      expect(recordOfBytes(Uint8Array.from(bad, (letter) => letter.charCodeAt(0))), bad).toBeUndefined()
    fc.assert(
      fc.property(record, fc.nat(), fc.nat({ max: 255 }), (sent, where, byte) => {
        const damaged = recordToBytes(sent)
        damaged[where % damaged.length] = byte
        recordOfBytes(damaged)
        recordOfBytes(damaged.subarray(0, where % damaged.length))
      })
    )
    fc.assert(fc.property(bytes, (any) => void recordOfBytes(any)))
  })
})
