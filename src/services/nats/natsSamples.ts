/** What a node tells of its connection to NATS. */
import type { NatsConnection } from "@nats-io/transport-node"
import { counter, gauge, type Sample } from "../Metrics.ts"
import type { Listener } from "./Listener.ts"

export interface LinkFigures {
  readonly isUp: boolean
  /** Times that the connection was lost. */
  readonly losses: number
}

export const natsSamples = (
  connection: NatsConnection,
  { isUp, losses }: LinkFigures,
  { unreadable }: Pick<Listener, "unreadable">,
  problems: number
): ReadonlyArray<Sample> => {
  const { inBytes, outBytes, inMsgs, outMsgs } = connection.stats()
  return [
    gauge("clarion_nats_connected", "1 while the node is connected to NATS, else 0", isUp ? 1 : 0),
    gauge("clarion_nats_problems", "What is wrong with NATS, as /health says it", problems),
    counter("clarion_nats_connection_losses_total", "Times that the connection to NATS was lost", losses),
    counter(
      "clarion_nats_malformed_messages_total",
      "Messages from NATS that could not be looked at, as their headers were none",
      unreadable
    ),
    counter("clarion_nats_received_messages_total", "Messages from NATS", inMsgs),
    counter("clarion_nats_received_bytes_total", "Bytes of messages from NATS", inBytes),
    counter("clarion_nats_sent_messages_total", "Messages to NATS", outMsgs),
    counter("clarion_nats_sent_bytes_total", "Bytes of messages to NATS", outBytes)
  ]
}
