/** What a server of workers says and how it exits when it cannot start; nothing of it stays behind. */
import { type AddressInfo, createServer } from "node:net"
import { availableParallelism } from "node:os"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { chooseWorkers } from "../../../src/services/workerCount.ts"
import { childrenOf, gone, look } from "../../support/processes/running.ts"
import { connect, connectMany } from "../../support/server/clients.ts"
import { launch, type ServerProcess } from "../../support/server/ServerProcess.ts"
import { serveWorkers } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

/** The lines that tell of the failure: no stack, no second telling. */
const complaints = ({ lines }: ServerProcess) =>
  lines.all.filter((line) => !/^(\d+ workers: |this machine is short of: |closing \d+)/.test(line))

const takenPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    onTestFinished(() => void server.close())
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

/** The processes that it starts until it has ended. */
const started = async (server: ServerProcess): Promise<ReadonlySet<number>> => {
  const seen = new Set<number>()
  let hasEnded = false
  void server.ended.then(() => {
    hasEnded = true
  })
  while (!hasEnded) {
    for (const pid of childrenOf(server.child.pid!)) seen.add(pid)
    await look()
  }
  return seen
}

describe.each(["uws", "ws"])("workers on %s", (transport) => {
  const on = ["--server.transport", transport]

  it("a port in use is one readable line and exit code 69, and nothing is left running", async () => {
    const port = await takenPort()
    const server = launch(["--server.workers", "2", ...on, "--server.port", `${port}`])
    const workers = await started(server)
    expect(await server.ended).toEqual({ code: 69, signal: null })
    expect(complaints(server)).toEqual([
      expect.stringContaining(`cannot listen on 127.0.0.1:${port}: the port is in use`)
    ])
    await Promise.all([...workers].map(gone))
  })

  it("a port that another server of workers holds is the same, and the other goes on", async () => {
    const first = await serveWorkers(2, on)
    const clients = await connectMany(first.url, 10)
    const second = launch(["--server.workers", "2", ...on, "--server.port", `${first.port}`])
    expect(await second.ended).toEqual({ code: 69, signal: null })
    expect(complaints(second)).toEqual([expect.stringContaining("the port is in use")])
    expect(clients.every(({ isOpen }) => isOpen)).toBe(true)
    // Each new one is the first server's: nobody else listens.
    await Promise.all(Array.from({ length: 20 }, () => connect(first.url)))
    await first.counts(30)
  })
})

describe("workers", () => {
  it("one that dies before it has ever served: one readable line that names it, exit code 69, nothing left running", async () => {
    const server = launch(["--server.workers", "3"])
    const watching = started(server)
    while (childrenOf(server.child.pid!).length === 0) await look()
    process.kill(childrenOf(server.child.pid!)[0]!, "SIGKILL")
    expect(await server.ended).toEqual({ code: 69, signal: null })
    expect(server.stderr).toEqual(["worker-0 cannot serve: it was ended by SIGKILL"])
    await Promise.all([...(await watching)].map(gone))
  })

  it("TLS files that are missing are one readable line and exit code 69, before any worker is started", async () => {
    const tls = ["--server.tls.cert", "/nowhere.pem", "--server.tls.key", "/nowhere.key"]
    const server = launch(["--server.workers", "2", ...tls])
    expect([...(await started(server))]).toEqual([])
    expect(await server.ended).toEqual({ code: 69, signal: null })
    expect(complaints(server)).toEqual([expect.stringContaining("/nowhere.pem")])
  })

  it("auto: how many and why is logged before they are started", async () => {
    const openFiles = 400
    const servers = [1000, 600].map((totalSize, i) => {
      const options = i === 0 ? {} : { openFiles }
      return launch(["--server.workers", "auto", "--totalSize", `${totalSize}`], options)
    })
    const choices = [
      chooseWorkers("auto", 1000, undefined, availableParallelism()),
      chooseWorkers("auto", 600, openFiles, availableParallelism())
    ]
    for (const [i, server] of servers.entries()) {
      const { count, reason } = choices[i]!
      await server.port()
      const told = server.lines.all.filter((line) => /^\d+ workers: /.test(line))
      expect(told).toEqual([`${count} workers: ${reason}`])
      expect(server.lines.all.find((line) => line.startsWith("serving on"))).toContain(`, ${count} workers`)
      expect(childrenOf(server.child.pid!)).toHaveLength(count)
    }
  })
})
