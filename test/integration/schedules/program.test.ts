/** The program as it is shipped: a schedule made over HTTP lives through kill -9, and all kinds of clients hear it. */
import { fileURLToPath } from "node:url"
import type { PublicationContext } from "centrifuge"
import { EventSource } from "eventsource"
import { describe, expect, it, onTestFinished } from "vitest"
import { connected, makeSdk, next, subscribed } from "../../support/centrifuge/npmClient.ts"
import { freePort } from "../../support/client/servers.ts"
import { scheduleClient } from "../../support/schedules/scheduleClient.ts"
import { connect } from "../../support/server/clients.ts"
import { Heard } from "../../support/server/Heard.ts"
import { launch } from "../../support/server/ServerProcess.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const config = fileURLToPath(new URL("../../../conf/app.json", import.meta.url))

interface Tea {
  readonly tea: number
  readonly due: number
}

/** What a schedule's template makes of one run. */
const TEMPLATE = { tea: "{{run}}", due: "{{dueMs}}" }

const teaOf = (text: unknown): ReadonlyArray<Tea> => {
  const value = JSON.parse(String(text))
  return typeof value === "object" ? [value] : []
}

const numbers = (teas: Heard<Tea>) => teas.all.map(({ tea }) => tea)

/** Messages of a raw connection; the timer's broadcasts are numbers. */
const rawTeas = async (url: string) => {
  const teas = new Heard<Tea>()
  const client = await connect(url)
  client.socket.on("message", (data) => {
    for (const tea of teaOf(data)) teas.add(tea)
  })
  return { teas, ended: client.ended }
}

const eventTeas = async (port: number, channel: string) => {
  const source = new EventSource(`http://127.0.0.1:${port}/events?channels=${channel}`)
  onTestFinished(() => source.close())
  const teas = new Heard<Tea>()
  const lost = new Heard<unknown>()
  source.addEventListener("message", ({ data }) => {
    for (const tea of teaOf(data)) teas.add(tea)
  })
  source.addEventListener("unrecovered", lost.add)
  await new Promise((resolve) => source.addEventListener("open", resolve, { once: true }))
  return { teas, lost }
}

const sdkTeas = async (port: number, channel: string) => {
  const sdk = makeSdk(port, { format: "JSON", via: "websocket" })
  const subscription = sdk.newSubscription(channel)
  const teas = new Heard<Tea>()
  subscription.on("publication", ({ data }: PublicationContext) => teas.add(data))
  await connected(sdk)
  await subscribed(subscription)
  return { teas, subscription }
}

const isOrdered = (values: ReadonlyArray<number>) =>
  values.every((value, i) => i === 0 || value > values[i - 1]!)

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("a schedule goes on after kill -9, to raw, SSE and SDK clients", { timeout: 120_000 }, async () => {
    const [port, store] = [await freePort(), temporaryFolder()]
    const start = async () => {
      const args = ["--config", config, "--server.transport", transport, "--server.port", `${port}`]
      const server = launch([...args, "--store.path", store])
      await server.port()
      return server
    }
    const server = await start()
    const api = scheduleClient(port)
    const events = await eventTeas(port, "news")
    const sdk = await sdkTeas(port, "news")
    const before = await rawTeas(`ws://127.0.0.1:${port}/`)
    const made = await api("POST", "/api/schedules", {
      id: "tea",
      every: "500 ms",
      channels: ["news", "broadcast"],
      template: TEMPLATE
    })
    expect(made.status).toBe(201)
    // Anybody who was there hears the first ones.
    for (const { teas } of [events, sdk, before]) await teas.first(({ tea }) => tea === 2)
    const back = next(sdk.subscription, "subscribed")
    server.kill("SIGKILL")
    await before.ended
    await server.ended

    await start()
    const known = Math.max(...numbers(events.teas))
    const after = await rawTeas(`ws://127.0.0.1:${port}/?channels=news`)
    expect(await back).toMatchObject({ wasRecovering: true, recovered: true })
    for (const { teas } of [events, sdk, after]) await teas.first(({ tea }) => tea >= known + 3)
    // All three are back: some may have got those as what they had missed, and one more comes to all while it is sent.
    const missed = Math.max(...[events, sdk, after].flatMap(({ teas }) => numbers(teas)))
    for (const { teas } of [events, sdk, after]) await teas.first(({ tea }) => tea > missed)
    await api("POST", "/api/schedules/tea/pause")

    // Durable history: those who come back by themselves have every run once, in order.
    const { runs } = (await api("GET", "/api/schedules/tea/runs?limit=1000")).json
    const sent = runs.filter(({ outcome }: { outcome: string }) => outcome === "sent").reverse()
    const last = sent.at(-1).number
    for (const { teas } of [events, sdk]) {
      await teas.first(({ tea }) => tea === last)
      expect(numbers(teas)).toEqual(Array.from({ length: last }, (_, i) => i + 1))
      expect(isOrdered(teas.all.map(({ due }) => due))).toBe(true)
    }
    expect(events.lost.all).toEqual([])
    expect(isOrdered([...numbers(before.teas), ...numbers(after.teas)])).toBe(true)

    expect(sent.map(({ number }: { number: number }) => number)).toEqual(numbers(sdk.teas))
    for (const { due, startedAt, number } of sent) {
      expect(sdk.teas.all.find(({ tea }) => tea === number)!.due).toBe(Date.parse(due))
      expect(startedAt >= due).toBe(true)
    }
    // The last of them was heard by three connections.
    const { receipt, id } = sent.at(-1)
    expect(receipt).toMatchObject({ id, kind: "schedule", schedule: "tea", channels: ["news", "broadcast"] })
    expect(receipt.written).toBeGreaterThanOrEqual(3)
    expect((await api("GET", `/api/receipts/${id}`)).json).toEqual(receipt)
    expect((await api("GET", "/api/schedules/tea")).json).toMatchObject({ state: "paused", runs: last })
  })
})
