/** Many subscriptions of one client, and many clients at once. */
import { setImmediate } from "node:timers/promises"
import type { Subscription } from "centrifuge"
import { describe, expect, it } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import {
  connected,
  heard,
  makeSdk,
  next,
  type SdkKind,
  sdkKinds,
  subscribed
} from "../../support/centrifuge/npmClient.ts"
import { Heard } from "../../support/server/Heard.ts"

const websocket: SdkKind = { format: "JSON", via: "websocket" }

/** Numbers from 0 to below a limit, the same for the same seed. */
const chooser = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it.each(sdkKinds)("$format over $via: 128 subscriptions, and no more", async (kind) => {
    const server = await serveCentrifuge(transport)
    const sdk = makeSdk(server.port, kind)
    const all = Array.from({ length: 129 }, (_, i) => sdk.newSubscription(`recovery:${i}`))
    const last = next(all[128]!, "unsubscribed")
    const first = all.slice(0, 128).map((subscription) => subscribed(subscription))
    all[128]!.subscribe()
    sdk.connect()
    await Promise.all(first)
    expect(await last).toMatchObject({ code: 106 })
    const publications = heard(all[127]!, "publication")
    await server.publish("recovery:127", 1)
    await publications.count(1)
    all[0]!.unsubscribe()
    await subscribed(all[128]!)
  })

  it("500 clients that come, go and publish as they like miss nothing and get nothing twice", async () => {
    const server = await serveCentrifuge(
      transport,
      withNamespaces({
        name: "quiet",
        historySize: 100,
        historyTtl: "1 minute",
        forceRecovery: true,
        allowedDeltaTypes: ["fossil"],
        deltaPublish: true
      })
    )
    const choose = chooser(4)
    const channels = ["recovery:a", "recovery:b", "quiet:a"]
    const sdks = Array.from({ length: 500 }, () => makeSdk(server.port, websocket, { timeout: 60_000 }))
    await Promise.all(sdks.map((sdk) => connected(sdk)))
    const followers = sdks.map((sdk) => {
      const channel = channels[choose(3)]!
      return new Follower(sdk.newSubscription(channel, channel === "quiet:a" ? { delta: "fossil" } : {}))
    })
    await Promise.all(followers.map(({ subscription }) => subscribed(subscription)))
    const published: Array<Promise<unknown>> = []
    for (let step = 0; step < 600; step++) {
      const sdk = sdks[choose(500)]!
      const { subscription } = followers[choose(500)]!
      const what = choose(10)
      if (what < 4)
        published.push(sdk.publish(channels[choose(3)]!, { step, text: "much the same ".repeat(5) }))
      else if (what < 7) subscription.unsubscribe()
      else if (what < 9) subscription.subscribe()
      else {
        subscription.unsubscribe()
        subscription.subscribe()
      }
      if (choose(4) === 0) await setImmediate()
    }
    await Promise.all(published)
    for (const { subscription } of followers) subscription.subscribe()
    const tops = new Map<string, number>()
    for (const channel of channels) tops.set(channel, (await server.publish(channel, '{"last":true}')).offset)
    await Promise.all(followers.map((follower) => follower.reached(tops.get(follower.subscription.channel)!)))
    expect(followers.flatMap(({ faults }) => faults)).toEqual([])
    expect(server.served.logs.all.filter(({ level }) => level !== "Info")).toEqual([])
  }, 60_000)
})

/** Sees to it that the offsets of a subscription follow each other. */
class Follower {
  readonly faults: Array<string> = []
  readonly #offsets = new Heard<number>()
  #next: number | undefined

  constructor(readonly subscription: Subscription) {
    subscription.on("subscribed", ({ streamPosition, recovered, wasRecovering }) => {
      if (wasRecovering && !recovered) this.faults.push("not recovered")
      this.#next ??= streamPosition!.offset + 1
    })
    subscription.on("publication", ({ offset, data }) => {
      if (offset !== this.#next) this.faults.push(`${offset} in place of ${this.#next}`)
      if (typeof data !== "object") this.faults.push(`broken data at ${offset}`)
      this.#next = offset! + 1
      this.#offsets.add(offset!)
    })
    subscription.on("error", ({ error }) => this.faults.push(JSON.stringify(error)))
  }

  async reached(offset: number): Promise<void> {
    await this.#offsets.until((all) => all.at(-1) === offset)
  }
}
