/** The program as it is shipped: node dist/server.js --config conf/centrifuge.json, and the npm client. */
import { fileURLToPath } from "node:url"
import type { PublicationContext } from "centrifuge"
import { describe, expect, it } from "vitest"
import {
  connected,
  dataFor,
  endpointOf,
  heard,
  makeSdk,
  next,
  sdkKinds,
  subscribed,
  valueOf
} from "../../support/centrifuge/npmClient.ts"
import { TcpLink } from "../../support/centrifuge/TcpLink.ts"
import { freePort } from "../../support/client/servers.ts"
import { hs256 } from "../../support/jwt.ts"
import { ask } from "../../support/server/ask.ts"
import { launch } from "../../support/server/ServerProcess.ts"

const config = fileURLToPath(new URL("../../../conf/centrifuge.json", import.meta.url))

/** Publishes by the server API; gives its answer. */
const publish = async (port: number, channel: string, data: unknown, more: object = {}) => {
  const body = JSON.stringify({ channel, data, ...more })
  const headers = { "x-api-key": "test-api-key", "content-type": "application/json" }
  const answer = await ask(port, "/api/publish", { method: "POST", headers, body })
  return JSON.parse(answer.body).result
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("serves the npm client in all ways, through drops, and ends in order", async () => {
    const server = launch(["--config", config, "--server.transport", transport], { apiKey: null })
    const port = await server.port()
    const ends: Array<Promise<unknown>> = []
    for (const kind of sdkKinds) {
      const link = await TcpLink.before(port)
      const sdk = makeSdk(link.port, kind, { token: hs256("secret", { sub: kind.via, info: { a: 1 } }) })
      const channel = `news-${kind.format}-${kind.via}`
      const subscription = sdk.newSubscription(channel, { delta: "fossil" })
      const publications = heard<PublicationContext>(subscription, "publication")
      expect(await connected(sdk)).toMatchObject({ transport: kind.via })
      await subscribed(subscription)
      await subscription.publish(dataFor(kind, { from: "me" }))
      await publish(port, channel, { from: "api", text: "the same words, and again" }, { delta: true })
      await publish(port, channel, { from: "API", text: "the same words, and again" }, { delta: true })
      await publications.count(3)
      const connecting = next(sdk, "connecting")
      const back = next(subscription, "subscribed")
      link.close()
      await connecting
      const big = "x".repeat(200 * 1024)
      await publish(port, channel, { big }, { delta: true })
      link.open()
      expect(await back).toMatchObject({ wasRecovering: true, recovered: true })
      await publish(port, channel, "live")
      const got = await publications.count(5)
      expect(got.map(({ offset }) => Number(offset))).toEqual([1, 2, 3, 4, 5])
      expect(got.map(({ data }) => valueOf(data))).toEqual([
        { from: "me" },
        { from: "api", text: "the same words, and again" },
        { from: "API", text: "the same words, and again" },
        { big },
        "live"
      ])
      expect(Object.values((await subscription.presence()).clients)).toMatchObject([{ user: kind.via }])
      expect((await subscription.history({ limit: 2, reverse: true })).publications).toHaveLength(2)
      ends.push(next(sdk, "connecting"))
    }
    server.kill("SIGTERM")
    for (const end of ends) expect(await end).toEqual({ code: 3001, reason: "shutdown" })
    expect((await server.ended).code).toBe(0)
  }, 40_000)

  it("serves those who cannot open a WebSocket, and namespaces with little history", async () => {
    const server = launch(["--config", config, "--server.transport", transport], { apiKey: null })
    const port = await server.port()
    const sdk = makeSdk(port, sdkKinds[0]!, {}, [
      endpointOf(await freePort(), "websocket"),
      endpointOf(port, "http_stream"),
      endpointOf(port, "sse")
    ])
    expect(await connected(sdk)).toMatchObject({ transport: "http_stream" })
    const subscription = sdk.newSubscription("smallhistory:a")
    const { streamPosition } = await subscribed(subscription)
    subscription.unsubscribe()
    for (const n of [1, 2, 3]) await publish(port, "smallhistory:a", n)
    expect(await subscribed(subscription)).toMatchObject({
      wasRecovering: true,
      recovered: false,
      streamPosition: { offset: 3, epoch: streamPosition.epoch }
    })
  })
})
