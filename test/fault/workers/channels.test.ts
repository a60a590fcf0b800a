/** What clients of channels notice of a worker that dies, and of a primary that does not answer. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it, vi } from "vitest"
import { PushServer } from "../../../src/PushServer.ts"
import { BackendHooks } from "../../../src/services/backend/Backend.ts"
import { connectScript } from "../../support/centrifuge/Script.ts"
import { look } from "../../support/processes/running.ts"
import { configOf } from "../../support/server/serve.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { serveApi } from "../../support/workers/ApiServer.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const numbersTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

describe.each(["uws", "ws"])("a worker with clients on %s", (transport) => {
  // The kernel may give connections to a worker that is stopped or about to be gone: the API has a port of its own.
  const start = (...args: ReadonlyArray<string>) =>
    serveApi(2, ["--server.transport", transport, "--admin.port", "0", ...args])

  it("killed: its clients come back elsewhere and recover everything, the others miss nothing", async () => {
    const server = await start()
    const [lost, other] = await server.sdkEach()
    const heard = [await lost!.subscribe("recovery:a"), await other!.subscribe("recovery:a")]
    for (const n of numbersTo(20)) await server.publish("recovery:a", n)
    for (const { publications } of heard) await publications.count(20)
    const before = lost!.id
    process.kill(server.server.workers[0]!, "SIGKILL")
    for (const n of numbersTo(20)) await server.publish("recovery:a", 20 + n)
    await lost!.connected.count(2)
    await heard[0]!.subscribed.count(2)
    for (const n of numbersTo(20)) await server.publish("recovery:a", 40 + n)
    for (const { publications } of heard) {
      await publications.count(60)
      expect(publications.all.map(({ data }) => data)).toEqual(numbersTo(60))
    }
    expect(heard[0]!.subscribed.all.at(-1)).toMatchObject({ wasRecovering: true, recovered: true })
    expect(heard[1]!.subscribed.all.length).toBe(1)
    expect([lost!.id === before, other!.interrupted.all]).toEqual([false, []])
  })

  it("killed: nobody of it is present any more, and its channels are nobody's", async () => {
    const server = await start()
    const [lost, other] = await server.sdkEach()
    for (const sdk of [lost!, other!]) await sdk.subscribe("news")
    await lost!.subscribe("own")
    await server.present("news", [lost!.id, other!.id])
    const known = server.server.workers
    // It shall not come back by itself.
    const ended = lost!.interrupted.count(1)
    lost!.client.on("connecting", () => lost!.client.disconnect())
    process.kill(known[0]!, "SIGKILL")
    await ended
    await server.present("news", [other!.id])
    await server.present("own", [])
    expect(await server.channels()).toEqual({ news: 1 })
    // The one in its place has an id of its own.
    await server.server.newWorker(known)
    let nodes = await server.nodes()
    while (nodes.length < 2) {
      await look()
      nodes = await server.nodes()
    }
    expect(nodes.map(({ name }) => name).sort()).toEqual(["worker-0", "worker-1"])
  })

  it("stopped and killed for it: the same, and what is published meanwhile reaches the others at once", async () => {
    const server = await start("--server.heartbeat.interval", "100", "--server.heartbeat.timeout", "500")
    const [lost, other] = await server.sdkEach()
    const heard = [await lost!.subscribe("recovery:a"), await other!.subscribe("recovery:a")]
    process.kill(server.server.workers[0]!, "SIGSTOP")
    for (const n of numbersTo(10)) await server.publish("recovery:a", n)
    await heard[1]!.publications.count(10)
    // A command of the API waits for it, but not longer than it is let live.
    await server.api("unsubscribe", { user: "nobody", channel: "recovery:a" })
    await heard[0]!.subscribed.count(2)
    await server.publish("recovery:a", 11)
    for (const { publications } of heard) {
      await publications.count(11)
      expect(publications.all.map(({ data }) => data)).toEqual(numbersTo(11))
    }
  })
})

it("while the primary does not answer, commands that need it fail with error 100, and succeed afterwards", async () => {
  const server = await serveApi(2)
  const script = await connectScript(server)
  const publish = (id: number) => ({ id, publish: { channel: "recovery:a", data: { id } } })
  server.server.process.kill("SIGSTOP")
  await script.say(
    publish(2),
    { id: 3, subscribe: { channel: "recovery:a" } },
    { id: 4, rpc: { method: "x" } }
  )
  expect((await script.reply(2)).error).toMatchObject({ code: 100, temporary: true })
  expect((await script.reply(3)).error).toMatchObject({ code: 100, temporary: true })
  // What does not need the primary is answered all the same.
  expect((await script.reply(4)).error).toMatchObject({ code: 108 })
  server.server.process.kill("SIGCONT")
  await script.say({ id: 5, subscribe: { channel: "recovery:a" } }, publish(6))
  expect((await script.reply(5)).error).toBeUndefined()
  expect((await script.reply(6)).error).toBeUndefined()
  const last = await script.line(({ push }) => push?.pub?.data?.id === 6)
  // The publication that nobody had the answer to happened all the same.
  expect(last.push.pub.offset).toBe(2)
})

it("a backend's hooks are functions of this process: with workers the start fails and says so", async () => {
  const config = configOf({ "server.workers": 2, "store.path": temporaryFolder() })
  const hooks = Layer.succeed(BackendHooks, { connect: () => Effect.die("never asked") })
  const failure = await Effect.runPromise(
    Effect.flip(Effect.scoped(Layer.build(Layer.provide(PushServer.layer(config), hooks))))
  )
  expect(failure).toMatchObject({
    _tag: "HooksElsewhere",
    hooks: ["connect"],
    message: expect.stringContaining("server.workers 0")
  })
})
