/** Receipts where workers serve: their parts, acknowledgements that travel, and a worker that is killed in the middle. */
import { describe, expect, it, vi } from "vitest"
import { look } from "../../support/processes/running.ts"
import type { Client } from "../../support/server/clients.ts"
import { addsUp } from "../../support/server/serve.ts"
import { EMBEDDED, serveWorkers, type WorkerServer } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const acked = async (server: WorkerServer, id: string, connections: number) => {
  while ((await server.receipt(id))?.acked !== connections) await look()
}

const say = (clients: ReadonlyArray<Client>, text: string) =>
  Promise.all(clients.map((client) => client.send(text)))

describe.each(["uws", "ws"])("receipts of workers on %s", (transport) => {
  const args = ["--server.transport", transport, "--receipts.acknowledgement", "true"]

  it("count the acknowledgements of all workers, each connection once", async () => {
    const server = await serveWorkers(2, args, EMBEDDED)
    const clients = await server.spread(10)
    const { id } = await server.publish("hello")
    for (const { messages } of clients) await messages.count(1)
    await say(clients.slice(1), `{"ack":"${id}"}`)
    await acked(server, id, clients.length - 1)
    await say(clients, `{"ack":"${id}"}`)
    await say(clients, '{"ack":"unknown"}')
    await acked(server, id, clients.length)
    // What a worker has counted it tells in order: what would follow has come when the next is counted.
    const next = await server.publish("next")
    await say(clients, `{"ack":"${next.id}"}`)
    await acked(server, next.id, clients.length)
    expect(await server.receipt(id)).toMatchObject({ acked: clients.length, written: clients.length })
  })

  it("are final when a worker is killed in the middle of a broadcast: its part is closed", async () => {
    const server = await serveWorkers(2, args, EMBEDDED)
    const clients = await server.spread(20)
    await server.counts(clients.length)
    const victim = server.workers[1]!
    const theirs = server.byWorker(clients).get(victim)!
    // It is stopped, so that it has taken the broadcast up for certain and finished for certain not.
    process.kill(victim, "SIGSTOP")
    const told = server.publish("hello")
    for (const client of clients) if (!theirs.includes(client)) await client.messages.count(1)
    process.kill(victim, "SIGKILL")
    const receipt = await told
    expect(receipt).toMatchObject({
      isComplete: true,
      eligible: clients.length,
      written: clients.length - theirs.length,
      dropped: 0,
      closed: theirs.length
    })
    const parts = new Map(receipt.workers.map((part) => [part.worker, part]))
    expect(parts.get("worker-1")).toMatchObject({
      eligible: theirs.length,
      written: 0,
      closed: theirs.length
    })
    expect(parts.get("worker-1")?.timeToLastWriteMs).toBeNull()
    expect(parts.get("worker-0")).toMatchObject({ closed: 0, written: clients.length - theirs.length })
    expect(addsUp(receipt)).toBe(true)
    expect(await server.receipt(receipt.id)).toEqual(receipt)
    // Clients of the others can acknowledge it all the same.
    const others = clients.filter((client) => !theirs.includes(client))
    await say(others, `{"ack":"${receipt.id}"}`)
    await acked(server, receipt.id, others.length)
  })
})

it("what a worker's mailbox had no room for is told from slow clients, in its part", async () => {
  const server = await serveWorkers(2, ["--limits.mailbox", "2"], EMBEDDED)
  const clients = await server.spread(10)
  await server.counts(clients.length)
  const victim = server.workers[0]!
  process.kill(victim, "SIGSTOP")
  const theirs = server.byWorker(clients).get(victim)!
  const told = ["a", "b", "c"].map((text) => server.publish(text))
  // The third finds two publications that the stopped worker owes the counts of.
  const third = await told[2]!
  const parts = new Map(third.workers.map((part) => [part.worker, part]))
  expect(parts.get("worker-0")).toMatchObject({
    eligible: theirs.length,
    written: 0,
    dropped: theirs.length,
    drops: { slow: 0, mailbox: theirs.length },
    closed: 0
  })
  process.kill(victim, "SIGCONT")
  for (const receipt of await Promise.all(told)) {
    expect(addsUp(receipt)).toBe(true)
    for (const { dropped, drops } of [receipt, ...receipt.workers])
      expect(dropped).toBe(drops.slow + drops.mailbox)
  }
  expect(await told[0]).toMatchObject({ written: clients.length })
})
