/** What webhooks hear of sessions that worker processes hold. */
import { expect, it, vi } from "vitest"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { HttpBackend, type HttpRequest, status } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"
import { serveApi } from "../../support/workers/ApiServer.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

interface Told {
  readonly type: string
  readonly client?: string
  readonly channel?: string
  readonly code?: number
}

const toldIn = (requests: ReadonlyArray<HttpRequest>): ReadonlyArray<Told> =>
  requests.flatMap(({ text }) => JSON.parse(text).events as ReadonlyArray<Told>)

const start = async (...args: ReadonlyArray<string>) => {
  const receiver = await HttpBackend.start(status(200))
  const hooks = ["--webhooks.endpoint", receiver.url, "--webhooks.secret", "secret"]
  const server = await serveApi(2, [...hooks, "--webhooks.batchDelay", "0", "--admin.port", "0", ...args])
  const told = () => toldIn(receiver.requests.all)
  const until = (met: (all: ReadonlyArray<Told>) => boolean) =>
    receiver.requests.until((all) => met(toldIn(all)))
  return { server, told, until }
}

it("channels are occupied by the first and vacated by the last of all workers; who ends is told, in order", async () => {
  const { server, told, until } = await start()
  const token = hs256("secret", { sub: "ada" })
  const each = await server.sdkEach(() => new Sdk(server.port, { token }))
  for (const sdk of each) await sdk.subscribe("news")
  const [one, two] = each
  for (const { client } of each) {
    client.getSubscription("news")!.unsubscribe()
    // Its reply comes when the command before it is done.
    await client.publish("marks", {})
  }
  one!.client.disconnect()
  await server.api("disconnect", { user: "ada", client: two!.id })
  await until((all) =>
    [one!.id, two!.id].every((id) =>
      all.some((event) => event.client === id && event.type === "disconnected")
    )
  )
  const about = (type: string) => told().filter((event) => event.type === type)
  expect(about("channel_occupied").map(({ channel }) => channel)).toEqual(["news"])
  expect(about("channel_vacated").map(({ channel }) => channel)).toEqual(["news"])
  for (const { id } of each) {
    const own = told().filter(({ client }) => client === id)
    expect(own.map(({ type, channel }) => [type, channel])).toEqual([
      ["unsubscribed", "news"],
      ["disconnected", undefined]
    ])
  }
  expect(about("disconnected").find(({ client }) => client === two!.id)?.code).toBe(3503)
})

it("what nobody listens to is not told", async () => {
  const { server, told, until } = await start("--webhooks.events", "channel_vacated,disconnected")
  const [one] = await server.sdkEach()
  await one!.subscribe("news")
  one!.client.disconnect()
  await until(
    (all) => all.some(({ client }) => client === one!.id) && all.some(({ channel }) => channel === "news")
  )
  expect(new Set(told().map(({ type }) => type))).toEqual(new Set(["channel_vacated", "disconnected"]))
})

it("the last events of a server that stops are told, too", async () => {
  const { server, told } = await start("--webhooks.events", "disconnected")
  const each = await server.sdkEach()
  server.server.process.kill("SIGTERM")
  expect((await server.server.process.ended).code).toBe(0)
  for (const { id } of each)
    expect(told().find(({ client }) => client === id)).toMatchObject({ type: "disconnected", code: 3001 })
})

it("a channel whose subscribers' worker died is vacated", async () => {
  const { server, told, until } = await start("--webhooks.events", "channel_occupied,channel_vacated")
  const [one, two] = await server.sdkEach()
  await one!.subscribe("own")
  for (const sdk of [one!, two!]) await sdk.subscribe("news")
  one!.client.on("connecting", () => one!.client.disconnect())
  process.kill(server.server.workers[0]!, "SIGKILL")
  await until((all) => all.some(({ type }) => type === "channel_vacated"))
  expect(told().map(({ type, channel }) => [type, channel])).toEqual([
    ["channel_occupied", "own"],
    ["channel_occupied", "news"],
    ["channel_vacated", "own"]
  ])
})
