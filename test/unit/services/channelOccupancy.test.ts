import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as ChannelOccupancy from "../../../src/services/channelOccupancy.ts"
import { Hub, type HubMember } from "../../../src/services/Hub.ts"
import { type SessionEvent, SessionEvents } from "../../../src/services/SessionEvents.ts"

const member = (): HubMember => ({ size: 1, offer: () => true })

/** What is told while two members listen to channels and leave them, to one who wants these events. */
const told = (wanted: ReadonlyArray<SessionEvent["_tag"]>) => {
  const heard: Array<SessionEvent> = []
  const events = Layer.succeed(SessionEvents, {
    tell: (event) => void heard.push(event),
    wants: (tag) => wanted.includes(tag)
  })
  const interest: Array<boolean> = []
  Effect.runSync(
    Effect.gen(function* () {
      const hub = yield* Hub
      hub.onInterest((_, isWanted) => void interest.push(isWanted))
      const [one, two] = [member(), member()]
      hub.listen("a", one)
      hub.listen("a", two)
      hub.listen("b", two)
      hub.ignore("a", one)
      hub.ignore("b", one)
      hub.ignore("a", two)
    }).pipe(Effect.provide(ChannelOccupancy.layer.pipe(Layer.provide(events), Layer.provideMerge(Hub.layer))))
  )
  // Others are told, too.
  expect(interest).toEqual([true, true, false])
  return heard
}

describe("the occupancy of channels", () => {
  it("is told for the first that comes and the last that leaves, over all members", () => {
    expect(told(["ChannelOccupied", "ChannelVacated"])).toEqual([
      { _tag: "ChannelOccupied", channel: "a" },
      { _tag: "ChannelOccupied", channel: "b" },
      { _tag: "ChannelVacated", channel: "a" }
    ])
  })

  it("is told only as far as somebody listens", () => {
    expect(told(["ChannelVacated"])).toEqual([{ _tag: "ChannelVacated", channel: "a" }])
    expect(told(["ChannelOccupied"]).map(({ _tag }) => _tag)).toEqual(["ChannelOccupied", "ChannelOccupied"])
    expect(told(["Disconnected"])).toEqual([])
  })
})
