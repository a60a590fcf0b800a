/** What the NATS servers of a cluster say of their streams, and of themselves. */
import { jetstreamManager, type StreamInfo } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import type { NatsServer } from "../../nats/NatsServer.ts"
import { until } from "../until.ts"

type Servers = ReadonlyArray<NatsServer>

/** The streams as the servers that run know them; undefined where they have no common mind now. */
const streamsOf = async (nats: Servers): Promise<ReadonlyArray<StreamInfo> | undefined> => {
  const servers = nats.filter(({ isRunning }) => isRunning).map(({ host, port }) => `${host}:${port}`)
  const connection = await connect({ servers, timeout: 2000, reconnect: false, ignoreClusterUpdates: true })
  try {
    const manager = await jetstreamManager(connection, { timeout: 2000, checkAPI: false })
    const streams: Array<StreamInfo> = []
    for await (const stream of manager.streams.list())
      streams.push(await manager.streams.info(stream.config.name))
    return streams
  } catch {
    return undefined
  } finally {
    await connection.close()
  }
}

const isWhole = ({ config, cluster }: StreamInfo): boolean =>
  cluster?.leader !== undefined &&
  (cluster.replicas ?? []).length === config.num_replicas - 1 &&
  (cluster.replicas ?? []).every(({ current, offline }) => current && offline !== true)

/** Completes when every stream has a leader, and all of its replicas have all of it: only then may another server be taken away. */
export const natsWhole = (nats: Servers, signal: AbortSignal): Promise<true> =>
  until(async () => (await streamsOf(nats))?.every(isWhole) || undefined, signal)

const named = (nats: Servers, leader: unknown): NatsServer | undefined =>
  nats.find(({ name }) => name === leader)

/** The server that leads the history with the most in it. */
export const historyLeader = (nats: Servers, signal: AbortSignal): Promise<NatsServer> =>
  until(async () => {
    const [largest] = ((await streamsOf(nats)) ?? [])
      .filter(({ config }) => config.name.includes("_history_"))
      .sort((a, b) => b.state.messages - a.state.messages)
    return named(nats, largest?.cluster?.leader)
  }, signal)

/** The server that leads JetStream itself: it places streams and consumers. */
export const metaLeader = (nats: Servers, signal: AbortSignal): Promise<NatsServer> =>
  until(async () => {
    const leaders = await Promise.all(
      nats.map(async (server) => (await server.monitored("jsz")).meta_cluster?.leader)
    )
    // All of them say the same: nobody is being elected.
    return new Set(leaders).size === 1 ? named(nats, leaders[0]) : undefined
  }, signal)
