/** The load client's configuration: every key, its built-in value and what it means. */
import * as Duration from "effect/Duration"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { scenarioKeys } from "./scenarioKeys.ts"

const milliseconds = Kind.number(0)

export const clientKeys = {
  ...scenarioKeys,
  "local.ip": key(
    Kind.localAddresses,
    ["0.0.0.0"],
    "local addresses, one ramp each: a list and ranges (127.0.1.1-127.0.1.4)"
  ),
  "server.uri": key(Kind.webSocketUri, "ws://localhost:8088", "where to connect: ws:// or wss://"),
  "server.insecure": key(Kind.boolean, false, "true: accept any certificate of a wss:// server"),
  "setup.batchSize": key(Kind.integer(1, 100_000), 500, "connections that a ramp opens at each step"),
  "setup.interval": key(Kind.positiveDuration, Duration.seconds(1), "time from step to step"),
  "setup.timeout": key(
    Kind.positiveDuration,
    Duration.seconds(30),
    "time for one connection to be established"
  ),
  "setup.threadpool.size": key(
    Kind.integer(1, 1024),
    1,
    "processes for each local address; more are taken where the open-file limit needs them"
  ),
  "total.clients": key(Kind.integer(1), 50_000, "connections of each local address"),
  "websocket.timeout": key(
    Kind.duration,
    Duration.zero,
    "close a connection that heard nothing for so long; 0: never"
  ),
  "websocket.messageSize": key(
    Kind.integer(1, 268_435_456),
    1_048_576,
    "bytes of one message from the server"
  ),
  "reconnect.enabled": key(Kind.boolean, false, "true: a connection that ended is opened again"),
  "reconnect.minDelay": key(
    Kind.positiveDuration,
    Duration.millis(500),
    "longest wait before the first attempt to reconnect; it doubles with each that fails"
  ),
  "reconnect.maxDelay": key(
    Kind.positiveDuration,
    Duration.seconds(20),
    "longest wait before any attempt to reconnect"
  ),
  duration: key(Kind.duration, Duration.zero, "time from start to the end of the run; 0: until stopped"),
  "report.interval": key(Kind.positiveDuration, Duration.seconds(10), "time from report to report"),
  "report.json": key(Kind.text, undefined, "file for the final report as JSON"),
  "report.junit": key(Kind.text, undefined, "file for it as JUnit XML, with a test case for each threshold"),
  "report.html": key(Kind.text, undefined, "file for it as a page with charts, which needs no network"),
  "thresholds.min": key(milliseconds, undefined, "highest least latency, in ms"),
  "thresholds.mean": key(milliseconds, undefined, "highest mean latency, in ms"),
  "thresholds.p50": key(milliseconds, undefined, "highest median latency, in ms"),
  "thresholds.p75": key(milliseconds, undefined, "highest 75th percentile of latency, in ms"),
  "thresholds.p90": key(milliseconds, undefined, "highest 90th percentile of latency, in ms"),
  "thresholds.p95": key(milliseconds, undefined, "highest 95th percentile of latency, in ms"),
  "thresholds.p98": key(milliseconds, undefined, "highest 98th percentile of latency, in ms"),
  "thresholds.p99": key(milliseconds, undefined, "highest 99th percentile of latency, in ms"),
  "thresholds.p999": key(milliseconds, undefined, "highest 99.9th percentile of latency, in ms"),
  "thresholds.max": key(milliseconds, undefined, "highest latency, in ms"),
  "thresholds.errors": key(Kind.integer(0), undefined, "most connection errors"),
  "thresholds.setupPerSecond": key(Kind.number(0), undefined, "least connections established a second"),
  "thresholds.messagesPerSecond": key(Kind.number(0), undefined, "least messages received a second"),
  "thresholds.delivered": key(
    Kind.number(0, 100),
    undefined,
    "least share of each broadcast that arrived, in per cent"
  ),
  "thresholds.missed": key(
    Kind.integer(0),
    undefined,
    "most publications that connections missed while away"
  ),
  "thresholds.recovery": key(
    milliseconds,
    undefined,
    "highest 99th percentile of the time to come back, in ms"
  ),
  "thresholds.notRecovered": key(
    Kind.integer(0),
    undefined,
    "most connections that were lost and did not come back with all that they missed"
  ),
  "log.level": key(Kind.choice("Debug", "Info", "Warn", "Error"), "Info", "least level that is logged"),
  "log.format": key(Kind.choice("auto", "pretty", "json"), "auto", "auto is pretty on a terminal, else JSON")
}

export type ClientConfigValue = ConfigOf<typeof clientKeys>
