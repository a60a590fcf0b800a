/** The server's configuration: every key, its built-in value and what it means. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Result from "effect/Result"
import { adminKeys } from "./adminKeys.ts"
import { brokerKeys, brokerRules } from "./brokerKeys.ts"
import { channelsKeys } from "./channelsKeys.ts"
import { channelsRules } from "./channelsRules.ts"
import { clientProtocolKeys } from "./clientProtocolKeys.ts"
import { clientProtocolRules } from "./clientProtocolRules.ts"
import { demoKeys, demoRules } from "./demoKeys.ts"
import { httpApiKeys } from "./httpApiKeys.ts"
import { type ConfigOf, key, type Settings } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { backendKeys, backendRules } from "./proxyKeys.ts"
import { receiptKeys } from "./receiptKeys.ts"
import { type ConfigInvalid, type Rule, resolve } from "./resolve.ts"
import { scheduleKeys } from "./scheduleKeys.ts"
import { fromJson } from "./sources.ts"
import { tracingKeys } from "./tracingKeys.ts"
import { webhookKeys, webhookRules } from "./webhookKeys.ts"

export const serverKeys = {
  "server.ip": key(Kind.text, "0.0.0.0", "address to listen on"),
  "server.port": key(Kind.port, 8088, "port to listen on; 0 asks the system for a free one"),
  "server.transport": key(
    Kind.choice("auto", "uws", "ws"),
    "auto",
    "auto takes uWebSockets.js where its binary loads, else ws"
  ),
  "server.workers": key(
    Kind.or(Kind.integer(0, 1024), "auto"),
    0,
    "worker processes; 0: this process serves alone; auto: one a core, or as many as totalSize needs"
  ),
  "server.heartbeat.interval": key(
    Kind.positiveDuration,
    Duration.seconds(1),
    "how often the primary asks each worker whether it answers"
  ),
  "server.heartbeat.timeout": key(
    Kind.positiveDuration,
    Duration.seconds(10),
    "a worker that has not answered for so long is killed and replaced"
  ),
  "server.shards": key(
    Kind.or(Kind.integer(1, 1024), "auto"),
    "auto",
    "shards of a process; auto is one for 5,000 connections that its open-file limit allows"
  ),
  "server.tls.cert": key(Kind.text, undefined, "file with the certificate chain (PEM); with server.tls.key"),
  "server.tls.key": key(Kind.text, undefined, "file with the private key (PEM)"),
  "sending.timer.delay": key(
    Kind.duration,
    Duration.minutes(10),
    "time from start to the first broadcast tick"
  ),
  "sending.timer.interval": key(Kind.positiveDuration, Duration.minutes(1), "time from tick to tick"),
  totalSize: key(Kind.integer(0), 1_200_000, "connections that the gate waits for before ticks send"),
  onlyTestConnect: key(Kind.boolean, true, "true: no broadcast timer, connections only"),
  "raw.onMessage": key(
    Kind.choice("ignore", "echo", "broadcast"),
    "ignore",
    "what happens to what a raw client sends"
  ),
  ...adminKeys,
  "limits.handshakesPerSecond": key(
    Kind.integer(0),
    0,
    "upgrades a second before HTTP 503, at least one for each worker; 0: no limit"
  ),
  "limits.connectionsPerAddress": key(
    Kind.integer(0),
    0,
    "live connections of one address before HTTP 429; 0: no limit"
  ),
  "limits.pendingHandshakes": key(
    Kind.integer(1),
    10_000,
    "upgrades that may wait for the onConnect hook before HTTP 503"
  ),
  "limits.handshakeTimeout": key(
    Kind.positiveDuration,
    Duration.seconds(10),
    "time for the onConnect hook to answer"
  ),
  "limits.backlog": key(
    Kind.integer(1, 65_535),
    4096,
    "handshakes that the kernel queues before they are accepted"
  ),
  "limits.messageSize": key(
    Kind.integer(1, 16_777_216),
    65_536,
    "bytes of one message from a client; more closes with 1009"
  ),
  "limits.requestSize": key(
    Kind.integer(1, 16_777_216),
    1_048_576,
    "bytes of one HTTP request body; more is a 413"
  ),
  "limits.sendBuffer": key(
    Kind.integer(1024),
    1_048_576,
    "bytes queued for one connection before it is slow"
  ),
  "limits.slowConsumer": key(
    Kind.choice("close", "drop"),
    "close",
    "a slow connection is closed with 3008, or misses messages"
  ),
  "limits.pingInterval": key(
    Kind.duration,
    Duration.seconds(50),
    "ping a connection that was silent for so long; 0: no pings"
  ),
  "limits.idleTimeout": key(
    Kind.duration,
    Duration.minutes(2),
    "close a connection that was silent for so long; 0: never"
  ),
  "limits.hookQueue": key(
    Kind.integer(1),
    10_000,
    "messages that wait for the onMessage hook; more are dropped"
  ),
  "limits.hookTimeout": key(
    Kind.positiveDuration,
    Duration.seconds(10),
    "time for onMessage and onClose; they are interrupted then"
  ),
  "limits.mailbox": key(
    Kind.integer(1, 1_048_576),
    1024,
    "publications that wait in one shard; more are dropped there"
  ),
  "shutdown.timeout": key(
    Kind.duration,
    Duration.seconds(10),
    "time to finish broadcasts and close connections after SIGTERM"
  ),
  "auth.apiKey": key(
    Kind.secret,
    undefined,
    "key for /api, /metrics and the dashboard; unset: made at start and kept in the store"
  ),
  ...channelsKeys,
  ...clientProtocolKeys,
  ...httpApiKeys,
  ...demoKeys,
  ...brokerKeys,
  ...backendKeys,
  ...webhookKeys,
  ...scheduleKeys,
  ...tracingKeys,
  "store.type": key(
    Kind.choice("disk", "memory"),
    "disk",
    "where schedules, receipts and durable history are kept: memory ends with the process"
  ),
  ...receiptKeys,
  "store.path": key(Kind.text, "data", "directory for what the server keeps"),
  "log.level": key(Kind.choice("Debug", "Info", "Warn", "Error"), "Info", "least level that is logged"),
  "log.format": key(Kind.choice("auto", "pretty", "json"), "auto", "auto is pretty on a terminal, else JSON")
}

export type ServerConfigValue = ConfigOf<typeof serverKeys>

export class ServerConfig extends Context.Service<ServerConfig, ServerConfigValue>()(
  "clarion/config/ServerConfig"
) {}

export const serverRules: ReadonlyArray<Rule<ServerConfigValue>> = [
  ...backendRules,
  ...webhookRules,
  ({ server: { tls } }) =>
    (tls.cert === undefined) === (tls.key === undefined)
      ? []
      : [{ where: "server.tls", message: "cert and key belong together: one of them is missing" }],
  ({ admin, server }) =>
    admin.port !== undefined && admin.port !== 0 && admin.port === server.port
      ? [
          {
            where: "admin.port",
            message: `is server.port (${server.port}) too; leave it unset to share that port`
          }
        ]
      : [],
  ({ limits: { pingInterval, idleTimeout } }) => {
    const [ping, idle] = [Duration.toMillis(pingInterval), Duration.toMillis(idleTimeout)]
    return ping > 0 && idle > 0 && ping >= idle
      ? [
          {
            where: "limits.pingInterval",
            message: "must be shorter than limits.idleTimeout, or a ping comes too late"
          }
        ]
      : []
  },
  ...channelsRules,
  ...clientProtocolRules,
  ...demoRules,
  ...brokerRules
]

/**
 * A configuration for an embedding program: these settings over the built-in values, checked like a file.
 * `serverConfig({ server: { port: 0 }, raw: { onMessage: "echo" } })`
 */
export const serverConfig = (
  settings: Settings<ServerConfigValue> = {}
): Result.Result<ServerConfigValue, ConfigInvalid> =>
  resolve(serverKeys, [fromJson(serverKeys, settings, "settings")], serverRules)
