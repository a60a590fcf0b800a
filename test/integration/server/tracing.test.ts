/** Traces of publications, from a whole server to a collector. What waits is exported when the server ends. */
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import { describe, expect, it } from "vitest"
import { Publisher } from "../../../src/services/Publisher.ts"
import { scheduleClient } from "../../support/schedules/scheduleClient.ts"
import { ask } from "../../support/server/ask.ts"
import { connect, connectMany } from "../../support/server/clients.ts"
import { API_KEY, type Served, serve } from "../../support/server/serve.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { type CollectedSpan, Collector, tracingTo } from "../../support/tracing/Collector.ts"

const SERVER = 2
const PRODUCER = 4
const INTERNAL = 1

const TRACE = "0af7651916cd43dd8448eb211c80319c"
const SPAN = "b7ad6b7169203331"
const STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
const CALLER = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: STATE }

const NAMESPACES = [
  { name: "chat", historySize: 10, historyTtl: "1 minute", allowSubscribeForClient: true },
  { name: "old" }
]

const api = async (served: Served, path: string, body: object, headers: Record<string, string> = {}) => {
  const { status, body: text } = await ask(served.port, path, {
    method: "POST",
    headers: { "x-api-key": API_KEY, ...headers },
    body: JSON.stringify(body)
  })
  return { status, text }
}

const tracedServer = async (more: Readonly<Record<string, unknown>> = {}) => {
  const collector = await Collector.start()
  return {
    collector,
    served: await serve(
      tracingTo(collector, { "channels.namespaces": NAMESPACES, "client.insecure": true, ...more })
    )
  }
}

const isWithin = (inner: CollectedSpan, outer: CollectedSpan) =>
  inner.start >= outer.start && inner.end <= outer.end && inner.start <= inner.end

const clarionCounts = ({ attributes }: CollectedSpan) =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      name.startsWith("clarion.delivery.") ? [[name.slice("clarion.delivery.".length), value]] : []
    )
  )

describe("a publication of the server API", () => {
  it("is a trace from the request to each shard, below the caller's span", async () => {
    const { collector, served } = await tracedServer({ "server.shards": 2, "tracing.serviceName": "news" })
    // Neighbours share a shard; subscribers of the channel in one, others in both.
    const clients = await connectMany(served.url("/?channels=chat:1"), 3)
    const asked = await api(served, "/api/publish", { channel: "chat:1", data: { text: "hello" } }, CALLER)
    expect(asked.status).toBe(200)
    for (const { messages } of clients) await messages.count(1)
    await served.stop()

    const request = collector.only("POST /api/publish")
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, kind: SERVER, status: { code: 0 } })
    expect(request.attributes).toEqual({
      "http.request.method": "POST",
      "http.route": "/api/publish",
      "http.response.status_code": 200,
      "url.path": "/api/publish",
      "url.scheme": "http"
    })
    expect(request.resource).toMatchObject({ "service.name": "news", "process.pid": process.pid })

    expect([...new Set(collector.spans.all.map(({ traceState }) => traceState))]).toEqual([STATE])

    const publication = collector.only("publish chat:{channel}")
    expect(collector.below(request)).toEqual([publication])
    expect(publication).toMatchObject({ kind: PRODUCER, status: { code: 0 } })
    expect(publication.attributes).toEqual({
      "messaging.system": "clarion",
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.destination.name": "chat:1",
      "messaging.destination.template": "chat:{channel}",
      "messaging.message.body.size": 16,
      "clarion.stream.offset": 1,
      "clarion.stream.epoch": expect.any(String)
    })
    expect(isWithin(publication, request)).toBe(true)

    const fanOut = collector.only("fan-out chat:{channel}")
    expect(collector.below(publication)).toEqual([fanOut])
    expect(fanOut.kind).toBe(INTERNAL)
    expect(clarionCounts(fanOut)).toEqual({
      eligible: 3,
      written: 3,
      dropped: 0,
      dropped_slow: 0,
      dropped_mailbox: 0,
      closed: 0
    })
    const [shard] = collector.below(fanOut)
    expect(collector.below(fanOut)).toHaveLength(1)
    expect(shard).toMatchObject({ name: "fan-out shard", attributes: { "clarion.shard": "shard-0" } })
    expect(clarionCounts(shard!)).toEqual(clarionCounts(fanOut))
    expect(fanOut.events["clarion.first_write"]).toBe(shard!.start)
    expect(fanOut.events["clarion.last_write"]).toBe(fanOut.end)
    expect(isWithin(shard!, fanOut)).toBe(true)
    expect(fanOut.start).toBeGreaterThanOrEqual(publication.start)
    expect(collector.spans.all).toHaveLength(4)
  })

  it("tells what was dropped for a full mailbox, and that nobody listens", async () => {
    const { collector, served } = await tracedServer({ "limits.mailbox": 1, "server.shards": 1 })
    await connect(served.url())
    const commands = Array.from({ length: 3 }, (_, i) => ({ publish: { channel: "broadcast", data: i } }))
    await api(served, "/api/batch", { commands: [...commands, { publish: { channel: "nobody", data: 1 } }] })
    await served.broadcastAll(["1", "2", "3", "4"])
    await served.stop()
    const counts = collector.named("fan-out broadcast").map(clarionCounts)
    expect(counts.some(({ dropped_mailbox: full, dropped }) => full === 1 && dropped === 1)).toBe(true)
    expect(clarionCounts(collector.only("fan-out {channel}"))).toMatchObject({ eligible: 0, written: 0 })
    const nobody = collector.only("fan-out {channel}")
    expect(collector.below(nobody)).toEqual([])
    expect(nobody.events).toEqual({})
  })

  it("is not traced where the caller's span is not sampled", async () => {
    const { collector, served } = await tracedServer()
    const header = { traceparent: `00-${TRACE}-${SPAN}-00` }
    for (const path of ["/api/publish", "/api/batch"]) {
      const body = { channel: "a", data: 1 }
      await api(served, path, path === "/api/batch" ? { commands: [{ publish: body }] } : body, header)
    }
    await served.stop()
    expect(collector.requests.all).toEqual([])
  })

  it("is traced at any ratio where the caller's span is sampled, and else by chance", async () => {
    const { collector, served } = await tracedServer({ "tracing.sampleRatio": 0 })
    await api(served, "/api/publish", { channel: "a", data: 1 }, CALLER)
    await api(served, "/api/publish", { channel: "b", data: 1 })
    await served.broadcast("hello")
    await served.stop()
    expect(collector.spans.all.map(({ name, traceId }) => [name, traceId])).toEqual([
      ["fan-out {channel}", TRACE],
      ["publish {channel}", TRACE],
      ["POST /api/publish", TRACE]
    ])
    expect(collector.only("publish {channel}").attributes["messaging.destination.name"]).toBe("a")
  })

  it("in many channels or in a batch has a span for each, up to a bound", async () => {
    const { collector, served } = await tracedServer()
    const channels = Array.from({ length: 150 }, (_, i) => `c${i}`)
    await api(served, "/api/broadcast", { channels, data: 1 })
    const commands = ["a", "b"].map((channel) => ({ publish: { channel, data: 1 } }))
    await api(served, "/api/batch", { commands, parallel: true })
    await served.stop()
    const broadcast = collector.only("POST /api/broadcast")
    expect(collector.below(broadcast)).toHaveLength(100)
    expect(broadcast.attributes["messaging.batch.message_count"]).toBe(150)
    const batch = collector.only("POST /api/batch")
    expect(batch.parentSpanId).toBeUndefined()
    expect(batch.traceId).not.toBe(broadcast.traceId)
    const names = collector.below(batch).map(({ attributes }) => attributes["messaging.destination.name"])
    expect(names).toEqual(["a", "b"])
  })

  it("tells of errors, and of what was not published again", async () => {
    const { collector, served } = await tracedServer()
    await api(served, "/api/publish", { channel: "unknown:1", data: 1 })
    for (const _ of [1, 2])
      await api(served, "/api/publish", { channel: "chat:1", data: 1, idempotency_key: "k" })
    await api(served, "/api/presence", { channel: "chat:1" }, CALLER)
    await served.stop()
    const requests = collector.named("POST /api/publish")
    expect(requests.map(({ status }) => status.code)).toEqual([2, 0, 0])
    expect(requests[0]!.attributes["error.type"]).toBe("102")
    const publications = collector.named("publish chat:{channel}")
    expect(publications.map(({ attributes }) => attributes["clarion.publication.suppressed"])).toEqual([
      undefined,
      true
    ])
    expect(collector.named("fan-out chat:{channel}")).toHaveLength(1)
    // Only what publishes is traced.
    expect(collector.spans.all.some(({ name }) => name.includes("presence"))).toBe(false)
  })

  it("names its receipt", async () => {
    const { collector, served } = await tracedServer()
    await connect(served.url())
    await api(served, "/api/publish", { channel: "broadcast", data: 1, receipt: "r1" })
    await served.stop()
    expect(collector.only("fan-out broadcast").attributes["clarion.receipt.id"]).toBe("r1")
  })
})

describe("a broadcast of the program", () => {
  it("is a trace of its own, or below the span in which it is made", async () => {
    const { collector, served } = await tracedServer({ "server.shards": 2 })
    await connectMany(served.url(), 200)
    await served.broadcast("hello", { id: "b1" })
    const above = Tracer.externalSpan({ traceId: TRACE, spanId: SPAN, sampled: true })
    const publisher = Effect.flatMap(Publisher, (one) => one.broadcast("hello"))
    await served.runtime.runPromise(Effect.provideService(publisher, Tracer.ParentSpan, above))
    // A span of a tracer that exports nothing says nothing.
    await served.runtime.runPromise(Effect.withSpan(publisher, "somewhere"))
    const inside = Effect.withSpan(publisher, "below that span")
    await served.runtime.runPromise(Effect.provideService(inside, Tracer.ParentSpan, above))
    await served.stop()
    const publications = collector.named("publish broadcast")
    expect(publications.map(({ parentSpanId }) => parentSpanId)).toEqual([undefined, SPAN, undefined, SPAN])
    expect(publications[1]!.traceId).toBe(TRACE)
    expect(publications[0]!.attributes).not.toHaveProperty("messaging.destination.template")
    const [fanOut] = collector.below(publications[0]!)
    expect(fanOut!.attributes).toMatchObject({ "clarion.receipt.id": "b1", "clarion.delivery.written": 200 })
    const shards = collector.below(fanOut!)
    expect(shards.map(({ attributes }) => attributes["clarion.shard"]).sort()).toEqual(["shard-0", "shard-1"])
    const written = shards.map(({ attributes }) => Number(attributes["clarion.delivery.written"]))
    expect(written[0]! + written[1]!).toBe(200)
  })

  it("of the timer is traced", async () => {
    const { collector, served } = await tracedServer({
      onlyTestConnect: false,
      totalSize: 1,
      "sending.timer.delay": "20 ms",
      "sending.timer.interval": "20 ms"
    })
    const client = await connect(served.url())
    await client.messages.count(2)
    await served.stop()
    const [first, second] = collector.named("publish broadcast")
    expect(first!.traceId).not.toBe(second!.traceId)
    expect(collector.below(first!).map(({ name }) => name)).toEqual(["fan-out broadcast"])
  })
})

it("the run of a schedule is a trace", async () => {
  const store = { "store.path": temporaryFolder() }
  const { collector, served } = await tracedServer(store)
  const schedules = scheduleClient(served.port)
  await schedules("POST", "/api/schedules", { id: "s1", delay: "1 hour", channels: ["chat:1"], data: 1 })
  const { json: run } = await schedules("POST", "/api/schedules/s1/run")
  await schedules("POST", "/api/schedules", { id: "s2", delay: "1 hour", channels: ["old:2"], data: 1 })
  await served.stop()
  // Its channel is no more.
  const later = await serve(tracingTo(collector, store))
  await scheduleClient(later.port)("POST", "/api/schedules/s2/run")
  await later.stop()
  const [sent, failed] = collector.named("run schedule")
  expect(sent).toMatchObject({ parentSpanId: undefined, status: { code: 0 } })
  expect(sent!.attributes).toEqual({
    "clarion.schedule.id": "s1",
    "clarion.run.id": run.id,
    "clarion.run.number": 1,
    "clarion.run.due": expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    "clarion.run.outcome": "sent"
  })
  const [publication] = collector.below(sent!)
  expect(publication!.attributes["messaging.destination.name"]).toBe("chat:1")
  const [fanOut] = collector.below(publication!)
  expect(fanOut!.attributes["clarion.receipt.id"]).toBe(run.id)
  expect(failed).toMatchObject({ status: { code: 2 }, attributes: { "error.type": "failed" } })
  expect(failed!.status.message).toContain("old:2")
})

it("without an endpoint nothing is traced, and nobody is asked", async () => {
  const served = await serve({ "tracing.sampleRatio": 1 })
  expect((await api(served, "/api/publish", { channel: "a", data: 1 }, CALLER)).status).toBe(200)
  const metrics = [...(await served.figures()).keys()]
  expect(metrics.filter((name) => name.includes("trace"))).toEqual([])
})
