import { expect, it } from "vitest"
import { Tally } from "../../../../src/services/hot/FanOut.ts"
import type { Frame } from "../../../../src/services/hot/Publication.ts"
import { streamFanOut } from "../../../../src/services/hot/StreamFanOut.ts"
import { FakeConnection } from "../../../support/FakeConnection.ts"

class FakeStream extends FakeConnection {
  get isOpen(): boolean {
    return !this.isClosing
  }
}

const frame = (text: string): Frame => ({ data: Buffer.from(text), isBinary: false })

const send = (
  frames: ReadonlyArray<Frame>,
  streams: ReadonlyArray<FakeStream>,
  from = 0,
  to = streams.length
) => {
  const tally = new Tally()
  tally.reset(frames.length)
  streamFanOut.prepare(frames).send(streams, from, to, tally)
  return tally
}

it("one frame goes out as it is, several in one write", () => {
  const [one, several] = [new FakeStream(), new FakeStream()]
  send([frame("a\n")], [one])
  send([frame("a\n"), frame("b\n"), frame("c\n")], [several])
  expect([one.sent, several.sent]).toEqual([["a\n"], ["a\nb\nc\n"]])
})

it("only those of the slice are sent to", () => {
  const streams = Array.from({ length: 5 }, () => new FakeStream())
  send([frame("x")], streams, 1, 3)
  expect(streams.map(({ sent }) => sent.length)).toEqual([0, 1, 1, 0, 0])
})

it("who is full misses all of it and is slow, who is closing counts as closed", () => {
  const [fine, full, closing] = [new FakeStream(), new FakeStream(), new FakeStream()]
  full.room = 0
  closing.isClosing = true
  const tally = send([frame("a"), frame("b")], [fine, full, closing])
  expect([tally.dropped, tally.slow, tally.closed]).toEqual([[1, 1], [full], 1])
  expect([fine.sent, full.sent, closing.sent]).toEqual([["ab"], [], []])
})
