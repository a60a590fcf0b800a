/** What channels are to NATS, whether anything is published in them or not. Each connection is in one of them. */
import * as Duration from "effect/Duration"
import { freshShare } from "./costs.ts"
import { figures } from "./figures.ts"
import { liveBytes } from "./nodeLoad.ts"
import type { PlanInput } from "./PlanInput.ts"

export interface ChannelLoad {
  /** Subscriptions of all nodes: one for each channel of each. Every server knows all of them. */
  readonly subscriptions: number
  /** Channels of which something is kept, and publications that are. */
  readonly subjects: number
  readonly kept: number
  /** Bytes of memory and of disk for one copy of all that is kept. */
  readonly memory: number
  readonly disk: number
  /** A second, of the last message of a channel: by clients that come, and by nodes that look whether they have missed one. */
  readonly reads: number
  /** Seconds until nodes have looked at each of their channels. */
  readonly lookSeconds: number
}

const NONE: ChannelLoad = {
  subscriptions: 0,
  subjects: 0,
  kept: 0,
  memory: 0,
  disk: 0,
  reads: 0,
  lookSeconds: 0
}

export const channelLoad = (input: PlanInput, nodes: number): ChannelLoad => {
  const { connections, session, channels } = input
  if (channels.rate === 0 && !channels.history) return NONE
  const all = connections / channels.subscribers
  const subscriptions = Math.min(connections, nodes * all)
  if (!channels.history) return { ...NONE, subscriptions }
  // What is known of a channel outlives its publications.
  const subjects = channels.rate === 0 ? 0 : all
  const published = Math.min(all * channels.size, channels.rate * Duration.toSeconds(channels.ttl))
  const kept = Math.max(subjects, published)
  const coming = (connections / Duration.toSeconds(session)) * freshShare(input, nodes)
  const looksOfNode = Math.min(figures.looksOfOne.value, Math.max(1, figures.looksOfAll.value / nodes))
  const again = figures.lookAgainSeconds.value
  return {
    subscriptions,
    subjects,
    kept,
    memory: subjects * figures.natsSubjectBytes.value + (kept - subjects) * figures.natsMessageBytes.value,
    disk: kept * (liveBytes(input).ofChannels + figures.natsDiskBytes.value),
    reads: coming * figures.freshReads.value + Math.min(looksOfNode * nodes, subscriptions / again),
    lookSeconds: Math.max(again, subscriptions / nodes / looksOfNode)
  }
}
