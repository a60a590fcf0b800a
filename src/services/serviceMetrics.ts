/** The service's own metrics: connections, handshakes, messages, broadcasts. Names are documented in docs/metrics.md. */
import * as Effect from "effect/Effect"
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

/** Actors that are told of in one turn of the event loop: 0.2 ms. */
const TURN = 250

/** Restarts and mailboxes of all actors that have them, in turns: there may be thousands. */
export const actorSamples = Effect.fnUntraced(function* (roots: ReadonlyArray<ActorNode>) {
  const samples: Array<Sample> = []
  const left = [...roots].reverse()
  for (let told = 1; left.length > 0; told++) {
    const actor = left.pop()!
    tell(actor, samples)
    for (let at = actor.children.length - 1; at >= 0; at--) left.push(actor.children[at]!)
    if (told % TURN === 0) yield* Effect.yieldNow
  }
  return samples
})

const tell = ({ address, restarts, mailbox }: ActorNode, samples: Array<Sample>): void => {
  const labels = { actor: address }
  if (restarts !== undefined)
    samples.push(counter("clarion_actor_restarts_total", "Restarts of supervised actors", restarts, labels))
  if (mailbox !== undefined)
    samples.push({
      type: "gauge",
      name: "clarion_mailbox_depth",
      help: "Messages that wait in a mailbox",
      value: mailbox,
      labels
    })
}
