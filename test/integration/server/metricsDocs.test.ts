/** The metrics of real servers that have done everything once, against docs/metrics.md and the files for Grafana. */
import { readFileSync } from "node:fs"
import { describe, expect, it, vi } from "vitest"
import { subscribed } from "../../support/centrifuge/npmClient.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { natsForTest } from "../../support/cluster/nodeProcesses.ts"
import { HttpBackend, json, status } from "../../support/HttpBackend.ts"
import { noNatsServer } from "../../support/nats/NatsServer.ts"
import { look } from "../../support/processes/running.ts"
import { scheduleClient } from "../../support/schedules/scheduleClient.ts"
import { ask } from "../../support/server/ask.ts"
import { connect } from "../../support/server/clients.ts"
import {
  documentedMetrics,
  type EmittedMetric,
  emittedMetrics
} from "../../support/server/documentedMetrics.ts"
import { HANDSHAKE, openRaw, requestOf } from "../../support/server/RawClient.ts"
import { API_KEY, type Served, serve } from "../../support/server/serve.ts"
import { serveWorkers, WITH_KEY } from "../../support/server/workers.ts"
import { Collector, tracingTo } from "../../support/tracing/Collector.ts"

// One of them is of whole processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")

/** As Prometheus asks. */
const scrape = async (port: number): Promise<ReadonlyMap<string, EmittedMetric>> => {
  const { status, body } = await ask(port, "/metrics", { headers: { authorization: `apikey ${API_KEY}` } })
  expect(status).toBe(200)
  return emittedMetrics(body)
}

const documented = documentedMetrics()

/** That all is as documented: the type, the names of labels, and their values. */
const expectDocumented = (emitted: ReadonlyMap<string, EmittedMetric>, process: boolean) => {
  for (const [name, { type, series }] of emitted) {
    const known = documented.get(name)
    expect(known, `${name} in docs/metrics.md`).toBeDefined()
    const { labels, isOfProcess } = known!
    expect([name, type]).toEqual([name, known!.type])
    const names = [...Object.keys(labels), ...(isOfProcess && process ? ["process"] : [])].sort()
    for (const own of series) {
      expect([name, Object.keys(own).sort()]).toEqual([name, names])
      for (const [label, value] of Object.entries(own))
        if (labels[label] !== undefined) expect(labels[label], `${name} ${label}`).toContain(value)
    }
  }
}

/** Those of nodes that NATS joins. */
const isOfNodes = (name: string): boolean => /^clarion_(?:cluster|nats)_/.test(name)

const api = (served: Served, path: string, body: object) =>
  ask(served.port, path, { method: "POST", headers: { "x-api-key": API_KEY }, body: JSON.stringify(body) })

const serveAll = async () => {
  // It answers once, and fails then.
  const backend = await HttpBackend.start((request, response, index) =>
    (index === 0 ? json({ result: { data: 1 } }) : status(500))(request, response, index)
  )
  const receiver = await HttpBackend.start((request, response, index) =>
    status(index === 0 ? 500 : 200)(request, response, index)
  )
  const collector = await Collector.start()
  const served = await serve(
    tracingTo(collector, {
      "client.insecure": true,
      "channels.withoutNamespace.historySize": 10,
      "channels.withoutNamespace.historyTtl": "1 minute",
      "channels.withoutNamespace.forceRecovery": true,
      "rpc.withoutNamespace.proxyEnabled": true,
      "rpc.proxy.endpoint": backend.url,
      "webhooks.endpoint": receiver.url,
      "webhooks.secret": "secret",
      "webhooks.retry.minDelay": 1,
      "receipts.acknowledgement": true,
      onlyTestConnect: false,
      totalSize: 1,
      "sending.timer.delay": 1,
      "sending.timer.interval": "1 hour"
    })
  )
  return { served, receiver }
}

describe("the metrics of a server", () => {
  it("that has done everything are those of docs/metrics.md, with their types and labels", async () => {
    const { served, receiver } = await serveAll()
    const raw = await connect(served.url())
    await served.broadcast("hello")
    await raw.messages.count(1)
    raw.socket.close(1000)
    await served.closes.count(1)
    const stranger = (await openRaw(served)).send(requestOf({ ...HANDSHAKE, "Sec-WebSocket-Key": "none" }))
    expect((await stranger.head()).status).toBe(400)

    const { client } = new Sdk(served.port)
    client.connect()
    await subscribed(client.newSubscription("a"))
    await client.rpc("m", {})
    await expect(client.rpc("m", {})).rejects.toMatchObject({ code: 100 })
    client.disconnect()
    // The first delivery fails.
    await receiver.requests.count(2)

    await api(served, "/api/publish", { channel: "a", data: 1 })
    await api(served, "/api/publish", { channel: "unknown:a", data: 1 })
    const schedules = scheduleClient(served.port)
    await schedules("POST", "/api/schedules", { id: "s", delay: "1 ms", channels: ["a"], data: 1 })
    const isOver = async () => (await schedules("GET", "/api/schedules/s")).json.state === "completed"
    while (!(await isOver())) await look()

    const emitted = await scrape(served.port)
    expectDocumented(emitted, false)
    const missing = [...documented.keys()].filter((name) => !emitted.has(name) && !isOfNodes(name)).sort()
    // What is of workers alone.
    expect(missing).toEqual([
      "clarion_client_publications_dropped_total",
      "clarion_session_events_dropped_total"
    ])
  })

  it.skipIf(noNatsServer !== undefined)("of a node among others are there, too", async () => {
    const nats = await natsForTest()
    const { port } = await serve({ "broker.type": "nats", "broker.nats.servers": [nats.url] })
    const emitted = await scrape(port)
    expectDocumented(emitted, false)
    const missing = [...documented.keys()].filter((name) => isOfNodes(name) && !emitted.has(name))
    expect(missing).toEqual([])
  })

  it("of worker processes are the same, and say of which process they are", async () => {
    const server = await serveWorkers(2)
    await server.spread(10)
    const { body } = await ask(server.port, "/metrics", WITH_KEY)
    const emitted = emittedMetrics(body)
    expectDocumented(emitted, true)
    for (const name of ["clarion_client_publications_dropped_total", "clarion_session_events_dropped_total"])
      expect(emitted.has(name)).toBe(true)
    const processes = emitted.get("clarion_build_info")!.series.map(({ process }) => process)
    expect(processes.sort()).toEqual(["primary", "worker-0", "worker-1"])
  })
})

/** Names of metrics in queries, without what a histogram adds to its own. */
const namesIn = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/\b(?:clarion|process|nodejs)_[a-z_]+/g)].map(([name]) =>
      documented.has(name) ? name : name.replace(/_bucket$/, "")
    )
  )

/** Labels that queries select or group by. */
const labelsIn = (expr: string): ReadonlyArray<string> => [
  ...[...expr.matchAll(/[{,] ?(\w+)=~?"/g)].map(([, label]) => label!),
  ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(", "))
]

/** Those that Prometheus adds, and those of histograms and of processes. */
const COMMON = ["job", "instance", "le", "process"]

describe("docs/grafana", () => {
  const dashboard = JSON.parse(read("docs/grafana/clarion.json"))
  const expressions: ReadonlyArray<string> = dashboard.panels.flatMap(
    ({ targets = [] }: { targets?: ReadonlyArray<{ expr: string }> }) => targets.map(({ expr }) => expr)
  )

  it("the dashboard shows every metric that there is, and no other", () => {
    expect([...namesIn(expressions.join("\n"))].sort()).toEqual([...documented.keys()].sort())
  })

  it("its panels have titles and descriptions of their own, and do not overlap", () => {
    const panels = dashboard.panels.filter(({ type }: { type: string }) => type !== "row")
    const titles = panels.map(({ title }: { title: string }) => title)
    expect(new Set(titles.slice(6)).size).toBe(titles.length - 6)
    const taken = new Set<string>()
    for (const { title, description, targets, gridPos, id } of dashboard.panels) {
      const { x, y, w, h } = gridPos
      expect(x + w).toBeLessThanOrEqual(24)
      for (let i = x; i < x + w; i++)
        for (let j = y; j < y + h; j++) {
          expect(taken.has(`${i} ${j}`), `${title} at ${i} ${j}`).toBe(false)
          taken.add(`${i} ${j}`)
        }
      expect(id).toBeGreaterThan(0)
      if (targets !== undefined) expect(description).not.toBe("")
    }
  })

  it.each([
    ["the dashboard", () => expressions],
    [
      "the alerts",
      () =>
        [...read("docs/grafana/alerts.yml").matchAll(/expr: ([\s\S]*?)\n +(?:for|labels):/g)].map(
          ([, e]) => e!
        )
    ]
  ])("the queries of %s ask for labels that the metrics have", (_, queries) => {
    expect(queries().length).toBeGreaterThan(10)
    for (const expr of queries()) {
      const names = [...namesIn(expr)]
      for (const name of names) expect(documented.has(name), name).toBe(true)
      const known = names.flatMap((name) => Object.keys(documented.get(name)!.labels))
      for (const label of labelsIn(expr)) expect([...known, ...COMMON], expr).toContain(label)
    }
  })
})
