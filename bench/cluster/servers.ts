/** The deployments that are compared: a node alone, a node with NATS, two nodes with NATS. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { DriverProcess } from "../driver/DriverProcess.ts"
import { API_KEY } from "../support/apiKey.ts"
import { pinsOf } from "../support/bench.ts"
import { end, type Server, startServer } from "../support/children.ts"
import { clarionCommand, clarionSays } from "../support/contender.ts"
import { exactCpuUs } from "../support/procfs.ts"
import type { Context } from "./scenario.ts"

/** The namespace of all channels. */
export const PREFIX = "kept:"

export const deployments = {
  embedded: { title: "a node alone", nodes: 1, hasNats: false },
  oneNode: { title: "a node with NATS", nodes: 1, hasNats: true },
  twoNodes: { title: "two nodes with NATS", nodes: 2, hasNats: true }
} as const

export type Deployment = (typeof deployments)[keyof typeof deployments]

export interface Cluster {
  /** Where is published, and where clients are: the same where there is one node. */
  readonly publisher: Server
  readonly holder: Server
  readonly nats: Server | undefined
  readonly driver: DriverProcess
}

const LISTENING = /Listening for client connections on 127\.0\.0\.1:(\d+)/

let stores = 0
const newStore = ({ folder }: Context): string => join(folder, `store-${++stores}`)

const settings = (nats: Server | undefined) => ({
  client: { insecure: true },
  channels: {
    namespaces: [{ name: "kept", historySize: 100, historyTtl: "300 seconds", forceRecovery: true }]
  },
  ...(nats === undefined
    ? {}
    : { broker: { type: "nats", nats: { servers: [`nats://127.0.0.1:${nats.port}`] } } })
})

const startNats = (context: Context): Promise<Server> => {
  const store = newStore(context)
  const command = ["nats-server", "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", store]
  return startServer(command, pinsOf(context.cores).server, LISTENING)
}

const startNode = (context: Context, nats: Server | undefined): Promise<Server> => {
  const store = newStore(context)
  const config = `${store}.json`
  writeFileSync(config, JSON.stringify(settings(nats)))
  const command = clarionCommand("uws", store, { config, "store.path": store })
  return startServer(command, pinsOf(context.cores).server, clarionSays("uws"))
}

/** Starts a deployment and a driver, and ends them whatever happens. */
export const withCluster = async <A>(
  context: Context,
  { nodes, hasNats }: Deployment,
  use: (cluster: Cluster) => Promise<A>
): Promise<A> => {
  const started: Array<Server> = []
  const keep = async (starting: Promise<Server>): Promise<Server> => {
    const server = await starting
    started.push(server)
    return server
  }
  const driver = new DriverProcess(pinsOf(context.cores).driver)
  try {
    const nats = hasNats ? await keep(startNats(context)) : undefined
    const publisher = await keep(startNode(context, nats))
    const holder = nodes === 1 ? publisher : await keep(startNode(context, nats))
    return await use({ publisher, holder, nats, driver })
  } finally {
    await driver.end()
    await Promise.all(started.reverse().map(({ child }) => end(child)))
  }
}

/** A figure of `/metrics`, summed over its labels; 0 where there is none. */
export const metric = async ({ port }: Server, name: string): Promise<number> => {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { "x-api-key": API_KEY } })
  const values = (await answer.text()).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0)
}

/** Microseconds of CPU time that each part of a deployment uses for a piece of work. */
export const cpuOf = async <A>(
  { publisher, holder, nats }: Cluster,
  work: () => Promise<A>
): Promise<{
  readonly result: A
  readonly publisherUs: number
  readonly holderUs: number
  readonly natsUs: number
}> => {
  const read = () => ({
    publisher: exactCpuUs(publisher.pid),
    holder: holder === publisher ? 0 : exactCpuUs(holder.pid),
    nats: nats === undefined ? 0 : exactCpuUs(nats.pid)
  })
  const before = read()
  const result = await work()
  const after = read()
  return {
    result,
    publisherUs: after.publisher - before.publisher,
    holderUs: after.holder - before.holder,
    natsUs: after.nats - before.nats
  }
}
