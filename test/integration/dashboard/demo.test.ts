/** The demo's channel: strangers hear it and publish in it, within its bounds, and in no other of its namespace. */
import { describe, expect, it } from "vitest"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { ask } from "../../support/server/ask.ts"
import { serve } from "../../support/server/serve.ts"

describe.each(["uws", "ws"] as const)("the demo's channel on %s", (transport) => {
  const start = async () => {
    const { port } = await serve({
      "server.transport": transport,
      "demo.enabled": true,
      "client.allowAnonymousConnectWithoutToken": true
    })
    return { port, sdk: await new Sdk(port).connect() }
  }

  it("is heard by strangers, who publish in it and recover", async () => {
    const { port, sdk } = await start()
    const { publications, subscribed } = await sdk.subscribe("demo:chat")
    await sdk.client.publish("demo:chat", { text: "hello" })
    expect((await publications.count(1))[0]).toMatchObject({ data: { text: "hello" }, offset: 1 })
    const { streamPosition } = subscribed.all[0]!
    const other = await new Sdk(port).connect()
    const { publications: missed } = await other.subscribe("demo:chat", { since: streamPosition })
    expect((await missed.count(1))[0]).toMatchObject({ data: { text: "hello" }, offset: 1 })
  })

  it("takes JSON of at most 4 KiB, from those who hear it", async () => {
    const { sdk } = await start()
    await expect(sdk.client.publish("demo:chat", "a stranger")).rejects.toMatchObject({ code: 103 })
    await sdk.subscribe("demo:chat")
    await expect(sdk.client.publish("demo:chat", "x".repeat(4095))).rejects.toMatchObject({ code: 107 })
    await sdk.client.publish("demo:chat", "x".repeat(4094))
  })

  it("is the only one of its namespace, and the only one that is open", async () => {
    const { port, sdk } = await start()
    for (const [channel, code] of [
      ["demo:other", 107],
      ["demo:chat2", 107],
      ["chat", 103]
    ] as const) {
      const subscription = sdk.client.newSubscription(channel)
      const refused = new Promise((resolve) => subscription.on("unsubscribed", resolve))
      subscription.subscribe()
      expect(await refused).toMatchObject({ code })
      await expect(sdk.client.publish(channel, {})).rejects.toMatchObject({ code: 103 })
    }
    expect((await ask(port, "/events?channels=demo:other")).status).toBe(400)
  })
})
