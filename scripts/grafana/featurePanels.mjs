// Rows of the dashboard about what a server may be used for: channels, schedules, receipts, the store, backends, webhooks, traces.
import { of, quantileOf, query, rate, rateOf, sumOf } from "./queries.mjs"

export const addFeaturePanels = (layout) => {
  layout
    .row("Channels and commands")
    .lines(
      "Sessions and subscriptions",
      "short",
      "Client sessions that are connected, and their subscriptions.",
      query(of("clarion_clients"), "{{instance}} sessions"),
      query(of("clarion_subscriptions"), "{{instance}} subscriptions")
    )
    .lines(
      "Publications",
      "cps",
      "Publications in channels a second, and those that were not published: known idempotency key, or no newer version.",
      query(rateOf("clarion_publications_total"), "{{instance}} published"),
      query(rateOf("clarion_publications_suppressed_total"), "{{instance}} suppressed")
    )
    .stacked(
      "Commands of clients",
      "cps",
      "Commands a second.",
      query(rateOf("clarion_commands_total", "command"), "{{command}}")
    )
    .stacked(
      "Errors of commands, by code",
      "cps",
      "Commands of clients that were answered with an error; docs/errors.md has the codes.",
      query(rateOf("clarion_command_errors_total", "code"), "{{code}}")
    )
    .stacked(
      "Server API",
      "cps",
      "Commands a second, those in batches counted each.",
      query(rateOf("clarion_api_commands_total", "method"), "{{method}}")
    )
    .stacked(
      "Errors of the server API, by code",
      "cps",
      "Commands of the API that ended in an error.",
      query(rateOf("clarion_api_errors_total", "code"), "{{code}}")
    )
    .stacked(
      "Recoveries",
      "cps",
      "Subscriptions that came back and got all that they missed (true) or not (false); those that were told that they missed something.",
      query(rateOf("clarion_recoveries_total", "recovered"), "recovered: {{recovered}}"),
      query(`sum(${rate(of("clarion_insufficient_state_total"))})`, "insufficient state")
    )
    .lines(
      "History in memory",
      "short",
      "Channels with a position, publications that are kept, idempotency keys that are remembered.",
      query(of("clarion_streams"), "{{instance}} channels"),
      query(of("clarion_history_publications"), "{{instance}} publications"),
      query(of("clarion_idempotency_keys"), "{{instance}} idempotency keys")
    )
    .lines(
      "Bytes of history",
      "bytes",
      "What histories in memory take, and what of durable ones is in memory.",
      query(of("clarion_history_bytes"), "{{instance}} in memory"),
      query(of("clarion_durable_cached_bytes"), "{{instance}} durable")
    )
    .lines(
      "Evictions",
      "cps",
      "Histories that went before their time because memory is bounded.",
      query(rateOf("clarion_history_evictions_total"))
    )

  layout
    .row("Schedules and receipts")
    .lines(
      "Schedules",
      "short",
      "Schedules that are kept, those that wait for a due time, and runs under way.",
      query(of("clarion_schedules"), "{{instance}} kept"),
      query(of("clarion_schedules_pending"), "{{instance}} pending"),
      query(of("clarion_schedule_runs_under_way"), "{{instance}} under way")
    )
    .stacked(
      "Runs, by outcome",
      "cps",
      "Runs of schedules that are over.",
      query(rateOf("clarion_schedule_runs_total", "outcome"), "{{outcome}}")
    )
    .lines(
      "Lateness of runs",
      "s",
      "From the time when a run was to begin until it began; of runs that are caught up, too.",
      query(quantileOf(0.5, "clarion_schedule_lateness_seconds"), "{{instance}} p50"),
      query(quantileOf(0.99, "clarion_schedule_lateness_seconds"), "{{instance}} p99")
    )
    .stacked(
      "Receipts, by kind",
      "cps",
      "Receipts that became final, a second.",
      query(rateOf("clarion_receipts_total", "kind"), "{{kind}}")
    )
    .lines(
      "Receipts kept",
      "short",
      "In the store, under way, and waiting to be written.",
      query(of("clarion_receipts_kept"), "{{instance}} kept"),
      query(of("clarion_receipts_open"), "{{instance}} under way"),
      query(of("clarion_receipts_waiting"), "{{instance}} waiting")
    )
    .lines(
      "Acknowledgements",
      "cps",
      "Connections that acknowledged a receipt, acknowledgements that were not counted, and receipts that could not be kept.",
      query(rateOf("clarion_acks_total"), "{{instance}} acknowledged"),
      query(rateOf("clarion_acks_refused_total", "instance, reason"), "{{instance}} {{reason}}"),
      query(rateOf("clarion_receipts_unwritten_total"), "{{instance}} receipts not kept")
    )

  layout
    .row("Store, backends, webhooks, traces")
    .lines(
      "Store",
      "bytes",
      "The file on disk, with room for what comes next.",
      query(of("clarion_store_bytes"))
    )
    .lines(
      "Commits",
      "cps",
      "Commits a second that are on the disk, and that were refused.",
      query(rateOf("clarion_store_commits_total"), "{{instance}} store"),
      query(rateOf("clarion_store_commits_failed_total"), "{{instance}} store, refused"),
      query(rateOf("clarion_durable_commits_total"), "{{instance}} durable history"),
      query(rateOf("clarion_durable_commit_failures_total"), "{{instance}} durable history, failed")
    )
    .lines(
      "Durable history",
      "short",
      "Channels in use, publications of theirs in memory, and operations that wait for the next commit.",
      query(of("clarion_durable_streams"), "{{instance}} channels"),
      query(of("clarion_durable_cached_publications"), "{{instance}} publications"),
      query(of("clarion_durable_waiting"), "{{instance}} waiting")
    )
    .lines(
      "Backends",
      "cps",
      "Requests a second by proxy, and failures by reason.",
      query(rateOf("clarion_backend_requests_total", "proxy"), "{{proxy}}"),
      query(rateOf("clarion_backend_failures_total", "proxy, reason"), "{{proxy}}: {{reason}}")
    )
    .lines(
      "Backends, now",
      "short",
      "Requests that a backend has to answer, and questions that wait for their turn.",
      query(sumOf(of("clarion_backend_requests_in_flight"), "proxy"), "{{proxy}} in flight"),
      query(sumOf(of("clarion_backend_requests_waiting"), "proxy"), "{{proxy}} waiting")
    )
    .lines(
      "Webhooks",
      "cps",
      "Events and deliveries that were accepted, attempts that failed, events that were lost.",
      query(rateOf("clarion_webhook_events_delivered_total"), "{{instance}} events"),
      query(rateOf("clarion_webhook_deliveries_total"), "{{instance}} deliveries"),
      query(rateOf("clarion_webhook_failures_total", "instance, reason"), "{{instance}} failed: {{reason}}"),
      query(rateOf("clarion_webhook_events_lost_total"), "{{instance}} lost")
    )
    .lines(
      "Webhooks, now",
      "short",
      "Events that wait, and deliveries that the receiver has to answer.",
      query(of("clarion_webhook_events_waiting"), "{{instance}} waiting"),
      query(of("clarion_webhook_requests_in_flight"), "{{instance}} in flight")
    )
    .lines(
      "Traces",
      "cps",
      "Spans a second that the collector took, that were dropped, and requests to it that failed; and spans that wait.",
      query(rateOf("clarion_trace_spans_exported_total"), "{{instance}} exported"),
      query(
        rateOf("clarion_trace_spans_dropped_total", "instance, reason"),
        "{{instance}} dropped: {{reason}}"
      ),
      query(rateOf("clarion_trace_export_failures_total"), "{{instance}} failed requests"),
      query(of("clarion_trace_spans_waiting"), "{{instance}} waiting")
    )
}
