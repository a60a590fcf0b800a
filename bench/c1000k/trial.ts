/** One reproduction: server, clients, ramp, broadcasts; and what was seen of them from outside. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Report } from "clarion/client/report/Report"
import { end, start } from "../support/children.ts"
import { cpuTime, total } from "../support/procfs.ts"
import { Lines } from "./Lines.ts"
import { childrenOf, type KernelMemory, kernelMemory, memoryOf } from "./memory.ts"
import type { Options } from "./options.ts"
import { goFirst, type Scheduling } from "./scheduling.ts"
import { type Sizing, toFlags } from "./sizing.ts"

const START_MS = 180_000
/** Time for one broadcast to be written to everyone. */
const BROADCAST_MS = 300_000
/** After a broadcast: its last copies are read, and garbage is collected. */
const SETTLE_MS = 3_000
const END_MS = 120_000

/** What the server's log says of a broadcast. */
export interface Sent {
  readonly eligible: number
  readonly written: number
  readonly dropped: number
  readonly closed: number
  readonly timeToLastWriteMs: number
  /** Microseconds of CPU for each connection, from the start of the broadcast until the last copies are read. */
  readonly serverCpuUs: number
  readonly clientCpuUs: number
}

/** Bytes of all processes of a kind, before the first connection and while all are held. */
export interface Growth {
  readonly processes: number
  readonly base: number
  readonly held: number
}

export interface Trial {
  readonly server: Growth
  readonly client: Growth
  readonly kernelBefore: KernelMemory
  readonly kernelHeld: KernelMemory
  /** Microseconds of CPU for each connection that was set up. */
  readonly setupCpuUs: { readonly server: number; readonly client: number }
  readonly sent: ReadonlyArray<Sent>
  /** Why there are fewer broadcasts than asked for. */
  readonly problem: string | undefined
  readonly report: Report
  readonly exitCodes: { readonly client: number | null; readonly server: number | null }
}

const program = (name: string): string => fileURLToPath(new URL(`../../${name}.js`, import.meta.url))

/** A program with the processes that it has started: they are one thing to measure. */
class Family {
  pids: ReadonlyArray<number> = []

  constructor(readonly pid: number) {}

  /** To be called when all have been started. */
  gather(): this {
    this.pids = [this.pid, ...childrenOf(this.pid)]
    return this
  }

  cpuUs(): number {
    return this.pids.reduce((sum, pid) => {
      try {
        return sum + total(cpuTime(pid))
      } catch {
        return sum // it has just ended
      }
    }, 0)
  }
}

const launch = (
  { command: before }: Scheduling,
  name: string,
  flags: ReadonlyArray<string>,
  onLine?: (line: string) => void
) => {
  const command = [...before, process.execPath, program(name), ...flags]
  const child = start({ command, core: undefined, stdio: ["ignore", "pipe", "pipe"] })
  return { child, lines: new Lines(name, child, onLine), family: new Family(child.pid ?? 0) }
}

type Launched = ReturnType<typeof launch>

/** Asks it to end in order; it is killed where it does not. */
const finish = async ({ child }: Launched): Promise<number | null> => {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const gone = new Promise<number | null>((resolve) => child.once("exit", resolve))
  child.kill("SIGTERM")
  const code = await Promise.race([gone, sleep(END_MS, "late" as const, { ref: false })])
  if (code !== "late") return code
  await end(child)
  return null
}

/** What follows the start of a broadcast. */
const followBroadcast = async (server: Launched, client: Launched, connections: number): Promise<Sent> => {
  const before = { server: server.family.cpuUs(), client: client.family.cpuUs() }
  const [line] = await server.lines.next(/.*sent msg to channels.*/, BROADCAST_MS)
  await sleep(SETTLE_MS)
  const { annotations } = JSON.parse(line) as {
    readonly annotations: Omit<Sent, "serverCpuUs" | "clientCpuUs">
  }
  const { eligible, written, dropped, closed, timeToLastWriteMs } = annotations
  return {
    ...{ eligible, written, dropped, closed, timeToLastWriteMs },
    serverCpuUs: (server.family.cpuUs() - before.server) / connections,
    clientCpuUs: (client.family.cpuUs() - before.client) / connections
  }
}

const startServer = async (launched: Launched, say: (line: string) => void): Promise<number> => {
  const [, workers = ""] = await launched.lines.next(/"message":"([^"]* workers: [^"]*)"/, START_MS)
  say(workers)
  await launched.lines.next(/serving on/, START_MS)
  await sleep(SETTLE_MS)
  return memoryOf(launched.family.gather().pids)
}

/** Server and client when the ramps begin. */
interface Begun {
  readonly server: Launched
  readonly client: Launched
  readonly cpuAtStart: { readonly server: number; readonly client: number }
}

/** Ramp, hold and broadcasts. A gate that does not open, as not everyone came, is a result and no failure of the bench. */
const measure = async ({ server, client, cpuAtStart }: Begun, options: Options, { connections }: Sizing) => {
  const rampMs = (connections / options.rate) * 1000
  const tickMs = 2 * options.interval * 1000 + START_MS
  const sent: Array<Sent> = []
  let setupCpuUs = { server: Number.NaN, client: Number.NaN }
  let problem: string | undefined
  try {
    for (let i = 0; i < options.broadcasts; i++) {
      await server.lines.next(/"send msg to channels/, i === 0 ? 4 * rampMs + tickMs : tickMs)
      if (i === 0) {
        setupCpuUs = {
          server: (server.family.cpuUs() - cpuAtStart.server) / connections,
          client: (client.family.cpuUs() - cpuAtStart.client) / connections
        }
      }
      sent.push(await followBroadcast(server, client, connections))
    }
  } catch (error) {
    problem = (error as Error).message
  }
  return { sent, setupCpuUs, problem }
}

/** @param say tells a person how it goes */
export const runTrial = async (
  options: Options,
  sizing: Sizing,
  scheduling: Scheduling,
  folder: string,
  say: (line: string) => void
): Promise<Trial> => {
  const reportFile = join(folder, "report.json")
  const launched: Array<Launched> = []
  const begin = (name: string, flags: ReadonlyArray<string>, onLine?: (line: string) => void) => {
    const one = launch(scheduling, name, flags, onLine)
    launched.push(one)
    return one
  }
  goFirst(scheduling)
  try {
    const kernelBefore = kernelMemory()
    const server = begin("server", toFlags(sizing.server))
    const serverBase = await startServer(server, say)
    const clientFlags = toFlags({ ...sizing.client, "report.json": reportFile })
    const client = begin("client", clientFlags, (line) => {
      if (/^(ramping|holding)/.test(line)) say(line)
    })
    await client.lines.next(/start IP/, START_MS)
    client.family.gather()
    const cpuAtStart = { server: server.family.cpuUs(), client: client.family.cpuUs() }
    const clientBase = memoryOf(client.family.pids)
    const measured = await measure({ server, client, cpuAtStart }, options, sizing)
    const [serverHeld, clientHeld] = [memoryOf(server.family.pids), memoryOf(client.family.pids)]
    const kernelHeld = kernelMemory()
    say("ending")
    const exitCodes = { client: await finish(client), server: await finish(server) }
    return {
      ...measured,
      server: { processes: server.family.pids.length, base: serverBase, held: serverHeld },
      client: { processes: client.family.pids.length, base: clientBase, held: clientHeld },
      ...{ kernelBefore, kernelHeld, exitCodes },
      report: JSON.parse(readFileSync(reportFile, "utf8")) as Report
    }
  } finally {
    await Promise.all(launched.map(({ child }) => end(child)))
  }
}
