/** Clarion's server as it is measured here: many shards, in one process or in workers, with as many clients as it is to have. */

import { childrenOf } from "../c1000k/memory.ts"
import { DriverProcess } from "../driver/DriverProcess.ts"
import { pinsOf } from "../support/bench.ts"
import { end, type Server, startServer } from "../support/children.ts"
import { clarionCommand, clarionSays } from "../support/contender.ts"
import { exactCpuUs } from "../support/procfs.ts"
import type { Context } from "./scenario.ts"

/** Of a driver: its open-file limit, with some to spare. */
const DRIVER_CONNECTIONS = 18_000
const OPEN_MS = 300_000
/** A hundred thousand connections are few enough for each of them. */
const ADDRESSES = 10

export interface Size {
  readonly title: string
  readonly workersOf: (scale: Context["scale"]) => number
  readonly connectionsOf: (scale: Context["scale"]) => number
}

export const sizes: ReadonlyArray<Size> = [
  { title: "one process", workersOf: () => 0, connectionsOf: ({ connections }) => connections },
  {
    title: "worker processes",
    workersOf: ({ workers }) => workers,
    connectionsOf: ({ workerConnections }) => workerConnections
  }
]

const settingsOf = ({ shards }: Context["scale"], workers: number) => ({
  "server.workers": String(workers),
  "server.shards": String(Math.max(1, Math.ceil(shards / Math.max(1, workers)))),
  // The clients of this bench say nothing, and nothing is to be measured but the dashboard.
  "limits.pingInterval": "0",
  "limits.idleTimeout": "0"
})

/** A server with workers needs all cores; of one process, the first. */
export const withServer = async <A>(
  { cores, folder, scale }: Context,
  { workersOf }: Size,
  use: (server: Server) => Promise<A>
): Promise<A> => {
  const workers = workersOf(scale)
  const core = workers === 0 ? pinsOf(cores).server : undefined
  const command = clarionCommand("uws", folder, settingsOf(scale, workers))
  const server = await startServer(command, core, clarionSays("uws"))
  try {
    return await use(server)
  } finally {
    await end(server.child)
  }
}

/** Connects as many clients, which hear nothing, for as long as it is used. */
export const withClients = async <A>(
  { cores }: Context,
  { port }: Server,
  connections: number,
  use: () => Promise<A>
): Promise<A> => {
  const drivers: Array<DriverProcess> = []
  try {
    for (let left = connections; left > 0; left -= DRIVER_CONNECTIONS) {
      const driver = new DriverProcess(pinsOf(cores).driver)
      drivers.push(driver)
      const order = { port, dialect: "raw", channels: 1, prefix: "", addresses: ADDRESSES } as const
      await driver.order("open", { ...order, connections: Math.min(left, DRIVER_CONNECTIONS) }, OPEN_MS)
    }
    return await use()
  } finally {
    await Promise.all(drivers.map((driver) => driver.end()))
  }
}

/** Microseconds of CPU time of all processes of a server. */
export const cpuOf = ({ pid }: Server): number =>
  [pid, ...childrenOf(pid)].reduce((sum, one) => sum + exactCpuUs(one), 0)
