/** Servers that are killed again and again while many publish, and what durable history has of it afterwards. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { PublicationContext, SubscribedContext } from "centrifuge"
import { describe, expect, it } from "vitest"
import { connected, heard, makeSdk, sdkKinds, subscribed } from "../support/centrifuge/npmClient.ts"
import { freePort } from "../support/client/servers.ts"
import { ask } from "../support/server/ask.ts"
import { API_KEY, launch, type ServerProcess } from "../support/server/ServerProcess.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

/** Kills; CLARION_TEST_KILLS asks for more of them. */
const ROUNDS = Number(process.env.CLARION_TEST_KILLS ?? 20)
const PUBLISHERS = 6
const CHANNELS = ["safe:a", "safe:b"]

interface Position {
  readonly offset: number
  readonly epoch: string
}

/** Servers one after the other, on one port with one store. */
const start = async (workers = 0) => {
  const folder = temporaryFolder()
  const config = join(folder, "conf.json")
  const safe = { name: "safe", historySize: 100_000, historyTtl: "1 hour", history: { durable: true } }
  writeFileSync(
    config,
    JSON.stringify({
      client: { insecure: true, allowedOrigins: ["*"] },
      channels: { namespaces: [{ ...safe, forceRecovery: true }] }
    })
  )
  const port = await freePort()
  const where = ["--server.port", String(port), "--store.path", join(folder, "store")]
  const serve = async (): Promise<ServerProcess> => {
    const server = launch(["--config", config, ...where, "--server.workers", String(workers)])
    await server.port()
    return server
  }
  return { port, serve }
}

const api = async (port: number, method: string, body: object) => {
  const headers = { "x-api-key": API_KEY, "content-type": "application/json" }
  const answer = JSON.parse(
    (await ask(port, `/api/${method}`, { method: "POST", headers, body: JSON.stringify(body) })).body
  )
  expect(answer.error).toBeUndefined()
  return answer.result
}

const kill = async (server: ServerProcess) => {
  server.kill("SIGKILL")
  expect((await server.ended).signal).toBe("SIGKILL")
}

/** Publishes one after the other until the server is gone; what has a key is tried again where it was not answered. */
class Source {
  readonly acknowledged = new Map<string, Position>()
  #next = 0

  constructor(
    readonly port: number,
    readonly number: number,
    readonly onAcknowledged: () => void
  ) {}

  get channel(): string {
    return CHANNELS[this.number % CHANNELS.length]!
  }

  async publish(): Promise<void> {
    while (true) {
      const data = `${this.number}.${this.#next}`
      const key = this.number % 3 === 0 ? {} : { idempotency_key: data }
      // Without a key nobody can know whether it happened: it is not published again.
      if (this.number % 3 === 0) this.#next++
      const body = { channel: this.channel, data, ...key }
      const position = await api(this.port, "publish", body).catch(() => undefined)
      if (position === undefined) return
      if (this.number % 3 !== 0) this.#next++
      this.acknowledged.set(data, position)
      this.onAcknowledged()
    }
  }
}

describe("a server that is killed", () => {
  it.each([0, 2])(
    "goes on where it was, with %i workers: clients recover, and nothing acknowledged is lost",
    async (workers) => {
      const { port, serve } = await start(workers)
      let server = await serve()
      const sdk = makeSdk(port, sdkKinds[0]!)
      const subscription = sdk.newSubscription("safe:news", { recoverable: true })
      const publications = heard<PublicationContext>(subscription, "publication")
      const comes = heard<SubscribedContext>(subscription, "subscribed")
      await connected(sdk)
      await subscribed(subscription)
      const first = await api(port, "publish", { channel: "safe:news", data: 1 })
      await publications.count(1)
      for (let round = 1; round <= 3; round++) {
        // What is published while the client is away is what it missed.
        sdk.disconnect()
        await api(port, "publish", { channel: "safe:news", data: 2 * round, idempotency_key: `k${round}` })
        await kill(server)
        server = await serve()
        const again = { channel: "safe:news", data: "again", idempotency_key: `k${round}` }
        expect(await api(port, "publish", again)).toEqual({ offset: 2 * round, epoch: first.epoch })
        await api(port, "publish", { channel: "safe:news", data: 2 * round + 1 })
        sdk.connect()
        await comes.count(round + 1)
        await publications.count(2 * round + 1)
      }
      expect(comes.all.slice(1)).toHaveLength(3)
      for (const { wasRecovering, recovered, streamPosition } of comes.all.slice(1))
        expect([wasRecovering, recovered, streamPosition?.epoch]).toEqual([true, true, first.epoch])
      expect(publications.all.map(({ data, offset }) => [data, offset])).toEqual(
        [1, 2, 3, 4, 5, 6, 7].map((number) => [number, number])
      )
    },
    60_000
  )

  it(
    `${ROUNDS} times while ${PUBLISHERS} publish: no acknowledged publication is lost, no offset is used twice`,
    async () => {
      const { port, serve } = await start()
      const acknowledged = heardCount()
      const sources = Array.from(
        { length: PUBLISHERS },
        (_, number) => new Source(port, number, acknowledged.add)
      )
      let server = await serve()
      const sdk = makeSdk(port, sdkKinds[0]!)
      const heardIn = CHANNELS.map((channel) => {
        const subscription = sdk.newSubscription(channel, { recoverable: true })
        subscription.subscribe()
        return {
          publications: heard<PublicationContext>(subscription, "publication"),
          comes: heard<SubscribedContext>(subscription, "subscribed")
        }
      })
      await connected(sdk)
      for (const { comes } of heardIn) await comes.count(1)
      for (let round = 0; round < ROUNDS; round++) {
        if (round > 0) server = await serve()
        const publishing = sources.map((source) => source.publish())
        // Others are on their way at that moment.
        await acknowledged.more(10 + Math.floor(Math.random() * 50))
        await kill(server)
        await Promise.all(publishing)
      }
      server = await serve()
      for (const [at, channel] of CHANNELS.entries()) {
        const { publications, offset, epoch } = await api(port, "history", { channel, limit: 100_000 })
        const entries = publications as ReadonlyArray<{ readonly data: string; readonly offset: number }>
        expect(entries.map((entry) => entry.offset)).toEqual(Array.from({ length: offset }, (_, n) => n + 1))
        expect(new Set(entries.map(({ data }) => data)).size).toBe(entries.length)
        const byData = new Map(entries.map((entry) => [entry.data, entry.offset]))
        for (const source of sources.filter((one) => one.channel === channel)) {
          expect(source.acknowledged.size).toBeGreaterThan(0)
          for (const [data, position] of source.acknowledged)
            expect([data, position]).toEqual([data, { offset: byData.get(data), epoch }])
        }
        // The client was there all the time, and came back each time.
        const { publications: got, comes } = heardIn[at]!
        await got.until((all) => all.at(-1)?.offset === offset)
        expect(got.all.map(({ data, offset }) => [data, offset])).toEqual(
          entries.map(({ data, offset }) => [data, offset])
        )
        expect(comes.all.slice(1).every(({ recovered }) => recovered)).toBe(true)
      }
    },
    60_000 + ROUNDS * 6000
  )
})

/** Counts, and waits for so many more. */
const heardCount = () => {
  const waiting = new Set<{ left: number; readonly go: () => void }>()
  return {
    add: () => {
      for (const one of waiting) {
        one.left--
        if (one.left > 0) continue
        waiting.delete(one)
        one.go()
      }
    },
    more: (count: number) => new Promise<void>((go) => void waiting.add({ left: count, go }))
  }
}
