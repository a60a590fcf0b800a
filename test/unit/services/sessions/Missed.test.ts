import { describe, expect, it } from "vitest"
import type { ChannelPublication } from "../../../../src/services/hot/ChannelEvent.ts"
import { KEPT_BYTES, KEPT_LISTS, Missed } from "../../../../src/services/sessions/Missed.ts"

const publication = (offset: number, data = `"${offset}"`): ChannelPublication => ({
  offset,
  data: Buffer.from(data),
  tags: { parity: offset % 2 === 0 ? "even" : "odd" },
  isDelta: true,
  time: 0
})

const publications = [1, 2, 3].map((offset) => publication(offset))
const whole = { channel: "news", isDelta: false, filter: undefined }
const deltas = { ...whole, isDelta: true }

/** Counts the differences that it is asked for; none is smaller. */
const counting = () => {
  const asked: Array<string> = []
  const missed = new Missed((previous, data) => {
    asked.push(`${Buffer.from(previous)} to ${Buffer.from(data)}`)
    return undefined
  })
  return { missed, asked }
}

const offsetsOf = (written: ReturnType<Missed["written"]>) => written?.map(({ offset }) => offset)

describe("what clients missed", () => {
  it("is written once for all who read the same", () => {
    const { missed, asked } = counting()
    const first = missed.written("json", deltas, publications)
    expect(offsetsOf(first)).toEqual([1, 2, 3])
    expect(missed.written("json", deltas, [...publications])).toBe(first)
    expect(asked).toEqual(['"1" to "2"', '"2" to "3"'])
  })

  it("is written anew for another format, other terms, another channel and other publications", () => {
    const { missed } = counting()
    const first = missed.written("json", whole, publications)
    const others = [
      missed.written("protobuf", whole, publications),
      missed.written("json", deltas, publications),
      missed.written("json", { ...whole, channel: "sport" }, publications),
      missed.written("json", whole, publications.slice(1)),
      missed.written("json", whole, publications.slice(0, 2)),
      missed.written("json", whole, [...publications, publication(4)])
    ]
    for (const other of others) expect(other).not.toBe(first)
    expect(others.map(offsetsOf)).toEqual([
      ...[
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3]
      ],
      ...[
        [2, 3],
        [1, 2],
        [1, 2, 3, 4]
      ]
    ])
    expect(others[1]?.map(({ data }) => String(data))).toEqual(['"\\"1\\""', '"\\"2\\""', '"\\"3\\""'])
  })

  it("is told again where the history holds the same offsets of another life of the stream", () => {
    const { missed } = counting()
    missed.written("json", whole, publications)
    const other = [1, 2, 3].map((offset) => publication(offset, `"other ${offset}"`))
    expect(missed.written("json", whole, other)?.map(({ data }) => String(data))).toEqual([
      '"other 1"',
      '"other 2"',
      '"other 3"'
    ])
  })

  it("is nothing where there is nothing", () => {
    expect(counting().missed.written("json", whole, [])).toEqual([])
  })

  it("holds what a filter lets through, for this client alone", () => {
    const { missed } = counting()
    const even = { ...whole, filter: (tags: ChannelPublication["tags"]) => tags?.parity === "even" }
    expect(offsetsOf(missed.written("json", even, publications))).toEqual([2])
    expect(offsetsOf(missed.written("json", whole, publications))).toEqual([1, 2, 3])
    expect(offsetsOf(missed.written("json", even, publications))).toEqual([2])
  })

  it.each([
    ["short", 1],
    ["long", 1000]
  ])("cannot be written where a %s one is none of the format's", (_, times) => {
    const { missed } = counting()
    const binary = [...publications, publication(4, "no JSON ".repeat(times))]
    expect(missed.written("json", whole, binary)).toBeUndefined()
    expect(missed.written("json", whole, binary)).toBeUndefined()
    expect(offsetsOf(missed.written("protobuf", whole, binary))).toEqual([1, 2, 3, 4])
  })

  it.each([
    ["short", 1],
    ["long", 1000]
  ])("has no newlines between the tokens of a %s one, whenever it is read", (_, times) => {
    const { missed } = counting()
    const text = `[${"1,\n".repeat(times)}2]`
    const lines = [publication(1, text)]
    for (const channel of ["a", "b"]) {
      const written = missed.written("json", { ...whole, channel }, lines)
      expect(written?.map(({ data }) => String(data))).toEqual([text.replaceAll("\n", "")])
    }
  })

  it("is kept for the channels that were asked for last", () => {
    const { missed } = counting()
    const channels = Array.from({ length: KEPT_LISTS + 1 }, (_, i) => ({ ...whole, channel: `c${i}` }))
    const first = channels.map((reading) => missed.written("json", reading, publications))
    expect(missed.written("json", channels[KEPT_LISTS]!, publications)).toBe(first[KEPT_LISTS])
    expect(missed.written("json", channels[1]!, publications)).toBe(first[1])
    expect(missed.written("json", channels[0]!, publications)).not.toBe(first[0])
  })

  it("is kept longer in a channel that goes on", () => {
    const { missed } = counting()
    const channels = Array.from({ length: KEPT_LISTS + 1 }, (_, i) => ({ ...whole, channel: `c${i}` }))
    for (const reading of channels.slice(0, -1)) missed.written("json", reading, publications)
    const more = [...publications, publication(4)]
    const written = missed.written("json", channels[0]!, more)
    missed.written("json", channels[KEPT_LISTS]!, publications)
    expect(missed.written("json", channels[0]!, more)).toBe(written)
  })

  it("is not kept where it is large", () => {
    const { missed } = counting()
    const of = (bytes: number) => [publication(1, `"${"x".repeat(bytes - 2)}"`)]
    const [most, more] = [of(KEPT_BYTES), of(KEPT_BYTES + 1)]
    expect(missed.written("json", whole, most)).toBe(missed.written("json", whole, most))
    expect(missed.written("json", whole, more)).not.toBe(missed.written("json", whole, more))
  })
})
