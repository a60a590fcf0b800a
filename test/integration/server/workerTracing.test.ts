/** Traces of publications on a server of worker processes: what happens in workers comes back, and the primary exports it. */
import { expect, it, vi } from "vitest"
import { ask } from "../../support/server/ask.ts"
import { connect } from "../../support/server/clients.ts"
import { API_KEY } from "../../support/server/ServerProcess.ts"
import { serveWorkers } from "../../support/server/workers.ts"
import { Collector } from "../../support/tracing/Collector.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

it("a trace goes through all workers, and is exported before the server ends", async () => {
  const collector = await Collector.start()
  const server = await serveWorkers(2, [
    ...["--tracing.otlp.endpoint", collector.url, "--tracing.sampleRatio", "0"],
    ...["--tracing.otlp.headers", '{"x-tenant":"secret"}', "--client.insecure", "true"]
  ])
  const clients = await server.spread(10)
  const subscriber = await connect(`${server.url}?channels=news`)
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`
  const asked = (channel: string, header: object) =>
    ask(server.port, "/api/publish", {
      method: "POST",
      headers: { "x-api-key": API_KEY, ...header },
      body: JSON.stringify({ channel, data: "hello" })
    })
  await asked("broadcast", { traceparent })
  await asked("news", { traceparent })
  await asked("news", {})
  await Promise.all(clients.map(({ messages }) => messages.count(1)))
  await subscriber.messages.count(2)
  server.process.kill("SIGTERM")
  expect(await server.process.ended).toMatchObject({ code: 0 })

  expect(collector.requests.all[0]!.headers["x-tenant"]).toBe("secret")
  expect(new Set(collector.spans.all.map(({ traceId }) => traceId))).toEqual(new Set(["a".repeat(32)]))
  const toAll = collector.only("fan-out broadcast")
  const workers = collector.below(toAll)
  expect(workers.map(({ name, attributes }) => [name, attributes["clarion.worker"]]).sort()).toEqual([
    ["fan-out worker", "worker-0"],
    ["fan-out worker", "worker-1"]
  ])
  const written = (spans: typeof workers) =>
    spans.reduce((sum, { attributes }) => sum + Number(attributes["clarion.delivery.written"]), 0)
  expect(written(workers)).toBe(clients.length)
  for (const worker of workers) {
    const shards = collector.below(worker)
    expect(shards.length).toBeGreaterThan(0)
    for (const shard of shards) expect(shard.attributes["clarion.shard"]).toMatch(/^shard-[01]$/)
    expect(written(shards)).toBe(written([worker]))
    // All processes tell the same time.
    expect(worker.start).toBeGreaterThanOrEqual(toAll.start)
    expect(worker.end).toBeLessThanOrEqual(toAll.end)
  }
  // Only where somebody listens.
  const one = collector.below(collector.only("fan-out {channel}"))
  expect(one.map(({ attributes }) => attributes["clarion.delivery.written"])).toEqual([1])
  expect(server.process.lines.all.some((line) => line.includes("secret"))).toBe(false)
})
