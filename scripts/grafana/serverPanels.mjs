// Rows of the dashboard about every server: now, connections, delivery, processes.
import { of, ofProcess, quantileOf, query, rate, rateOf } from "./queries.mjs"

export const addServerPanels = (layout) => {
  layout
    .row("Now")
    .stat("Connections", "short", "Live connections.", `sum(${of("clarion_connections")})`)
    .stat("Client sessions", "short", "Of the client protocol, connected.", `sum(${of("clarion_clients")})`)
    .stat(
      "Messages a second",
      "short",
      "Handed to the kernel or a send buffer: broadcasts, and publications in channels.",
      `sum(${rate(of("clarion_messages_written_total"))}) + sum(${rate(of("clarion_channel_messages_written_total"))})`
    )
    .stat(
      "Dropped in an hour",
      "short",
      "Messages that were not sent though their connections were open.",
      `sum(increase(${of("clarion_messages_dropped_total")}[1h])) + sum(increase(${of("clarion_channel_messages_dropped_total")}[1h]))`,
      [
        [null, "green"],
        [1, "red"]
      ]
    )
    .stat(
      "Slowest event loop, p99",
      "s",
      "Of the processes that are chosen.",
      `max(${ofProcess("clarion_event_loop_delay_seconds", 'percentile="99"')})`,
      [
        [null, "green"],
        [0.05, "orange"],
        [0.2, "red"]
      ]
    )
    .stat(
      "Restarts in an hour",
      "short",
      "Of shards and workers.",
      `sum(increase(${of("clarion_actor_restarts_total")}[1h]))`,
      [
        [null, "green"],
        [1, "red"]
      ]
    )

  layout
    .row("Connections")
    .lines("Connections", "short", "Live connections of each server.", query(of("clarion_connections")))
    .lines(
      "Set-up and close",
      "cps",
      "Connections that were established and that ended, a second.",
      query(rateOf("clarion_connections_opened_total"), "{{instance}} opened"),
      query(rateOf("clarion_connections_closed_total"), "{{instance}} closed")
    )
    .stacked(
      "Closed, by code",
      "cps",
      "1006: without a close frame. 1012, 3001: the server ends or restarts. 3008: too slow. 3012: silent. docs/errors.md has all of them.",
      query(rateOf("clarion_connections_closed_total", "code"), "{{code}}")
    )
    .stacked(
      "Refused handshakes, by reason",
      "cps",
      "Handshakes that were answered with an HTTP error.",
      query(rateOf("clarion_handshakes_refused_total", "reason"), "{{reason}}")
    )
    .lines(
      "Pings and silence",
      "cps",
      "Pings to silent connections; those that were closed as nothing was heard; sessions closed as they took nothing.",
      query(rateOf("clarion_pings_total"), "{{instance}} pings"),
      query(rateOf("clarion_connections_idle_total"), "{{instance}} silent"),
      query(rateOf("clarion_writes_stalled_total"), "{{instance}} stalled")
    )
    .lines(
      "From raw clients",
      "short",
      "Messages that clients sent, a second, and those that found the queue of the hook full.",
      query(rateOf("clarion_messages_received_total"), "{{instance}} messages"),
      query(rateOf("clarion_hook_messages_dropped_total"), "{{instance}} dropped")
    )
    .lines(
      "Bytes from raw clients",
      "Bps",
      "Bytes of these messages.",
      query(rateOf("clarion_messages_received_bytes_total"))
    )

  layout
    .row("Delivery")
    .lines(
      "Messages written",
      "wps",
      "Messages a second that were handed to the kernel or a send buffer.",
      query(rateOf("clarion_messages_written_total"), "{{instance}} broadcasts"),
      query(rateOf("clarion_channel_messages_written_total"), "{{instance}} channels")
    )
    .stacked(
      "Drops, by reason",
      "cps",
      "slow: the connection's send buffer was full. mailbox: a shard's or worker's mailbox was. missed: the connection closed first.",
      query(rateOf("clarion_messages_dropped_total", "reason"), "broadcasts: {{reason}}"),
      query(rateOf("clarion_channel_messages_dropped_total", "reason"), "channels: {{reason}}"),
      query(`sum(${rate(of("clarion_messages_missed_total"))})`, "broadcasts: missed"),
      query(`sum(${rate(of("clarion_channel_messages_missed_total"))})`, "channels: missed")
    )
    .lines(
      "Time to the last write",
      "s",
      "From publishing to the last write: of broadcasts, and of what else keeps a receipt.",
      query(quantileOf(0.5, "clarion_broadcast_last_write_seconds"), "{{instance}} p50"),
      query(quantileOf(0.95, "clarion_broadcast_last_write_seconds"), "{{instance}} p95"),
      query(quantileOf(0.99, "clarion_broadcast_last_write_seconds"), "{{instance}} p99")
    )
    .lines(
      "Broadcasts",
      "cps",
      "Broadcasts a second, and ticks of the broadcast timer.",
      query(rateOf("clarion_broadcasts_total"), "{{instance}} broadcasts"),
      query(rateOf("clarion_timer_ticks_total"), "{{instance}} ticks"),
      query(rateOf("clarion_timer_ticks_missed_total"), "{{instance}} missed ticks")
    )
    .lines(
      "Slow consumers",
      "cps",
      "Times a second that a send buffer was full.",
      query(rateOf("clarion_slow_consumers_total"))
    )
    .lines(
      "Mailboxes",
      "short",
      "Publications that wait in the fullest mailbox, by actor.",
      query(`topk(10, max by (instance, actor) (${of("clarion_mailbox_depth")}))`, "{{instance}} {{actor}}")
    )

  layout
    .row("Processes")
    .lines(
      "Event-loop delay",
      "s",
      "In the last ten seconds, for each process.",
      query(ofProcess("clarion_event_loop_delay_seconds", 'percentile="50"'), "{{instance}} {{process}} p50"),
      query(ofProcess("clarion_event_loop_delay_seconds", 'percentile="99"'), "{{instance}} {{process}} p99"),
      query(ofProcess("clarion_event_loop_delay_seconds", 'percentile="100"'), "{{instance}} {{process}} max")
    )
    .lines(
      "CPU",
      "percentunit",
      "User and system time; 100 % is one core.",
      query(rate(ofProcess("process_cpu_seconds_total")), "{{instance}} {{process}}")
    )
    .lines(
      "Memory",
      "bytes",
      "Resident memory, and the heap of JavaScript in it.",
      query(ofProcess("process_resident_memory_bytes"), "{{instance}} {{process}} resident"),
      query(ofProcess("nodejs_heap_size_used_bytes"), "{{instance}} {{process}} heap")
    )
    .lines(
      "Restarts",
      "short",
      "Of shards and workers, in five minutes.",
      query(`increase(${of("clarion_actor_restarts_total")}[5m]) > 0`, "{{instance}} {{actor}}")
    )
    .lines(
      "Between workers and primary",
      "cps",
      "With workers: what found too much on its way to the primary.",
      query(rateOf("clarion_client_publications_dropped_total"), "{{instance}} publications of clients"),
      query(rateOf("clarion_session_events_dropped_total"), "{{instance}} events of sessions")
    )
    .lines(
      "Versions",
      "short",
      "Processes of each version.",
      query(
        `count by (version, node) (${ofProcess("clarion_build_info")})`,
        "{{version}} on Node.js {{node}}"
      )
    )
}
