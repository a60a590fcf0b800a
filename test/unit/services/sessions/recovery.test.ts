import { describe, expect, it } from "vitest"
import type { ChannelPublication } from "../../../../src/services/hot/ChannelEvent.ts"
import { recoverCache, recoverStream } from "../../../../src/services/sessions/recovery.ts"

const publication = (offset: number): ChannelPublication => ({
  offset,
  data: Buffer.from(String(offset)),
  isDelta: false,
  time: 0
})

/** "e" at offset `top`, with these of its publications. */
const history = (top: number, ...offsets: ReadonlyArray<number>) => ({
  epoch: "e",
  offset: top,
  publications: offsets.map(publication)
})

describe("a stream is recovered", () => {
  it.each([
    ["nothing was missed", { offset: 5, epoch: "e" }, history(5), []],
    ["nothing was ever published", { offset: 0, epoch: "e" }, history(0), []],
    ["all is there from the next one to the top", { offset: 2, epoch: "e" }, history(5, 3, 4, 5), [3, 4, 5]],
    ["all is there from the first one on", { offset: 0, epoch: "e" }, history(2, 1, 2), [1, 2]],
    ["the client does not know the epoch yet", { offset: 1, epoch: "" }, history(2, 2), [2]]
  ])("where %s", (_, since, read, offsets) => {
    const { isRecovered, publications } = recoverStream(since, read)
    expect([isRecovered, publications.map(({ offset }) => offset)]).toEqual([true, offsets])
  })

  it.each([
    ["the stream began anew", { offset: 5, epoch: "other" }, history(5)],
    ["its state is invalid", { offset: 0, epoch: "_" }, history(2, 1, 2)],
    ["the next one is gone", { offset: 2, epoch: "e" }, history(5, 4, 5)],
    ["all of them are gone", { offset: 2, epoch: "e" }, history(5)],
    ["more were missed than are read", { offset: 2, epoch: "e" }, history(5, 3, 4)],
    ["the client is ahead of the stream", { offset: 9, epoch: "e" }, history(5)],
    ["the client is ahead, and knows no epoch", { offset: 9, epoch: "" }, history(5)]
  ])("not where %s", (_, since, read) => {
    expect(recoverStream(since, read)).toEqual({ isRecovered: false, publications: [] })
  })
})

describe("a cache is recovered", () => {
  it.each([
    ["the newest one is the top", { offset: 2, epoch: "e" }, history(5, 5), [5]],
    ["the client comes for the first time", { offset: 0, epoch: "" }, history(5, 5), [5]],
    ["the client was in another epoch", { offset: 9, epoch: "other" }, history(5, 5), [5]],
    ["the client has it", { offset: 5, epoch: "e" }, history(5, 5), []],
    ["the client has it, and it is gone", { offset: 5, epoch: "e" }, history(5), []],
    ["nothing was ever published", { offset: 0, epoch: "" }, history(0), []]
  ])("where %s", (_, since, read, offsets) => {
    const { isRecovered, publications } = recoverCache(since, read)
    expect([isRecovered, publications.map(({ offset }) => offset)]).toEqual([true, offsets])
  })

  it.each([
    ["the newest one is gone", { offset: 2, epoch: "e" }, history(5)],
    ["the newest one is gone, for a new client", { offset: 0, epoch: "" }, history(5)],
    ["the stream began anew and is empty", { offset: 0, epoch: "other" }, history(0)]
  ])("not where %s", (_, since, read) => {
    expect(recoverCache(since, read)).toEqual({ isRecovered: false, publications: [] })
  })
})
