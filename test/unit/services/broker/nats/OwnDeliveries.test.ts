/** What became of publications for the node's own subscribers, as they come back from NATS or do not. */
import { beforeEach, describe, expect, it } from "vitest"
import { OwnDeliveries } from "../../../../../src/services/broker/nats/OwnDeliveries.ts"
import { Delivery } from "../../../../../src/services/hot/Publication.ts"

let own: OwnDeliveries
let completed: Array<string>

beforeEach(() => {
  own = new OwnDeliveries(3)
  completed = []
})

const delivery = (name: string): Delivery => {
  const made = new Delivery()
  made.onComplete = () => void completed.push(name)
  return made
}

const send = (name: string, isHeard = true, channel = "news"): number => {
  const number = own.next()
  own.expect(number, channel, [delivery(name)], isHeard)
  return number
}

describe("deliveries of what a node has sent", () => {
  it("wait for it to come back; where it is not heard nobody was there", () => {
    const heard = send("heard")
    own.stands(heard)
    expect([completed, own.size]).toEqual([[], 1])
    own.of(heard, 0)
    own.stands(send("unheard", false))
    expect([completed, own.size]).toEqual([["unheard"], 0])
  })

  it("what is under way when the channel is left, and is sent again, is complete once", () => {
    const stands = send("stands")
    own.stands(stands)
    const number = own.next()
    const again = delivery("again")
    own.expect(number, "news", [again], true)
    own.stands(send("elsewhere", true, "other"))
    own.leave("news")
    expect(completed.splice(0)).toEqual(["stands"])
    own.withdraw(number)
    const next = own.next()
    own.expect(next, "news", [again], false)
    own.stands(next)
    expect([completed, own.size]).toEqual([["again"], 1])
  })

  it("what never comes back does not stay: of too many the oldest are complete", () => {
    for (const name of ["a", "b", "c", "d"]) own.stands(send(name))
    expect([completed, own.size]).toEqual([["a"], 3])
  })
})
