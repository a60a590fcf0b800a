/** The service's own metrics: connections, handshakes, messages, broadcasts. Names are documented in docs/metrics.md. */
import type { ActorNode } from "./ActorTree.ts"
import type { ChannelTotals } from "./Hub.ts"
import type { Intake } from "./hot/Intake.ts"
import type { DropReasons } from "./hot/Publication.ts"
import { counter, gauge, type Sample } from "./Metrics.ts"
import type { BroadcastTotals } from "./Publisher.ts"

/** What a process that holds connections counts. */
export const connectionSamples = (
  { counters, keepalive, framePings, stalledWrites, slow }: Intake,
  hooks: { readonly dropped: () => number }
): ReadonlyArray<Sample> => [
  gauge("clarion_connections", "Live connections", counters.live),
  counter("clarion_connections_opened_total", "Connections established", counters.opened),
  ...[...counters.closed].map(([code, count]) =>
    counter(
      "clarion_connections_closed_total",
      "Connections ended, by close code (1006: without a close frame)",
      count,
      {
        code: String(code)
      }
    )
  ),
  ...[...counters.refused].map(([reason, count]) =>
    counter("clarion_handshakes_refused_total", "Handshakes answered with an HTTP error", count, { reason })
  ),
  counter("clarion_pings_total", "Pings sent to silent connections", keepalive.pinged + framePings.pinged),
  counter(
    "clarion_connections_idle_total",
    "Connections closed because nothing was heard",
    keepalive.expired + framePings.expired
  ),
  counter(
    "clarion_writes_stalled_total",
    "Sessions closed because the client took nothing of what waited for it",
    stalledWrites.stalled
  ),
  counter("clarion_slow_consumers_total", "Times that a connection's send buffer was full", slow.full),
  counter("clarion_messages_received_total", "Messages from clients", counters.messages),
  counter("clarion_messages_received_bytes_total", "Bytes of messages from clients", counters.messageBytes),
  counter("clarion_hook_messages_dropped_total", "Messages that found the hook queue full", hooks.dropped())
]

const dropSamples = (name: string, help: string, { slow, mailbox }: DropReasons): ReadonlyArray<Sample> => [
  counter(name, help, slow, { reason: "slow" }),
  counter(name, help, mailbox, { reason: "mailbox" })
]

export const broadcastSamples = (totals: Readonly<BroadcastTotals>): ReadonlyArray<Sample> => [
  counter("clarion_broadcasts_total", "Broadcasts published", totals.broadcasts),
  counter(
    "clarion_messages_written_total",
    "Broadcast messages handed to the kernel or a send buffer",
    totals.written
  ),
  ...dropSamples(
    "clarion_messages_dropped_total",
    "Broadcast messages not sent: send buffer or mailbox full",
    totals
  ),
  counter(
    "clarion_messages_missed_total",
    "Broadcast messages not sent: the connection closed first",
    totals.closed
  )
]

/** What became of what happened in channels. */
export const channelSamples = (totals: ChannelTotals): ReadonlyArray<Sample> => [
  counter(
    "clarion_channel_messages_written_total",
    "Messages of channels handed to the kernel or a send buffer",
    totals.written
  ),
  ...dropSamples(
    "clarion_channel_messages_dropped_total",
    "Messages of channels not sent: send buffer or mailbox full",
    totals
  ),
  counter(
    "clarion_channel_messages_missed_total",
    "Messages of channels not sent: the connection closed first",
    totals.closed
  )
]

/** Restarts and mailboxes of all actors that have them. */
export const actorSamples = (actors: ReadonlyArray<ActorNode>): ReadonlyArray<Sample> => {
  const samples: Array<Sample> = []
  const add = ({ address, restarts, mailbox, children }: ActorNode): void => {
    const labels = { actor: address }
    if (restarts !== undefined)
      samples.push(counter("clarion_actor_restarts_total", "Restarts of supervised actors", restarts, labels))
    if (mailbox !== undefined)
      samples.push({
        ...gauge("clarion_mailbox_depth", "Messages that wait in a mailbox", mailbox),
        labels
      })
    children.forEach(add)
  }
  actors.forEach(add)
  return samples
}
