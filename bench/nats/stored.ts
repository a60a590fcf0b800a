/** What a publication costs that a JetStream stream keeps, acknowledges and republishes to those who listen. */
import { setTimeout as sleep } from "node:timers/promises"
import { jetstream, jetstreamManager, StorageType } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import type { Server } from "../support/children.ts"
import { exactCpuUs } from "../support/procfs.ts"
import type { Figure } from "./cases.ts"
import { RawListener } from "./RawListener.ts"

const CHANNELS = 1_000
/** Publications without an answer yet. */
const UNDER_WAY = 256

/** Servers that have only just found each other do not answer until they have a leader: asked again, so often. */
const ASKS = 20
const ASK_MS = 1_000

const makeStream = async (connection: NatsConnection, replicas: number): Promise<void> => {
  const manager = await jetstreamManager(connection, { timeout: ASK_MS, checkAPI: false })
  for (let ask = 1; ; ask++) {
    try {
      await manager.streams.add({
        name: "history",
        subjects: ["h.*"],
        num_replicas: replicas,
        storage: StorageType.File,
        max_msgs_per_subject: 100,
        republish: { src: "h.*", dest: "live.{{wildcard(1)}}" }
      })
      return
    } catch (error) {
      if (ask === ASKS) throw error
      // What refuses at once must not be asked at once again.
      await sleep(ASK_MS)
    }
  }
}

/** Each publication names the last message of its subject, as a compare-and-set. */
export const storedFigures = async (
  servers: ReadonlyArray<Server>,
  bytes: number,
  publications: number
): Promise<ReadonlyArray<Figure>> => {
  const connection = await connect({ servers: servers.map(({ port }) => `127.0.0.1:${port}`) })
  await makeStream(connection, servers.length)
  const listener = await RawListener.open(servers[0]?.port ?? 0, "live.>")
  const client = jetstream(connection, { timeout: 20_000 })
  const payload = Buffer.alloc(bytes, "x")
  const last = new Array<number>(CHANNELS).fill(0)
  const publish = async (channel: number) => {
    const ack = await client.publish(`h.${channel}`, payload, {
      expect: { lastSubjectSequence: last[channel] ?? 0 }
    })
    last[channel] = ack.seq
  }
  /** Each of those that publish has channels of its own: no one ever loses a compare-and-set. */
  const publishAll = async (count: number, underWay: number) => {
    let left = count
    await Promise.all(
      Array.from({ length: underWay }, async (_, at) => {
        for (let channel = at; left > 0; channel = channel + underWay < CHANNELS ? channel + underWay : at) {
          left--
          await publish(channel)
        }
      })
    )
  }
  const measured = async (count: number, underWay: number) => {
    await publishAll(count / 4, underWay)
    listener.restart()
    const cpu = () => servers.reduce((sum, { pid }) => sum + exactCpuUs(pid), 0)
    const [at, before] = [performance.now(), cpu()]
    await publishAll(count, underWay)
    const seconds = (performance.now() - at) / 1000
    return { perSecond: count / seconds, cpuUs: (cpu() - before) / count, bytes: listener.bytes / count }
  }
  const one = await measured(Math.ceil(publications / 10), 1)
  const many = await measured(publications, UNDER_WAY)
  listener.close()
  await connection.close()
  return [
    { label: "one after the other: a second", value: one.perSecond, digits: 0 },
    { label: "one after the other: CPU of all servers, µs", value: one.cpuUs, digits: 1 },
    { label: `${UNDER_WAY} under way: **a second**`, value: many.perSecond, digits: 0 },
    { label: `${UNDER_WAY} under way: **CPU of all servers, µs**`, value: many.cpuUs, digits: 1 },
    { label: `${UNDER_WAY} under way: **bytes to each that listens**`, value: many.bytes, digits: 1 }
  ]
}
