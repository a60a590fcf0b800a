/** Workers that die again and again: the budget of restarts ends, others serve on, and without any the server exits. */
import { execFileSync } from "node:child_process"
import { rmSync } from "node:fs"
import { expect, it, vi } from "vitest"
import { gone, isRunning } from "../../support/processes/running.ts"
import { makeCertificate } from "../../support/server/certificate.ts"
import { connectMany } from "../../support/server/clients.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { serveWorkers } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const RESTARTS = ["100", "200", "400", "800", "1600"]

/** The backoffs that were logged for a worker. */
const backoffs = (lines: ReadonlyArray<string>, worker: string) =>
  lines.flatMap((line) => new RegExp(`${worker} crashed: .*; restart in (\\d+) ms`).exec(line)?.[1] ?? [])

it("one that cannot start again fails after five restarts with its cause; the others serve on", async () => {
  const { certFile, keyFile } = makeCertificate(temporaryFolder())
  const tls = ["--server.tls.cert", certFile, "--server.tls.key", keyFile, "--admin.port", "0"]
  const server = await serveWorkers(2, tls)
  const url = server.url.replace("ws:", "wss:")
  const clients = await connectMany(url, 20)
  const [dying, living] = server.workers
  const survivors = server.byWorker(clients).get(living!)!
  rmSync(certFile)
  process.kill(dying!, "SIGKILL")
  const { lines } = server.process
  const failed = await lines.first((line) => line.includes("worker-0 crashed again after 5 restarts"))
  expect(failed).toContain("cert.pem")
  expect(backoffs(lines.all, "worker-0")).toEqual(RESTARTS)
  expect(server.workers).toEqual([living])
  expect(survivors.every(({ isOpen }) => isOpen)).toBe(true)
  expect(await connectMany(url, 10)).toHaveLength(10)
  server.process.kill("SIGTERM")
  expect(await server.process.ended).toEqual({ code: 0, signal: null })
})

it("the last one that fails ends the server: one readable line, exit code 1, nothing left running", async () => {
  const server = await serveWorkers(1)
  let hasEnded = false
  void server.process.ended.then(() => {
    hasEnded = true
  })
  const killed: Array<number> = [...server.workers]
  for (const pid of killed) process.kill(pid, "SIGKILL")
  while (!hasEnded) {
    const next = await Promise.race([server.newWorker(killed), server.process.ended.then(() => undefined)])
    if (next === undefined) break
    process.kill(next, "SIGKILL")
    killed.push(next)
  }
  expect(await server.process.ended).toEqual({ code: 1, signal: null })
  expect(killed).toHaveLength(6)
  expect(backoffs(server.process.lines.all, "worker-0")).toEqual(RESTARTS)
  expect(server.process.stderr).toEqual([
    "primary/workers/worker-0 crashed again after 5 restarts: it was ended by SIGKILL"
  ])
  await Promise.all(killed.map(gone))
  expect(isRunning(server.pid)).toBe(false)
})

it("one whose replacement cannot be forked for lack of descriptors comes back when there are some; the server lives on", async () => {
  const server = await serveWorkers(2)
  const { workers } = server
  const limit = (files: string) => execFileSync("prlimit", ["--pid", String(server.pid), `--nofile=${files}`])
  limit("4:20000")
  process.kill(workers[0]!, "SIGKILL")
  const { lines } = server.process
  expect(await lines.first((line) => /worker-0 crashed: (?!.*SIGKILL)/.test(line))).toContain("EMFILE")
  limit("20000:20000")
  expect(isRunning(await server.newWorker(workers))).toBe(true)
  expect(isRunning(workers[1]!)).toBe(true)
  server.process.kill("SIGTERM")
  expect(await server.process.ended).toEqual({ code: 0, signal: null })
})
