/** What the load client runs into on its own side: files, addresses, certificates. */
import { execFileSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Report } from "../../../src/client/report/Report.ts"
import { type End, Program } from "../../support/client/Program.ts"
import {
  clientArguments,
  endedFor,
  reportAt,
  ServerProgram,
  startClient
} from "../../support/client/programs.ts"
import { withServerFolder } from "../../support/client/serverFolder.ts"
import { makeCertificate } from "../../support/server/certificate.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const folder = withServerFolder()

/** One server for the tests of a block. */
const withServer = (
  settings: () => Readonly<Record<string, unknown>> = () => ({})
): (() => Promise<string>) => {
  let server: ServerProgram
  beforeAll(() => {
    server = new ServerProgram(folder, settings())
    return server.uri
  })
  afterAll(() => server.cut())
  return () => server.uri
}

/** Lets a process open so many files more than it has now. */
const allowMoreFiles = (pid: number, count: number): void => {
  const limit = readdirSync(`/proc/${pid}/fd`).length + count
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${limit}:${limit}`])
}

describe("files that the client may not open any more while it ramps", () => {
  const uri = withServer()
  let client: Program
  let end: End
  let report: Report
  let failed: number

  beforeAll(async () => {
    const path = join(folder, "report.json")
    const settings = {
      "total.clients": 400,
      "setup.batchSize": 100,
      "setup.interval": "500 ms",
      duration: "4 seconds",
      "report.interval": "700 ms",
      "report.json": path
    }
    client = new Program(clientArguments(await uri(), settings))
    await client.line(/start IP/)
    allowMoreFiles(client.pid, 110)
    end = await client.ended
    report = reportAt(path)
    failed = report.connections.errors.tooManyOpenFiles ?? 0
  })
  afterAll(() => client.cut())

  it("are counted, the others go on and hear every broadcast, and the run ends in order", () => {
    expect(end).toEqual({ code: 0, signal: null })
    expect(client.errors).toBe("")
    const { connections, broadcasts } = report
    expect(Object.keys(connections.errors)).toEqual(["tooManyOpenFiles"])
    expect(failed).toBeGreaterThan(100)
    expect(connections).toMatchObject({ attempted: 400, active: 400 - failed, closed: 0 })
    expect(connections.active).toBeGreaterThan(100)
    expect(broadcasts.at(-1)).toMatchObject({ expected: connections.active, received: connections.active })
  })

  it("make the report unreliable, and it says why", () => {
    const reason = `${failed} connections failed by the client's own limits (tooManyOpenFiles).`
    expect(report.reliable).toBe(false)
    expect(report.unreliableBecause).toContain(reason)
    expect(client.output).toContain(`unreliable: ${reason}`)
  })

  it("are gathered in the log, not a line for each that failed", () => {
    const lines = client.lines.all.filter((line) => /EMFILE|too many open files/.test(line))
    expect(endedFor(/^too many open files$/, lines)).toBe(failed)
    // One for each second in which some failed.
    expect(lines.length).toBeLessThanOrEqual(4)
    expect(endedFor(/^1000 end of run$/, client.lines.all)).toBe(report.connections.active)
  })

  it("do not keep the report from knowing the machine, which it reads from files", () => {
    expect(report.run.cpu).not.toBe("unknown")
  })
})

describe("a local address that is not one of this machine's", () => {
  const uri = withServer()

  it("fails its own connections only, which are counted, and the report is not reliable", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await uri(), {
      "local.ip": "192.0.2.1,127.0.1.1",
      duration: "1 second",
      "report.json": path
    })
    expect(await client.ended).toEqual({ code: 0, signal: null })
    const { connections, unreliableBecause } = reportAt(path)
    expect(connections).toMatchObject({ attempted: 20, active: 10 })
    expect(connections.errors).toEqual({ badLocalAddress: 10 })
    expect(unreliableBecause.join()).toContain("badLocalAddress")
  })
})

describe("a wss:// server whose certificate it signed itself", () => {
  const uri = withServer(() => {
    const { certFile, keyFile } = makeCertificate(folder)
    return { "server.tls.cert": certFile, "server.tls.key": keyFile }
  })

  it("is not connected to", async () => {
    expect(await uri()).toMatch(/^wss:/)
    const client = startClient(await uri())
    expect(await client.ended).toEqual({ code: 69, signal: null })
    expect(client.errors).toMatch(/^cannot connect to wss:.*self-signed certificate.*; 10 attempts failed$/)
  })

  it("is connected to with --server.insecure true", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await uri(), {
      "server.insecure": true,
      duration: "1500 ms",
      "report.json": path
    })
    expect(await client.ended).toEqual({ code: 0, signal: null })
    const { connections, broadcasts } = reportAt(path)
    expect(connections).toMatchObject({ attempted: 10, active: 10 })
    expect(connections.errors).toEqual({})
    expect(broadcasts.at(-1)).toMatchObject({ expected: 10, received: 10 })
  })
})
