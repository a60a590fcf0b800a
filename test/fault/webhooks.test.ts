/** A server that is killed while it delivers webhooks, and the one after it. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { HttpBackend, type HttpRequest, silence, status } from "../support/HttpBackend.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

interface Told {
  readonly id: string
  readonly channel: string
}
const eventsOf = (requests: ReadonlyArray<HttpRequest>): ReadonlyArray<Told> =>
  requests.flatMap(({ text }) => JSON.parse(text).events as ReadonlyArray<Told>)

const start = (endpoint: string, store: string, count: number) => {
  const script = fileURLToPath(new URL("../support/processes/teller.mjs", import.meta.url))
  const teller = fork(script, [endpoint, store, String(count)], { silent: true })
  const ended = new Promise((resolve) => teller.once("exit", (_, signal) => resolve(signal)))
  onTestFinished(() => void teller.kill("SIGKILL"))
  return { kill: () => teller.kill("SIGKILL"), ended }
}

it("events outlive the process: those that were not acknowledged come from the next, in their order", async () => {
  const store = temporaryFolder()
  const receiver = await HttpBackend.start((request, response, index) =>
    (index < 2 ? status(200) : silence)(request, response, index)
  )
  const first = start(receiver.url, store, 20)
  await receiver.requests.count(3)
  first.kill()
  expect(await first.ended).toBe("SIGKILL")

  receiver.answer = status(200)
  start(receiver.url, store, 1)
  // 9 were sent by the first, 6 of them acknowledged.
  await receiver.requests.until((all) => eventsOf(all).length === 9 + 14 + 1)
  const events = eventsOf(receiver.requests.all)
  const channels = Array.from({ length: 20 }, (_, n) => `c${n}`)
  expect(events.map(({ channel }) => channel)).toEqual([...channels.slice(0, 9), ...channels.slice(6), "c0"])
  // Who knows the ids has everything once.
  expect(new Set(events.map(({ id }) => id)).size).toBe(21)
})
