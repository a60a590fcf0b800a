/** The load client over processes, when processes die, fall silent, or lose their parent. */
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { childrenOf, gone, isRunning } from "../../support/client/children.ts"
import type { Program } from "../../support/client/Program.ts"
import { endedFor, reportAt, ServerProgram, startClient } from "../../support/client/programs.ts"
import { withServerFolder } from "../../support/client/serverFolder.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const folder = withServerFolder()
let server: ServerProgram
beforeAll(async () => {
  server = new ServerProgram(folder)
  await server.uri
})
afterAll(() => server.cut())

/** Thirty connections over three processes, ready to be harmed. */
const started = async (settings: Readonly<Record<string, unknown>> = {}) => {
  const path = join(temporaryFolder(), "report.json")
  const client = startClient(await server.uri, {
    "total.clients": 30,
    "setup.threadpool.size": 3,
    "report.interval": "300 ms",
    "report.json": path,
    ...settings
  })
  await opened(client, 30)
  return { client, path, children: childrenOf(client.pid) }
}

/** A report tells so many open connections. */
const opened = async (client: Program, count: number, since = 0): Promise<void> => {
  const isTold = (lines: ReadonlyArray<string>) =>
    lines.slice(since).some((line, i, all) => line === "Active WebSockets" && all[i + 1] === told)
  const told = `${"count".padStart(18)} = ${count}`
  await client.lines.until(isTold)
}

describe("a ramp process that is killed", () => {
  it("is told, counted and started again, and the run goes on as one", async () => {
    const { client, path, children } = await started()
    process.kill(children[1]!, "SIGKILL")
    await client.line(/client\/process-1 crashed: it was ended by SIGKILL; restart in 1000 ms/)
    const since = client.lines.all.length
    await opened(client, 20, since)
    await opened(client, 30, since)
    const present = childrenOf(client.pid)
    expect(present).toHaveLength(3)
    expect(present).not.toContain(children[1])

    client.signal("SIGTERM")
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(client.errors).toBe("")
    const report = reportAt(path)
    expect(report.connections).toMatchObject({
      ...{ attempted: 40, active: 30, closed: 10, closedByCode: { 1006: 10 }, errors: {} }
    })
    expect(report.setup.count).toBe(40)
    expect(report.client).toMatchObject({ processes: 3, rampRestarts: 1 })
    expect(report.reliable).toBe(false)
    expect(report.unreliableBecause).toContain("1 times a ramp of the client died and was started again.")
    expect(endedFor(/^1006$/, client.lines.all)).toBe(10)
    expect(endedFor(/^1000 end of run$/, client.lines.all)).toBe(30)
    await gone([...children, ...present])
  })

  it("keeps what it had heard in the sums", async () => {
    const { client, path, children } = await started()
    const messages = () => {
      const at = client.lines.all.lastIndexOf("Message Rate")
      return Number(/= (\d+)$/.exec(client.lines.all[at + 1] ?? "")?.[1] ?? 0)
    }
    await client.lines.until(() => messages() >= 60)
    for (const pid of children) process.kill(pid, "SIGKILL")
    const before = messages()
    await client.line(/closed because of 1006/)
    client.signal("SIGTERM")
    expect((await client.ended).code).toBe(0)
    const report = reportAt(path)
    expect(report.messages.count).toBeGreaterThanOrEqual(before)
    expect(report.latencyMs.count).toBeGreaterThanOrEqual(60)
    expect(report.connections).toMatchObject({ closedByCode: { 1006: 30 } })
    expect(report.broadcasts.length).toBeGreaterThan(1)
  })

  it("again and again ends the run with the reason, and leaves no process", async () => {
    const { client, children } = await started({ "setup.threadpool.size": 2 })
    const all = new Set(children)
    for (const ms of [1000, 2000, 4000]) {
      // The one that was started last: the successor of the one that was killed before.
      process.kill(childrenOf(client.pid).at(-1)!, "SIGKILL")
      await client.line(new RegExp(`client/process-1 crashed: .*restart in ${ms} ms`))
      await opened(client, 30, client.lines.all.length)
      for (const pid of childrenOf(client.pid)) all.add(pid)
    }
    process.kill(childrenOf(client.pid).at(-1)!, "SIGKILL")
    expect((await client.ended).code).toBe(1)
    expect(client.errors).toMatch(
      /^client\/process-1 crashed again after 3 restarts: it was ended by SIGKILL$/
    )
    await gone([...all])
  }, 60_000)
})

describe("a ramp process that falls silent", () => {
  it("does not hold up the view or the report, which says whose figures are old", async () => {
    const { client, path, children } = await started({ "setup.threadpool.size": 2 })
    process.kill(children[0]!, "SIGSTOP")
    client.signal("SIGTERM")
    expect((await client.ended).code).toBe(0)
    const { connections, unreliableBecause } = reportAt(path)
    expect(connections).toMatchObject({ attempted: 30, active: 30 })
    expect(unreliableBecause.join()).toMatch(
      /process-0 of the client did not answer within 5 s: its figures are \d+\.\d s old\./
    )
    await gone(children)
  }, 60_000)
})

describe("a client that is killed", () => {
  it("takes its processes with it", async () => {
    const { client, children } = await started()
    expect(children.map(isRunning)).toEqual([true, true, true])
    client.signal("SIGKILL")
    await client.ended
    await gone(children)
  })
})
