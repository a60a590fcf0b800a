/** Deltas by hand: when a payload is written as a difference, and to what; and what those get who did not ask. */
import { applyDelta } from "fossil-delta"
import { describe, expect, it } from "vitest"
import {
  type CentrifugeServer,
  serveCentrifuge,
  withNamespaces
} from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, type Script } from "../../support/centrifuge/Script.ts"

/** Much like the one before, and not ASCII. */
const payload = (n: number): string =>
  JSON.stringify({ n, text: `${"\u00e9t\u00e9 \u{1f600} again ".repeat(10)}${n}` })

const subscribe = async (server: CentrifugeServer, request: object = {}): Promise<Script> => {
  const script = await connectScript(server)
  await script.say({ id: 2, subscribe: { channel: "delta:a", delta: "fossil", ...request } })
  await script.reply(2)
  return script
}

// biome-ignore lint/suspicious/noExplicitAny: publications as they came
const publications = async (script: Script, count: number): Promise<ReadonlyArray<any>> => {
  const found = () => script.pushes("delta:a").flatMap(({ pub }) => (pub === undefined ? [] : [pub]))
  await script.until(() => found().length >= count)
  return found()
}

/** "full" or "delta" for each, and the payloads that they make. */
const read = (all: ReadonlyArray<{ readonly data: string; readonly delta?: true }>, from?: string) => {
  let last = Buffer.from(from ?? "")
  const payloads = all.map(({ data, delta }) => {
    last = delta ? Buffer.from(applyDelta(last, Buffer.from(data))) : Buffer.from(data)
    return last.toString()
  })
  return { kinds: all.map(({ delta }) => (delta ? "delta" : "full")), payloads }
}

const publish = async (server: CentrifugeServer, from: number, to: number): Promise<void> => {
  for (let n = from; n <= to; n++) await server.publish("delta:a", payload(n), { isDelta: true })
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("the first is whole, and those that follow are differences, in strings", async () => {
    const server = await serveCentrifuge(transport)
    const script = await subscribe(server)
    expect((await script.reply(2)).subscribe.delta).toBe(true)
    await publish(server, 1, 3)
    const { kinds, payloads } = read(await publications(script, 3))
    expect(kinds).toEqual(["full", "delta", "delta"])
    expect(payloads).toEqual([1, 2, 3].map(payload))
    // Who did not ask for them gets the data itself.
    const plain = await subscribe(server, { delta: undefined })
    await publish(server, 4, 5)
    const [fourth] = await publications(plain, 2)
    expect(fourth).toMatchObject({ data: JSON.parse(payload(4)), offset: 4 })
    expect(fourth.delta).toBeUndefined()
    expect(read((await publications(script, 5)).slice(3), payload(3))).toEqual({
      kinds: ["delta", "delta"],
      payloads: [4, 5].map(payload)
    })
  })

  it("a difference that is not smaller, or that nobody allowed, is not made", async () => {
    const server = await serveCentrifuge(transport)
    const script = await subscribe(server)
    await publish(server, 1, 1)
    await server.publish("delta:a", '"x"', { isDelta: true })
    await server.publish("delta:a", payload(3), { isDelta: false })
    await publish(server, 4, 4)
    const { kinds, payloads } = read(await publications(script, 4))
    expect(kinds).toEqual(["full", "full", "full", "delta"])
    expect(payloads).toEqual([payload(1), '"x"', payload(3), payload(4)])
  })

  it("who comes later gets the first one whole", async () => {
    const server = await serveCentrifuge(transport)
    const early = await subscribe(server)
    await publish(server, 1, 2)
    await publications(early, 2)
    const late = await subscribe(server)
    await publish(server, 3, 4)
    expect(read(await publications(late, 2))).toEqual({
      kinds: ["full", "delta"],
      payloads: [3, 4].map(payload)
    })
    expect(read(await publications(early, 4)).kinds).toEqual(["full", "delta", "delta", "delta"])
  })

  it("who comes back gets the first one whole, and goes on from the last", async () => {
    const server = await serveCentrifuge(transport)
    await publish(server, 1, 4)
    const script = await subscribe(server, { recover: true, offset: 1, epoch: "" })
    const { subscribe: result } = await script.reply(2)
    expect(result).toMatchObject({ recovered: true, delta: true })
    const recovered = read(result.publications)
    expect(recovered).toEqual({ kinds: ["full", "delta", "delta"], payloads: [2, 3, 4].map(payload) })
    await publish(server, 5, 6)
    expect(read(await publications(script, 2), payload(4)).payloads).toEqual([5, 6].map(payload))
    // History is not written in differences.
    await script.say({ id: 3, history: { channel: "delta:a", limit: 10 } })
    const { history } = await script.reply(3)
    expect(history.publications.map(({ data }: { data: unknown }) => JSON.stringify(data))).toEqual(
      [1, 2, 3, 4, 5, 6].map(payload)
    )
  })

  it("are not granted where the channel has none, or with a filter", async () => {
    const server = await serveCentrifuge(
      transport,
      withNamespaces({
        name: "both",
        historySize: 9,
        historyTtl: "1 minute",
        allowedDeltaTypes: ["fossil"],
        allowTagsFilter: true
      })
    )
    const none = await subscribe(server, { channel: "recovery:a" })
    expect((await none.reply(2)).subscribe.delta).toBeUndefined()
    await server.publish("recovery:a", '{"a":1}', { isDelta: true })
    expect((await none.line(({ push }) => push !== undefined)).push.pub.data).toEqual({ a: 1 })
    const both = await subscribe(server, { channel: "both:a", tf: { key: "a", cmp: "ex" } })
    expect((await both.reply(2)).error).toEqual({ code: 107, message: "bad request" })
  })
})
