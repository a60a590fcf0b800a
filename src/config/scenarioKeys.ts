/** Keys of the load client for its scenarios: what connections speak, what is published meanwhile, and what each scenario does. */
import * as Duration from "effect/Duration"
import { key } from "./Keys.ts"
import * as Kind from "./Kind.ts"

export const SCENARIOS = ["ramp", "hold", "spike", "churn", "drop", "slow-reader", "find-max"] as const
export type ScenarioName = (typeof SCENARIOS)[number]

/** Publications a second that the client makes at most: each has its own stamp, which are milliseconds. */
export const MAX_PUBLISH_RATE = 1000

const share = Kind.number(0, 100)

export const scenarioKeys = {
  scenario: key(
    Kind.choice(...SCENARIOS),
    undefined,
    "what the run does; sets built-in values of other keys. Unset: ramps up, and holds for duration"
  ),
  "protocol.type": key(
    Kind.choice("raw", "centrifuge"),
    "raw",
    "what connections speak: nothing of their own, or the Centrifugo client protocol in JSON"
  ),
  "protocol.channel": key(
    Kind.text,
    undefined,
    "channel that centrifuge connections subscribe to and that publish.rate publishes to; raw: broadcast"
  ),
  "protocol.token": key(Kind.secret, undefined, "connection token that centrifuge connections show"),
  "publish.rate": key(
    Kind.number(0, MAX_PUBLISH_RATE),
    0,
    "publications a second that the client makes through the server API; 0: none"
  ),
  "publish.apiKey": key(Kind.secret, undefined, "the server's auth.apiKey, for publish.rate"),
  "publish.uri": key(
    Kind.httpUrl,
    undefined,
    "where the server API is, on the host of server.uri; unset: its port, too"
  ),
  "publish.bytes": key(
    Kind.integer(64, 65_536),
    undefined,
    "bytes of each publication; unset: as few as its stamp needs"
  ),
  "hold.duration": key(
    Kind.positiveDuration,
    Duration.minutes(1),
    "how long hold, spike, churn and slow-reader go on once all connections are open"
  ),
  "churn.share": key(share, 1, "per cent of the connections that reconnect every second"),
  "drop.delay": key(
    Kind.duration,
    Duration.seconds(5),
    "time from when all connections are open until they are cut, and again from when all are back to the end"
  ),
  "drop.timeout": key(Kind.positiveDuration, Duration.minutes(1), "time for all connections to come back"),
  "slowReader.share": key(share, 1, "per cent of the connections that stop reading"),
  "findMax.of": key(Kind.choice("connections", "rate"), "connections", "what find-max raises"),
  "findMax.levels": key(Kind.integer(1, 1000), 10, "levels up to total.clients, or to findMax.rate"),
  "findMax.hold": key(Kind.positiveDuration, Duration.seconds(10), "time for which each level is judged"),
  "findMax.rate": key(
    Kind.number(0, MAX_PUBLISH_RATE),
    MAX_PUBLISH_RATE,
    "publications a second of the highest level"
  )
}
