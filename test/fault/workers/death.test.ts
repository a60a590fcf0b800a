/** A worker that dies or falls silent: its connections are lost, those of others notice nothing, and it is replaced. */
import { describe, expect, it, vi } from "vitest"
import type { Receipt } from "../../../src/services/receipts/Receipts.ts"
import { gone, look } from "../../support/processes/running.ts"
import { type Client, connect, connectMany } from "../../support/server/clients.ts"
import { type Figures, parseFigures } from "../../support/server/figures.ts"
import { EMBEDDED, serveWorkers, TICKING, WITH_KEY, type WorkerServer } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const codes = (clients: ReadonlyArray<Client>) =>
  Promise.all(clients.map(async ({ ended }) => (await ended).code))

const sum = (numbers: Iterable<number>) => [...numbers].reduce((all, one) => all + one, 0)

/** The clients of the second worker, those of the others, and which process that is. */
const choose = (server: WorkerServer, clients: ReadonlyArray<Client>) => {
  const victim = server.workers[1]!
  const byWorker = server.byWorker(clients)
  const theirs = byWorker.get(victim)!
  return { victim, theirs, others: clients.filter((client) => !theirs.includes(client)) }
}

/** Connects until one lands in this worker. */
const landIn = async (server: WorkerServer, worker: number): Promise<ReadonlyArray<Client>> => {
  const clients: Array<Client> = []
  while ((server.byWorker(clients).get(worker)?.length ?? 0) === 0)
    clients.push(...(await connectMany(server.url, 5)))
  return clients
}

/** Live connections are those opened less those closed. */
const addsUp = (figures: Figures): boolean => {
  const closed = [...figures].filter(([name]) => name.startsWith("clarion_connections_closed_total"))
  const opened = figures.get("clarion_connections_opened_total") ?? 0
  return figures.get("clarion_connections") === opened - sum(closed.map(([, value]) => value))
}

/** Counters of the server that went back; those of a process start anew with it. */
const wentBack = (before: Figures, after: Figures): ReadonlyArray<string> =>
  [...before].flatMap(([name, value]) =>
    /^clarion_\w+_total/.test(name) && (after.get(name) ?? 0) < value ? [name] : []
  )

const receiptsAddUp = (receipts: ReadonlyArray<Receipt>): boolean =>
  receipts
    .flatMap((receipt) => [receipt, ...receipt.workers])
    .every(({ eligible, written, dropped, closed }) => eligible === written + dropped + closed)

describe.each(["uws", "ws"])("a worker on %s", (transport) => {
  const on = ["--server.transport", transport]

  it("killed while broadcasts go out: others get each once, receipts account for its clients, and it is back", async () => {
    const began = performance.now()
    const server = await serveWorkers(3, on, EMBEDDED)
    const startMs = performance.now() - began
    const clients = await server.spread(60)
    await server.counts(clients.length)
    const { victim, theirs, others } = choose(server, clients)
    const survivors = server.workers.filter((pid) => pid !== victim)
    const before = await server.figures()

    const texts = Array.from({ length: 60 }, (_, i) => `m${i}`)
    const receipts: Array<Promise<Receipt>> = texts.slice(0, 20).map((text) => server.publish(text))
    await receipts[0]
    const killedAt = performance.now()
    process.kill(victim, "SIGKILL")
    receipts.push(...texts.slice(20, 40).map((text) => server.publish(text)))
    const replacement = await server.newWorker([victim, ...survivors])
    receipts.push(...texts.slice(40).map((text) => server.publish(text)))
    const told = await Promise.all(receipts)
    expect(await codes(theirs)).toEqual(theirs.map(() => 1006))

    const late = await landIn(server, replacement)
    // Two seconds, or on a machine that is busy as long as some starts take.
    expect(performance.now() - killedAt).toBeLessThan(Math.max(2000, 3 * startMs))
    const last = await server.publish("last")
    for (const { messages } of others) {
      await messages.count(61)
      expect(messages.all).toEqual([...texts, "last"])
    }
    expect(others.every(({ isOpen }) => isOpen)).toBe(true)

    expect(receiptsAddUp([...told, last])).toBe(true)
    expect(told.every(({ written }) => written >= others.length)).toBe(true)
    expect(sum([...told, last].map(({ lost }) => lost))).toBe(theirs.length)
    expect(last).toMatchObject({ lost: 0, written: others.length + late.length, dropped: 0, closed: 0 })
    expect(last.workers).toHaveLength(3)

    const [first, second, third] = await server.slots()
    expect(second).toMatchObject({ state: "serving", restarts: 1, cause: "it was ended by SIGKILL" })
    expect([first?.restarts, third?.restarts]).toEqual([0, 0])
    expect(server.workers.filter((pid) => survivors.includes(pid))).toEqual(survivors)
    const after = await server.figures()
    expect([addsUp(before), addsUp(after), wentBack(before, after)]).toEqual([true, true, []])
    expect(after.get('clarion_connections_closed_total{code="1006"}')).toBe(theirs.length)
    expect(after.get('clarion_actor_restarts_total{actor="primary/workers/worker-1"}')).toBe(1)
    expect(server.process.lines.all.filter((line) => line.includes("crashed"))).toEqual([
      "primary/workers/worker-1 crashed: it was ended by SIGKILL; restart in 100 ms"
    ])
  })

  it("stopped: broadcasts reach the others meanwhile; it is found out, killed and replaced, and receipts complete", async () => {
    const heart = ["--server.heartbeat.interval", "100 ms", "--server.heartbeat.timeout", "500 ms"]
    const server = await serveWorkers(3, [...on, ...heart], EMBEDDED)
    const clients = await server.spread(30)
    await server.counts(clients.length)
    const { victim, theirs, others } = choose(server, clients)
    process.kill(victim, "SIGSTOP")
    const receipts = ["a", "b", "c"].map((text) => server.publish(text))
    let isTold = false
    void Promise.race(receipts).then(() => {
      isTold = true
    })
    await Promise.all(others.map(({ messages }) => messages.count(3)))
    expect(isTold).toBe(false)

    for (const receipt of await Promise.all(receipts)) {
      expect(receipt).toMatchObject({ written: others.length, dropped: 0, closed: theirs.length })
      expect(receipt.workers.find(({ worker }) => worker === "worker-1")).toMatchObject({
        eligible: theirs.length,
        written: 0,
        closed: theirs.length
      })
    }
    await gone(victim)
    expect(await codes(theirs)).toEqual(theirs.map(() => 1006))
    await landIn(server, await server.newWorker([...server.workers.slice(0, 2), victim]))
    await server.publish("d")
    for (const { messages } of others) {
      await messages.count(4)
      expect(messages.all).toEqual(["a", "b", "c", "d"])
    }
    expect((await server.slots())[1]).toMatchObject({
      state: "serving",
      restarts: 1,
      cause: "it has not answered for 500 ms"
    })
  })

  it("killed with all others: all come back, on the same port", async () => {
    const server = await serveWorkers(2, [...on, ...TICKING])
    const clients = await connectMany(server.url, 10)
    const { workers } = server
    for (const pid of workers) process.kill(pid, "SIGKILL")
    expect(await codes(clients)).toEqual(clients.map(() => 1006))
    const replacement = await server.newWorker(workers)
    const other = await server.newWorker([...workers, replacement])
    const serving = async (): Promise<void> => {
      const late = await connect(server.url).catch(() => undefined)
      if (late === undefined) return serving()
      await late.messages.count(2)
    }
    await serving()
    while ((await server.slots()).some(({ state }) => state !== "serving")) await look()
    expect((await server.slots()).map(({ restarts }) => restarts)).toEqual([1, 1])
    expect([...server.workers].sort()).toEqual([replacement, other].sort())
  })
})

it("a worker killed: the broadcast timer goes on for the others, and its log says who was lost", async () => {
  const server = await serveWorkers(2, TICKING)
  const clients = await server.spread(20)
  await server.counts(clients.length)
  const { victim, theirs, others } = choose(server, clients)
  process.kill(victim, "SIGKILL")
  const { entries } = server.process
  const sent = await entries.first(({ annotations }) => Number(annotations?.lost) > 0)
  expect(sent.message).toMatch(/^sent msg to channels for /)
  expect(sent.annotations?.lost).toBe(theirs.length)
  const [one] = others
  await one!.messages.count(one!.messages.all.length + 5)
  expect(others.every(({ isOpen }) => isOpen)).toBe(true)
  const stamps = one!.messages.all.map(Number)
  expect(new Set(stamps).size).toBe(stamps.length)
})

describe("a worker that is stopped for a while", () => {
  it("misses what its mailbox has no room for, delays nobody, and goes on where it was", async () => {
    const server = await serveWorkers(
      2,
      ["--limits.mailbox", "5", "--server.heartbeat.timeout", "60000"],
      EMBEDDED
    )
    const clients = await server.spread(20)
    await server.counts(clients.length)
    const { victim, theirs, others } = choose(server, clients)
    process.kill(victim, "SIGSTOP")
    const receipts: Array<Promise<Receipt>> = []
    for (let i = 0; i < 12; i++) {
      receipts.push(server.publish(`m${i}`))
      await Promise.all(others.map(({ messages }) => messages.count(i + 1)))
    }
    // What it is not given is answered for at once.
    const missed = await Promise.all(receipts.slice(5))
    for (const receipt of missed)
      expect(receipt).toMatchObject({ written: others.length, dropped: theirs.length, closed: 0 })
    process.kill(victim, "SIGCONT")
    for (const receipt of await Promise.all(receipts.slice(0, 5)))
      expect(receipt).toMatchObject({ written: clients.length, dropped: 0, closed: 0 })
    expect(await server.publish("last")).toMatchObject({ written: clients.length })
    for (const { messages } of theirs) {
      await messages.count(6)
      expect(messages.all).toEqual(["m0", "m1", "m2", "m3", "m4", "last"])
    }
  })

  it("is told of by the others as it was when it last answered", async () => {
    const server = await serveWorkers(2, ["--server.heartbeat.timeout", "60000"])
    const clients = await server.spread(20)
    const { victim, others } = choose(server, clients)
    const [, ask] = [...(await server.askers())].find(([pid]) => pid !== victim)!
    const connections = async () =>
      parseFigures((await ask("/metrics", WITH_KEY)).body).get("clarion_connections")
    expect(await connections()).toBe(clients.length)
    process.kill(victim, "SIGSTOP")
    const [gone] = others
    gone!.socket.close()
    await gone!.ended
    const began = performance.now()
    expect(await connections()).toBe(clients.length - 1)
    // It waits a second for the answer, and no longer.
    expect(performance.now() - began).toBeLessThan(5000)
    process.kill(victim, "SIGCONT")
  })
})

it("a primary that was stopped for a while accuses no worker of its own silence", async () => {
  const heart = ["--server.heartbeat.interval", "50 ms", "--server.heartbeat.timeout", "300 ms"]
  const server = await serveWorkers(2, [...heart, ...TICKING])
  const clients = await server.spread(20)
  const { workers } = server
  server.process.kill("SIGSTOP")
  // It is the subject: longer than a worker may be silent.
  await new Promise((resolve) => setTimeout(resolve, 900))
  server.process.kill("SIGCONT")
  const [client] = clients
  await client!.messages.count(client!.messages.all.length + 20)
  expect(server.workers).toEqual(workers)
  expect(clients.every(({ isOpen }) => isOpen)).toBe(true)
  expect((await server.slots()).map(({ restarts }) => restarts)).toEqual([0, 0])
})
