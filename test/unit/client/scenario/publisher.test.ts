/** The client's own publications, on the test's clock, through a server API that answers as the test says. */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect, onTestFinished } from "vitest"
import { batchUrl, makePublisher } from "../../../../src/client/scenario/Publisher.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { clientConfig, type Settings, socketsTurn } from "../../../support/client/ramps.ts"
import { Heard } from "../../../support/server/Heard.ts"

interface Asked {
  readonly url: string
  readonly key: unknown
  readonly channel: string
  readonly data: ReadonlyArray<{ readonly stamp: number; readonly seq: number }>
  readonly answer: (status?: number, body?: string) => void
}

/** Every request waits for the test to answer it. */
const api = async () => {
  const requests = new Heard<Asked>()
  const server = createServer(async (request, response: ServerResponse) => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { commands } = JSON.parse(Buffer.concat(chunks).toString())
    const replies = JSON.stringify({ replies: commands.map(() => ({ publish: {} })) })
    requests.add({
      url: request.url ?? "",
      key: request.headers["x-api-key"],
      channel: commands[0].publish.channel,
      data: commands.map(({ publish }: { publish: { data: unknown } }) => publish.data),
      answer: (status = 200, body = replies) => response.writeHead(status).end(body)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests }
}

/** A publisher towards such an API. */
const publishing = Effect.fnUntraced(function* (settings: Settings = {}) {
  const { port, requests } = yield* Effect.promise(api)
  const config = clientConfig({
    ...{ "server.uri": `ws://127.0.0.1:${port}`, "publish.apiKey": "key" },
    ...{ "protocol.type": "centrifuge", "protocol.channel": "news", ...settings }
  })
  const publisher = yield* makePublisher(config)
  /** The request of this number, from 1. */
  const request = (number: number) => Effect.promise(async () => (await requests.count(number))[number - 1]!)
  /** Lets sockets and clock go on until it is so. */
  const until = Effect.fnUntraced(function* (isSo: () => boolean) {
    for (let turn = 0; turn < 1000 && !isSo(); turn++) yield* socketsTurn
    expect(isSo()).toBe(true)
  })
  return { publisher, requests, request, until }
})

const numbers = ({ data }: Asked) => data.map(({ seq }) => seq)
const stamps = ({ data }: Asked) => data.map(({ stamp }) => stamp)

describe("the client's own publications", () => {
  it.effect("go to the channel at their times, and what is due meanwhile goes with the next request", () =>
    Effect.gen(function* () {
      const { publisher, request, until } = yield* publishing()
      const fiber = yield* Effect.forkChild(publisher.at(10), { startImmediately: true })
      const first = yield* request(1)
      expect([first.url, first.key, first.channel]).toEqual(["/api/batch", "key", "news"])
      expect([numbers(first), stamps(first)]).toEqual([[1], [0]])
      yield* TestClock.adjust(350)
      first.answer()
      const second = yield* request(2)
      expect([numbers(second), stamps(second)]).toEqual([
        [2, 3, 4],
        [100, 200, 300]
      ])
      second.answer()
      yield* until(() => publisher.figures().published === 4)
      expect(publisher.published()).toBe(300)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it.effect("that were not taken are counted and told, and their numbers used again", () =>
    Effect.gen(function* () {
      const logs = new CapturedLogs()
      yield* Effect.gen(function* () {
        const { publisher, request, until } = yield* publishing()
        const fiber = yield* Effect.forkChild(publisher.at(1), { startImmediately: true })
        ;(yield* request(1)).answer(500, "oops")
        yield* until(() => publisher.figures().failed === 1)
        yield* TestClock.adjust("1 second")
        const second = yield* request(2)
        expect(numbers(second)).toEqual([1])
        second.answer()
        yield* until(() => publisher.figures().published === 1)
        expect(publisher.figures()).toEqual({ published: 1, failed: 1, skipped: 0 })
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.provide(logs.layer))
      expect(logs.texts("Warn")).toEqual(["publishing: the server API answered with HTTP 500: oops"])
    })
  )

  it.effect("are not waited for longer than five seconds, and those that are late by then are left out", () =>
    Effect.gen(function* () {
      const { publisher, request, until } = yield* publishing()
      const fiber = yield* Effect.forkChild(publisher.at(10), { startImmediately: true })
      yield* request(1)
      yield* TestClock.adjust("5 seconds")
      yield* until(() => publisher.figures().failed === 1)
      yield* TestClock.adjust("500 millis")
      const second = yield* request(2)
      // Due at 100 to 5,500 ms, and not before 4,500.
      expect(stamps(second)[0]).toBe(4500)
      expect(publisher.figures()).toEqual({ published: 0, failed: 1, skipped: 44 })
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it.effect("that a server which stopped has not taken at the end of the run are all counted", () =>
    Effect.gen(function* () {
      const { publisher, request, requests, until } = yield* publishing()
      const fiber = yield* Effect.forkChild(publisher.at(10), { startImmediately: true })
      ;(yield* request(1)).answer()
      yield* until(() => publisher.figures().published === 1)
      yield* TestClock.adjust(100)
      yield* request(2)
      yield* TestClock.adjust(3900)
      yield* Fiber.interrupt(fiber)
      const finish = yield* Effect.forkChild(publisher.finish, { startImmediately: true })
      yield* TestClock.adjust(1000)
      expect(finish.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(200)
      yield* until(() => finish.pollUnsafe() !== undefined)
      // Due at 0, at 100, and then until the end of the run at 4,000 ms.
      expect(publisher.figures()).toEqual({ published: 1, failed: 1, skipped: 38 })
      expect(requests.all).toHaveLength(2)
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it.effect("that were due when the run ended are still made where the server takes them", () =>
    Effect.gen(function* () {
      const { publisher, request, until } = yield* publishing()
      const fiber = yield* Effect.forkChild(publisher.at(10), { startImmediately: true })
      const first = yield* request(1)
      yield* TestClock.adjust(250)
      yield* Fiber.interrupt(fiber)
      const finish = yield* Effect.forkChild(publisher.finish, { startImmediately: true })
      first.answer()
      const second = yield* request(2)
      expect(stamps(second)).toEqual([100, 200])
      second.answer()
      yield* until(() => finish.pollUnsafe() !== undefined)
      expect(publisher.figures()).toEqual({ published: 3, failed: 0, skipped: 0 })
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it.effect("for some time end with it, when all that were due are tried", () =>
    Effect.gen(function* () {
      const { publisher, request, requests, until } = yield* publishing()
      const fiber = yield* Effect.forkChild(publisher.at(10, 300), { startImmediately: true })
      ;(yield* request(1)).answer()
      yield* until(() => publisher.figures().published === 1)
      yield* TestClock.adjust(1000)
      const second = yield* request(2)
      expect(stamps(second)).toEqual([100])
      second.answer()
      // The time is over, and this one was due in it.
      const third = yield* request(3)
      expect(stamps(third)).toEqual([200])
      expect(fiber.pollUnsafe()).toBeUndefined()
      third.answer()
      yield* until(() => fiber.pollUnsafe() !== undefined)
      yield* TestClock.adjust("1 minute")
      yield* socketsTurn
      expect(requests.all).toHaveLength(3)
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it.effect("that are under way when they are interrupted count all the same, before others follow", () =>
    Effect.gen(function* () {
      const { publisher, request, requests } = yield* publishing()
      const fiber = yield* Effect.forkChild(publisher.at(10), { startImmediately: true })
      const first = yield* request(1)
      yield* Fiber.interrupt(fiber)
      const next = yield* Effect.forkChild(publisher.at(10), { startImmediately: true })
      yield* TestClock.adjust(100)
      yield* socketsTurn
      expect(requests.all).toHaveLength(1)
      first.answer()
      const second = yield* request(2)
      expect(numbers(second)[0]).toBe(2)
      expect(stamps(second)[0]).toBe(100)
      yield* Fiber.interrupt(next)
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it.effect("that the server refuses for good fail", () =>
    Effect.gen(function* () {
      for (const [status, body, why] of [
        [401, "", /cannot publish through .*: publish\.apiKey is not the server's/],
        [200, '{"replies":[{"error":{"code":102,"message":"unknown channel"}}]}', /unknown channel/]
      ] as const) {
        const { publisher, request } = yield* publishing()
        const fiber = yield* Effect.forkChild(publisher.at(1), { startImmediately: true })
        ;(yield* request(1)).answer(status, body)
        const exit = yield* Fiber.await(fiber)
        expect(Exit.isFailure(exit) && String(exit.cause)).toMatch(why)
      }
    }).pipe(Effect.provide(new CapturedLogs().layer))
  )

  it("go where the run goes, or to publish.uri", () => {
    const url = (settings: Settings) => batchUrl(clientConfig(settings)).href
    expect(url({ "server.uri": "ws://push.test:8000/x?y" })).toBe("http://push.test:8000/api/batch")
    expect(url({ "server.uri": "wss://push.test" })).toBe("https://push.test/api/batch")
    expect(url({ "publish.uri": "https://push.test:9000" })).toBe("https://push.test:9000/api/batch")
  })
})
