/** Clarion nodes as real processes, joined by real NATS servers through links that a test can cut; or one node alone with its own store. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { onTestFinished } from "vitest"
import { TcpLink } from "../../centrifuge/TcpLink.ts"
import { freePort } from "../../client/servers.ts"
import { type NatsServer, startNatsCluster } from "../../nats/NatsServer.ts"
import { temporaryFolder } from "../../server/temporaryFolder.ts"
import { ClusterNode, type Place } from "./ClusterNode.ts"
import { Island } from "./Island.ts"
import { natsWhole } from "./natsState.ts"

const LOCALHOST = "127.0.0.1"
/** For three NATS servers to find each other. */
const START_MS = 30_000

export interface Cluster {
  readonly nodes: ReadonlyArray<ClusterNode>
  /** Empty: a node alone. */
  readonly nats: ReadonlyArray<NatsServer>
}

export interface ClusterOptions {
  /** Of each node: 0 is a single process. */
  readonly workers?: readonly [number, number, number]
  /** The last node has a network of its own (Island.ts). */
  readonly hasIsland?: boolean
}

/** So often that clients of a node that is unplugged notice it, and go to another one. */
const PINGS = { pingInterval: "2 seconds", pongTimeout: "1 second" }

/** History long enough that nothing is trimmed, and positions that are compared often. */
const configuration = (isDurable: boolean, hasPings: boolean) => ({
  client: {
    insecure: true,
    allowedOrigins: ["*"],
    channelPositionCheckDelay: "2 seconds",
    ...(hasPings ? PINGS : {})
  },
  // Of the schedule of a trial nothing is left out, however long a busy machine takes over an outage.
  schedules: { catchUpRuns: 10_000 },
  channels: {
    namespaces: [
      {
        name: "kept",
        historySize: 100_000,
        historyTtl: "1 hour",
        forceRecovery: true,
        ...(isDurable ? { history: { durable: true } } : {})
      }
    ]
  }
})

const startNode = async (name: string, place: Place, isDurable: boolean, args: ReadonlyArray<string>) => {
  const config = join(temporaryFolder(), "conf.json")
  writeFileSync(config, JSON.stringify(configuration(isDurable, place.island !== undefined)))
  const node = new ClusterNode(name, place, ["--config", config, ...args])
  await node.start()
  return node
}

/** One node with durable history. It ends with the test. */
export const startAlone = async (): Promise<Cluster> => {
  const place = { host: LOCALHOST, port: await freePort(), links: [] }
  return { nodes: [await startNode("node-a", place, true, [])], nats: [] }
}

const natsForTest = async (host: string): Promise<ReadonlyArray<NatsServer>> => {
  const scope = Effect.runSync(Scope.make())
  onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const nats = await Effect.runPromise(Effect.provideService(startNatsCluster({ host }), Scope.Scope, scope))
  // Its leader is found.
  await natsWhole(nats, AbortSignal.timeout(START_MS))
  return nats
}

const placeAmong = async (nats: ReadonlyArray<NatsServer>): Promise<Place> => ({
  host: LOCALHOST,
  port: await freePort(),
  links: await Promise.all(nats.map(({ port, host }) => TcpLink.before(port, host)))
})

const placeOn = async (island: Island): Promise<Place> => ({
  host: island.there,
  port: await freePort(),
  links: [],
  island
})

/** Three NATS servers and three nodes, of which each has a link to each server, or a cable for everything. They end with the test. */
export const startCluster = async ({
  workers = [0, 0, 0],
  hasIsland = false
}: ClusterOptions = {}): Promise<Cluster> => {
  const island = hasIsland ? Island.forTest() : undefined
  const nats = await natsForTest(island?.here ?? LOCALHOST)
  const start = async (count: number, at: number) => {
    const place = await (island !== undefined && at === 2 ? placeOn(island) : placeAmong(nats))
    const servers =
      place.links.length === 0
        ? nats.map(({ url }) => url)
        : place.links.map(({ port }) => `nats://${LOCALHOST}:${port}`)
    return startNode(`node-${"abc"[at]}`, place, false, [
      ...["--broker.type", "nats", "--broker.nats.servers", servers.join(","), "--broker.nats.replicas", "3"],
      ...["--server.workers", `${count}`]
    ])
  }
  return { nats, nodes: await Promise.all(workers.map(start)) }
}
