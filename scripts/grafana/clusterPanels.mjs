// Rows of the dashboard about nodes that NATS joins, and what they tell each other.
import { of, query, rateOf } from "./queries.mjs"

export const addClusterPanels = (layout) => {
  layout
    .row("Several nodes")
    .lines(
      "Nodes, the leader, and NATS",
      "short",
      "Nodes that each one knows, with itself; 1 on the node that leads; 1 on nodes that are connected to NATS; what is wrong with NATS, as /health says it.",
      query(of("clarion_cluster_nodes"), "{{instance}} knows"),
      query(of("clarion_cluster_leader"), "{{instance}} leads"),
      query(of("clarion_nats_connected"), "{{instance}} is connected"),
      query(of("clarion_nats_problems"), "problems of {{instance}}")
    )
    .lines(
      "Connections of the cluster",
      "short",
      "Live connections of all nodes, as each one knows them.",
      query(of("clarion_cluster_connections"))
    )
    .lines(
      "Messages from and to NATS",
      "cps",
      "Messages a second of each node, of all kinds.",
      query(rateOf("clarion_nats_received_messages_total"), "{{instance}} received"),
      query(rateOf("clarion_nats_sent_messages_total"), "{{instance}} sent")
    )
    .lines(
      "Bytes from and to NATS",
      "Bps",
      "Bytes a second of each node. They do not grow with subscribers.",
      query(rateOf("clarion_nats_received_bytes_total"), "{{instance}} received"),
      query(rateOf("clarion_nats_sent_bytes_total"), "{{instance}} sent")
    )
    .lines(
      "Histories at NATS",
      "cps",
      "Messages that carried publications; those written again, as another node was faster; questions about histories; gaps that were filled.",
      query(rateOf("clarion_nats_stored_messages_total"), "{{instance}} stored"),
      query(rateOf("clarion_nats_overtaken_total"), "{{instance}} overtaken"),
      query(rateOf("clarion_nats_reads_total"), "{{instance}} reads"),
      query(rateOf("clarion_nats_gaps_total"), "{{instance}} gaps")
    )
    .lines(
      "Channels that nodes hear",
      "short",
      "One subscription at NATS for each, however many subscribers there are; publications that wait for NATS.",
      query(of("clarion_nats_channels"), "{{instance}} channels"),
      query(of("clarion_nats_waiting"), "{{instance}} waiting")
    )
    .lines(
      "Newest publications in memory",
      "bytes",
      "What nodes keep of the channels that they hear, for those who come back.",
      query(of("clarion_nats_tail_bytes"))
    )
    .lines(
      "Questions between nodes",
      "cps",
      "Presence, commands of the server API, receipts: questions, answers, and answers that did not come in time.",
      query(rateOf("clarion_cluster_questions_total"), "{{instance}} questions"),
      query(rateOf("clarion_cluster_answers_total"), "{{instance}} answers"),
      query(rateOf("clarion_cluster_unanswered_total"), "{{instance}} unanswered")
    )
    .lines(
      "Questions that wait for other nodes",
      "short",
      "Now.",
      query(of("clarion_cluster_questions_waiting"))
    )
    .lines(
      "What was lost or not understood between nodes",
      "cps",
      "Losses of the connection; messages that could not be read; publications of raw clients that others could not be told; subscriptions that waited no longer for other NATS servers; changes of the leader, and of schedules in which another node was faster.",
      query(rateOf("clarion_nats_connection_losses_total"), "{{instance}} connection lost"),
      query(rateOf("clarion_nats_unreadable_total"), "{{instance}} unreadable in channels"),
      query(rateOf("clarion_nats_malformed_messages_total"), "{{instance}} malformed"),
      query(rateOf("clarion_cluster_beats_unreadable_total"), "{{instance}} unreadable beats"),
      query(rateOf("clarion_cluster_letters_unreadable_total"), "{{instance}} unreadable letters"),
      query(rateOf("clarion_cluster_schedules_unreadable_total"), "{{instance}} unreadable schedules"),
      query(rateOf("clarion_cluster_broadcasts_untold_total"), "{{instance}} not told"),
      query(rateOf("clarion_cluster_interest_unknown_total"), "{{instance}} subscriptions not waited for"),
      query(rateOf("clarion_cluster_leader_changes_total"), "{{instance}} leader changes"),
      query(rateOf("clarion_cluster_schedule_conflicts_total"), "{{instance}} conflicts of schedules")
    )
}
