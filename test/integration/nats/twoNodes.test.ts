/** Two nodes as processes of their own, joined by NATS, and the npm client on each. */
import type { PublicationContext } from "centrifuge"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it, onTestFinished } from "vitest"
import { connected, heard, makeSdk, next, subscribed } from "../../support/centrifuge/npmClient.ts"
import { TcpLink } from "../../support/centrifuge/TcpLink.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { ask } from "../../support/server/ask.ts"
import { API_KEY, launch } from "../../support/server/ServerProcess.ts"

const natsForTest = async () => {
  const scope = Effect.runSync(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.runPromise(Scope.provide(startNats(), scope))
}

const options = [
  ...["--channels.withoutNamespace.historySize", "100"],
  ...["--channels.withoutNamespace.historyTtl", "1 minute"],
  ...["--channels.withoutNamespace.forceRecovery", "true"],
  ...["--channels.withoutNamespace.allowSubscribeForAnonymous", "true"],
  ...["--channels.withoutNamespace.allowSubscribeForClient", "true"],
  ...["--client.allowAnonymousConnectWithoutToken", "true"]
]

/** A node of the cluster. */
const node = async (url: string, workers = 0) => {
  const server = launch([
    ...["--broker.type", "nats", "--broker.nats.servers", url],
    ...["--server.workers", String(workers)],
    ...options
  ])
  return { server, port: await server.port() }
}

const publish = async (port: number, channel: string, data: unknown) => {
  const body = JSON.stringify({ channel, data })
  const answer = await ask(port, "/api/publish", {
    method: "POST",
    headers: { "x-api-key": API_KEY, "content-type": "application/json" },
    body
  })
  return JSON.parse(answer.body).result
}

/** A client that hears "news", and what it gets. */
const clientOf = async (port: number) => {
  const sdk = makeSdk(port, { format: "JSON", via: "websocket" })
  const subscription = sdk.newSubscription("news")
  const publications = heard<PublicationContext>(subscription, "publication")
  await connected(sdk)
  await subscribed(subscription)
  return { sdk, subscription, publications }
}

describe.skipIf(noNatsServer !== undefined)(`two nodes and NATS ${noNatsServer ?? ""}`, () => {
  it.each([0, 2])(
    "what is published on one is heard on both; a client recovers on the other when its node is killed (%i workers)",
    async (workers) => {
      const nats = await natsForTest()
      const [one, other] = await Promise.all([node(nats.url, workers), node(nats.url, workers)])
      const here = await clientOf(one.port)
      const balancer = await TcpLink.before(other.port)
      const there = await clientOf(balancer.port)
      expect(await publish(one.port, "news", "first")).toMatchObject({ offset: 1 })
      expect(await publish(other.port, "news", "second")).toMatchObject({ offset: 2 })
      for (const { publications } of [here, there])
        expect((await publications.count(2)).map(({ data, offset }) => [offset, data])).toEqual([
          [1, "first"],
          [2, "second"]
        ])
      const back = next(there.subscription, "subscribed")
      const lost = next(there.sdk, "connecting")
      balancer.to = one.port
      other.server.kill("SIGKILL")
      await lost
      expect(await publish(one.port, "news", "third")).toMatchObject({ offset: 3 })
      expect(await back).toMatchObject({ wasRecovering: true, recovered: true })
      expect((await there.publications.count(3))[2]).toMatchObject({ data: "third", offset: 3 })
      expect(await publish(one.port, "news", "fourth")).toMatchObject({ offset: 4 })
      for (const { publications } of [here, there])
        expect((await publications.count(4)).map(({ offset }) => offset)).toEqual([1, 2, 3, 4])
    },
    120_000
  )
})
