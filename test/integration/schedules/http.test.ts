/** Schedules and receipts over HTTP, on a whole server. */
import { describe, expect, it } from "vitest"
import { type JsonAnswer, scheduleClient } from "../../support/schedules/scheduleClient.ts"
import { ask } from "../../support/server/ask.ts"
import { connect } from "../../support/server/clients.ts"
import { serve } from "../../support/server/serve.ts"
import { serveWorkers } from "../../support/server/workers.ts"

type Asking = (method: string, path: string, body?: unknown) => Promise<JsonAnswer>

const LATER = { delay: "1 hour", channels: ["news"], data: { text: "hello" } }

const problemsOf = ({ json }: JsonAnswer): ReadonlyArray<string> =>
  json.error.problems.map(({ where }: { where: string }) => where).sort()

const create = async (api: Asking, more: object = {}): Promise<string> =>
  (await api("POST", "/api/schedules", { ...LATER, ...more })).json.id

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  const start = async () => {
    const { port } = await serve({ "server.transport": transport })
    return { port, api: scheduleClient(port) }
  }

  it("a schedule goes through its life", async () => {
    const { api } = await start()
    const made = await api("POST", "/api/schedules", { ...LATER, id: "s1" })
    expect(made).toMatchObject({
      status: 201,
      headers: { location: "/api/schedules/s1" },
      json: { id: "s1", state: "scheduled", revision: 1, data: { text: "hello" } }
    })
    expect((await api("POST", "/api/schedules", { ...LATER, id: "s1" })).status).toBe(200)
    expect(await api("POST", "/api/schedules", { ...LATER, id: "s1", data: 2 })).toMatchObject({
      status: 409,
      json: { error: { code: "conflict" }, schedule: { id: "s1", data: { text: "hello" } } }
    })
    const { json: shown } = await api("GET", "/api/schedules/s1")
    expect(shown.next).toEqual([shown.at])
    expect(await api("PATCH", "/api/schedules/s1", { revision: 7, about: "x" })).toMatchObject({
      status: 409
    })
    expect(
      await api("PATCH", "/api/schedules/s1", { revision: 1, every: "2 hours", maxRuns: 3, about: "x" })
    ).toMatchObject({ status: 200, json: { revision: 2, every: 7_200_000, maxRuns: 3, about: "x" } })
    expect((await api("PATCH", "/api/schedules/s1", { maxRuns: null })).json).not.toHaveProperty("maxRuns")
    expect((await api("POST", "/api/schedules/s1/pause")).json).toMatchObject({ state: "paused" })
    expect((await api("POST", "/api/schedules/s1/resume")).json).toMatchObject({ state: "scheduled" })
    expect((await api("POST", "/api/schedules/s1/run")).json).toMatchObject({ outcome: "sent", number: 1 })
    expect((await api("DELETE", "/api/schedules/s1")).json).toMatchObject({ state: "cancelled" })
    expect(await api("POST", "/api/schedules/s1/run")).toMatchObject({ status: 409 })
    expect(await api("HEAD", "/api/schedules/s1")).toMatchObject({ status: 200, json: undefined })
    expect((await api("GET", "/api/schedules/s1/runs")).json.runs).toMatchObject([
      { number: 1, outcome: "sent" }
    ])
  })

  it("a run has its receipt, which is found in all places", async () => {
    const { port, api } = await start()
    const client = await connect(`ws://127.0.0.1:${port}/`)
    const id = await create(api, { channels: ["broadcast"] })
    const { json: run } = await api("POST", `/api/schedules/${id}/run`)
    expect(await client.messages.count(1)).toEqual(['{"text":"hello"}'])
    const received = {
      id: run.id,
      kind: "schedule",
      schedule: id,
      channels: ["broadcast"],
      eligible: 1,
      written: 1
    }
    expect((await api("GET", `/api/schedules/${id}/runs`)).json.runs).toMatchObject([{ receipt: received }])
    expect((await api("GET", `/api/receipts/${run.id}`)).json).toMatchObject(received)
    expect((await api("GET", `/api/receipts?schedule=${id}&kind=schedule`)).json.receipts).toMatchObject([
      received
    ])
    expect((await api("GET", "/api/receipts?kind=broadcast")).json).toEqual({ receipts: [] })
    expect(await api("GET", "/api/receipts/another")).toMatchObject({ status: 404 })
  })

  it("every problem is told at once", async () => {
    const { api } = await start()
    const impossible = {
      cron: "0 0 30 2 *",
      timeZone: "Mars/Olympus",
      channels: ["a:b", "", "fine"],
      data: 1
    }
    expect(problemsOf(await api("POST", "/api/schedules", impossible))).toEqual([
      "channels[0]",
      "channels[1]",
      "cron",
      "timeZone"
    ])
    const wrongTypes = { cron: "0 0 30 2 *", maxRuns: "x", channels: "a", tags: 1, data: 1 }
    expect(problemsOf(await api("POST", "/api/schedules", wrongTypes))).toEqual([
      "channels",
      "cron",
      "maxRuns",
      "tags"
    ])
    const backwards = { every: "1 minute", start: "2031-01-01T00:00:00Z", end: "2030-01-01T00:00:00Z" }
    expect(
      problemsOf(await api("POST", "/api/schedules", { ...LATER, delay: undefined, ...backwards }))
    ).toEqual(["end"])
    const times = { at: 1, delay: 1, every: 1, cron: "x", start: "x", end: "x", channels: [], maxRuns: 0 }
    const found = problemsOf(
      await api("POST", "/api/schedules", { ...times, data: 1, template: 1, other: 1 })
    )
    for (const member of ["at", "cron", "start", "end", "channels", "maxRuns", "template", "other"])
      expect(found).toContain(member)
    expect((await api("GET", "/api/schedules")).json).toEqual({ schedules: [] })
  })

  it("so is what is too much", async () => {
    const { port } = await serve({ "server.transport": transport })
    const many = Array.from({ length: 100_000 }, (_, i) => `${i}`)
    const tooMany = { ...LATER, channels: many }
    expect(problemsOf(await scheduleClient(port)("POST", "/api/schedules", tooMany))).toContain("channels")
    const headers = { "x-api-key": "the key of the tests" }
    const body = JSON.stringify({ ...LATER, data: "x".repeat(1_100_000) })
    expect((await ask(port, "/api/schedules", { method: "POST", headers, body })).status).toBe(413)
  })

  it("lists come page by page, each schedule once", async () => {
    const { api } = await start()
    for (let i = 0; i < 25; i++) await create(api, { id: `s${i}`, channels: [i % 2 === 0 ? "even" : "odd"] })
    await api("POST", "/api/schedules/s3/pause")
    const seen: Array<string> = []
    let cursor = ""
    do {
      const { json } = await api("GET", `/api/schedules?limit=10${cursor}`)
      seen.push(...json.schedules.map(({ id }: { id: string }) => id))
      cursor = json.cursor === undefined ? "" : `&cursor=${json.cursor}`
    } while (cursor !== "")
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `s${i}`).sort())
    expect((await api("GET", "/api/schedules?channel=odd")).json.schedules).toHaveLength(12)
    expect((await api("GET", "/api/schedules?state=paused")).json.schedules).toMatchObject([{ id: "s3" }])
  })

  it("a cursor that somebody made up is none, and harms nobody", async () => {
    const { api } = await start()
    const id = await create(api)
    await api("POST", `/api/schedules/${id}/run`)
    const made = (text: string) => Buffer.from(text).toString("base64url")
    for (const path of ["/api/schedules", "/api/receipts", `/api/schedules/${id}/runs`]) {
      const list = path.endsWith("/runs") ? `runs of ${id}` : path.slice("/api/".length)
      for (const inner of [
        "",
        "x",
        "[]",
        "{}",
        "1e999",
        '["a"]',
        "[1,2,3]",
        "null",
        "\u0000",
        "x".repeat(5000)
      ]) {
        const { status } = await api("GET", `${path}?cursor=${made(`${list} ${inner}`)}`)
        expect([path, inner, [200, 400].includes(status)]).toEqual([path, inner, true])
      }
      expect(await api("GET", `${path}?cursor=x`)).toMatchObject({ status: 400 })
    }
  })

  it("ids from strangers are only unknown", async () => {
    const { api } = await start()
    for (const id of ["%00", "%F0%9F%98%80", "x".repeat(5000), "a%2Fb", "__proto__", "preview"]) {
      for (const [method, rest] of [
        ["GET", ""],
        ["GET", "/runs"],
        ["DELETE", ""],
        ["POST", "/run"]
      ] as const)
        expect([id, method, (await api(method, `/api/schedules/${id}${rest}`)).status]).toEqual([
          id,
          method,
          404
        ])
      expect((await api("GET", `/api/receipts/${id}`)).status).toBe(404)
    }
  })

  it("a preview creates nothing", async () => {
    const { api } = await start()
    const cron = { cron: "0 9 * * 1-5", timeZone: "Asia/Tokyo", start: "2030-03-01T00:00:00Z", count: 3 }
    expect((await api("POST", "/api/schedules/preview", cron)).json).toEqual({
      next: ["2030-03-01T00:00:00.000Z", "2030-03-04T00:00:00.000Z", "2030-03-05T00:00:00.000Z"]
    })
    expect((await api("GET", "/api/schedules")).json).toEqual({ schedules: [] })
  })

  it("strangers are told nothing", async () => {
    const { port } = await start()
    for (const path of ["/api/schedules", "/api/receipts", "/api/schedules/s1/none"])
      for (const method of ["GET", "POST", "DELETE"])
        expect(await ask(port, path, { method })).toMatchObject({ status: 401, body: "" })
  })

  it("it is on the admin port alone where there is one", async () => {
    const { server, port } = await serve({ "server.transport": transport, "admin.port": 0 })
    expect((await scheduleClient(server.adminPort!)("GET", "/api/schedules")).status).toBe(200)
    expect((await ask(port, "/api/schedules")).status).toBe(426)
  })
})

it("the document names its paths", async () => {
  const { port } = await serve({})
  const { paths } = JSON.parse((await ask(port, "/openapi.json")).body)
  expect(Object.keys(paths)).toContain("/api/schedules/{id}/runs")
})

it("with workers all processes answer for the one scheduler, and all of their clients hear it", async () => {
  const server = await serveWorkers(2, [])
  const clients = await server.spread(4, 2)
  const askers = [...(await server.askers()).values()]
  expect(askers).toHaveLength(2)
  const [one, other] = askers.map((asking) => scheduleClient(server.port, asking))
  const made = await one!("POST", "/api/schedules", { ...LATER, id: "s1", channels: ["broadcast"] })
  expect(made.status).toBe(201)
  expect((await other!("GET", "/api/schedules/s1")).json).toMatchObject({ data: { text: "hello" } })
  expect((await other!("PATCH", "/api/schedules/s1", { about: "x" })).json).toMatchObject({ revision: 2 })
  const { json: run } = await other!("POST", "/api/schedules/s1/run")
  for (const client of clients) expect(await client.messages.count(1)).toEqual(['{"text":"hello"}'])
  const isWhole = async () => {
    const { json } = await one!("GET", `/api/receipts/${run.id}`)
    return json.isComplete ? json : undefined
  }
  let receipt = await isWhole()
  while (receipt === undefined) receipt = await isWhole()
  expect(receipt).toMatchObject({ eligible: clients.length, written: clients.length, dropped: 0, closed: 0 })
  expect(receipt.workers.map(({ worker }: { worker: string }) => worker).sort()).toEqual([
    "worker-0",
    "worker-1"
  ])
  expect((await one!("DELETE", "/api/schedules/s1")).json).toMatchObject({ state: "cancelled" })
  expect((await other!("POST", "/api/schedules", { ...LATER, cron: 5 })).status).toBe(400)
})
