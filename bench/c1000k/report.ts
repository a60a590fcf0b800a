/** What came out, as a table for people and as verdicts on Clarion's targets. */
import { number, table } from "../support/table.ts"
import type { Sizing } from "./sizing.ts"
import type { Growth, Trial } from "./trial.ts"

const kilobytes = (bytes: number): string => `${number(bytes / 1024, 2)} KB`
const gigabytes = (bytes: number): string => `${number(bytes / 2 ** 30, 2)} GB`

const errorsOf = ({ report }: Trial): number =>
  Object.values(report.connections.errors).reduce((sum, count) => sum + count, 0)

const perConnection = ({ base, held }: Growth, { connections }: Sizing): string =>
  `${kilobytes((held - base) / connections)}; with its ${gigabytes(base)} of base ${kilobytes(held / connections)}`

const connectionRows = (trial: Trial, sizing: Sizing): ReadonlyArray<readonly [string, string]> => {
  const { report, setupCpuUs, kernelBefore, kernelHeld, server, client } = trial
  const { connections, setup } = report
  const seconds = setup.rampMs / 1000
  const kernel = (kernelHeld.kernel - kernelBefore.kernel) / sizing.connections
  return [
    ["connections", `${number(connections.active, 0)} of ${number(sizing.connections, 0)}`],
    ["errors, closed", `${number(errorsOf(trial), 0)}, ${number(connections.closed, 0)}`],
    ["set-up", `${number(seconds, 1)} s, ${number(setup.perSecond, 0)} a second`],
    ["set-up time p50, p99", `${setup.timeMs.p50 ?? "–"} ms, ${setup.timeMs.p99 ?? "–"} ms`],
    [
      "CPU for a set-up",
      `server ${number(setupCpuUs.server, 0)} µs, client ${number(setupCpuUs.client, 0)} µs`
    ],
    [`memory of ${server.processes} server processes`, `${perConnection(server, sizing)} a connection`],
    [`memory of ${client.processes} client processes`, `${perConnection(client, sizing)} a connection`],
    ["memory of the kernel, both ends", `${kilobytes(kernel)} a connection`],
    ["memory that the machine has less", gigabytes(kernelBefore.available - kernelHeld.available)]
  ]
}

const broadcastTable = ({ sent, report }: Trial): string =>
  table(
    ["broadcast", "received", "first client", "last client", "last write", "server CPU", "client CPU"],
    report.broadcasts.map(({ expected, received, firstMs, lastMs }, i) => [
      String(i + 1),
      `${number(received, 0)} of ${number(expected, 0)}`,
      `${number(firstMs, 0)} ms`,
      `${number(lastMs / 1000, 2)} s`,
      `${number((sent[i]?.timeToLastWriteMs ?? Number.NaN) / 1000, 2)} s`,
      `${number(sent[i]?.serverCpuUs ?? Number.NaN, 2)} µs`,
      `${number(sent[i]?.clientCpuUs ?? Number.NaN, 2)} µs`
    ])
  )

export const resultText = (trial: Trial, sizing: Sizing): string => {
  const { latencyMs } = trial.report
  const shown = (ms: number | null) => (ms === null ? "–" : `${number(ms, 0)} ms`)
  const { p50, p95, p99, max } = latencyMs
  return [
    table(["", ""], connectionRows(trial, sizing)),
    "",
    broadcastTable(trial),
    "",
    `latency of all copies: p50 ${shown(p50)}, p95 ${shown(p95)}, p99 ${shown(p99)}, max ${shown(max)}`,
    ...trial.report.unreliableBecause
  ].join("\n")
}

export interface Verdict {
  readonly target: string
  readonly met: boolean
}

/** The size at which times are judged: below, everybody would meet them. */
const FULL_SIZE = 1_000_000

export const verdictsOf = (trial: Trial, sizing: Sizing, broadcasts: number): ReadonlyArray<Verdict> => {
  const { connections } = sizing
  const { report, server, client, sent } = trial
  const kb = (bytes: number) => bytes / connections / 1024
  const beyond = ({ base, held }: Growth) => kb(held - base)
  const everyone = report.broadcasts.every(
    ({ expected, received }) => expected === connections && received === connections
  )
  const complete = [
    {
      target: "every connection established, none failed or closed",
      met: report.connections.active === connections && errorsOf(trial) + report.connections.closed === 0
    },
    {
      target: `${broadcasts} broadcasts, each received by everyone`,
      met: report.broadcasts.length === broadcasts && sent.length === broadcasts && everyone
    }
  ]
  if (connections < FULL_SIZE) return complete
  return [
    ...complete,
    { target: "set up within 100 s for a million", met: report.setup.rampMs / connections <= 0.1 },
    {
      target: "the last client of each broadcast within 12 s for a million",
      met: report.broadcasts.every(({ lastMs }) => lastMs / connections <= 0.012)
    },
    {
      target: "server at most 2 KB a connection, 4 KB with the base",
      met: beyond(server) <= 2 && kb(server.held) <= 4
    },
    {
      target: "client at most 5 KB a connection, 8 KB with the base",
      met: beyond(client) <= 5 && kb(client.held) <= 8
    }
  ]
}
