/** What can happen to NATS servers. */
import type { NatsServer } from "../../nats/NatsServer.ts"
import { historyLeader, metaLeader, natsWhole } from "../cluster/natsState.ts"
import { type Fault, type Grounds, SHORT_MS } from "./Fault.ts"

/** The pause of the list: longer than all patience of the nodes. */
const PAUSE_MS = 10_000

const killed =
  (choose: (grounds: Grounds) => Promise<NatsServer>, who: string, isBusy = false): Fault =>
  async (grounds) => {
    const { cluster } = grounds
    const server = await choose(grounds)
    const burst = isBusy ? await grounds.burst() : undefined
    await server.kill()
    const busy = burst === undefined ? "" : `, with ${burst.underWay} publications under way`
    return {
      does: `kill -9 of ${who} ${server.name}${busy}`,
      lastsMs: SHORT_MS,
      isShort: true,
      heal: async (signal) => {
        await server.start()
        await natsWhole(cluster.nats, signal)
        await burst?.done
      }
    }
  }

const paused = (does: string, servers: ReadonlyArray<NatsServer>, { cluster }: Grounds) => {
  for (const server of servers) server.pause()
  return {
    does,
    lastsMs: PAUSE_MS,
    heal: async (signal: AbortSignal) => {
      for (const server of servers) server.resume()
      await natsWhole(cluster.nats, signal)
    }
  }
}

const ofHistories = ({ cluster: { nats }, signal }: Grounds) => historyLeader(nats, signal)

export const killNats = killed(async ({ cluster, random }) => random.pick(cluster.nats), "NATS server")
/** While very much is being published. */
export const killLeader = killed(ofHistories, "the leader of the histories", true)
export const killMetaLeader = killed(
  ({ cluster: { nats }, signal }) => metaLeader(nats, signal),
  "the leader of JetStream"
)

export const pauseNats: Fault = async (grounds) => {
  const server = await ofHistories(grounds)
  return paused(`SIGSTOP of the leader of the histories ${server.name}`, [server], grounds)
}

export const pauseAllNats: Fault = async (grounds) =>
  paused("SIGSTOP of all NATS servers", grounds.cluster.nats, grounds)
