/** What carries publications: this process alone, or NATS with JetStream, which joins many nodes. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import type { Rule } from "./resolve.ts"

/** Without a user: who the node is stands in keys of its own, and addresses are logged. */
const SERVER = /^(?:nats|tls):(\/\/[^\s/@]+\/?)$/

/** Ports are parsed by those who know them. */
const isAddress = (server: string): boolean => {
  const address = SERVER.exec(server)?.[1]
  return address !== undefined && URL.canParse(`http:${address}`)
}

/** A part of a subject: any of its characters may stand in one, and in the name of a stream. No flag begins with one. */
const PREFIX = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,31}$/

const addresses = Kind.refine(
  Kind.list,
  'addresses of NATS servers such as "nats://10.0.0.1:4222", as a list or one text with commas',
  (servers) => servers.length > 0 && servers.every(isAddress)
)

const USER_IN_ADDRESS =
  "an address is without a user: who the node is stands in broker.nats.user and broker.nats.password"

/** What is wrong is shown, unless there may be a password in it. */
const natsServers: Kind.Kind<ReadonlyArray<string>> = {
  ...addresses,
  decode: (json) =>
    Result.mapError(addresses.decode(json), (failure) =>
      JSON.stringify(json).includes("@")
        ? new Kind.InnerProblems([{ where: "", message: USER_IN_ADDRESS }])
        : failure
    )
}

export const brokerKeys = {
  "node.name": key(
    Kind.refine(Kind.text, "1 to 255 characters", (text) => text !== "" && text.length <= 255),
    undefined,
    "what the other nodes call this one, each by a name of its own; unset: the machine's name, _ and server.port"
  ),
  "broker.type": key(
    Kind.choice("memory", "nats"),
    "memory",
    "memory: this node alone, with its own store; nats: many nodes, joined by NATS with JetStream; to be set where any broker.nats key is"
  ),
  "broker.nats.servers": key(
    natsServers,
    ["nats://127.0.0.1:4222"],
    "servers of the NATS cluster, any of them"
  ),
  "broker.nats.prefix": key(
    Kind.refine(Kind.text, "1 to 32 letters, digits, - and _, not - first", (text) => PREFIX.test(text)),
    "clarion",
    "begins all subjects and names of streams: all nodes of one prefix at one NATS are one cluster, so each installation needs its own"
  ),
  "broker.nats.replicas": key(
    Kind.integer(1, 5),
    1,
    "NATS servers that keep each stream: 3 survive the loss of one"
  ),
  "broker.nats.storage": key(
    Kind.choice("file", "memory"),
    "file",
    "where NATS keeps histories: memory ends with its servers"
  ),
  "broker.nats.user": key(Kind.text, undefined, "user name at NATS"),
  "broker.nats.password": key(Kind.secret, undefined, "password of that user"),
  "broker.nats.token": key(Kind.secret, undefined, "token in place of a user"),
  "broker.nats.credentials": key(
    Kind.text,
    undefined,
    "file with the credentials (.creds) of a user of NATS; read again for each connection"
  ),
  "broker.nats.tls.ca": key(
    Kind.text,
    undefined,
    "PEM file of who signed the certificates of NATS; unset: those whom Node.js trusts"
  ),
  "broker.nats.tls.cert": key(Kind.text, undefined, "PEM file of the certificate shown to NATS"),
  "broker.nats.tls.key": key(Kind.text, undefined, "PEM file of its key"),
  "broker.nats.connectTimeout": key(
    Kind.positiveDuration,
    Duration.seconds(10),
    "time in which NATS may begin after this node; then, and at once where waiting does not help, the node ends"
  ),
  "broker.nats.requestTimeout": key(
    Kind.positiveDuration,
    Duration.seconds(3),
    "time for an answer of NATS, after which a request has failed and may be tried again"
  ),
  "broker.nats.reconnectWait": key(
    Kind.positiveDuration,
    Duration.millis(250),
    "between two attempts to come back to NATS"
  ),
  "broker.nats.reconnectJitter": key(
    Kind.duration,
    Duration.millis(500),
    "up to this is added to each wait, at random, so that nodes do not come back together"
  ),
  "broker.nats.pingInterval": key(
    Kind.positiveDuration,
    Duration.seconds(2),
    "between two pings of NATS; after two without an answer the connection is given up"
  )
}

export type BrokerConfig = ConfigOf<typeof brokerKeys>["broker"]

/** Ways to say who the node is; more than one would leave open which. */
const identities = (nats: BrokerConfig["nats"]): ReadonlyArray<string> =>
  (["user", "token", "credentials"] as const).filter((way) => nats[way] !== undefined)

export const brokerRules: ReadonlyArray<Rule<ConfigOf<typeof brokerKeys>>> = [
  // A node that is meant for a cluster would be alone, and nobody would see why. With "memory" it is meant to be.
  (_, given) => {
    const nats = [...given].find((path) => path.startsWith("broker.nats."))
    return nats === undefined || given.has("broker.type")
      ? []
      : [
          {
            where: "broker.type",
            message: `${nats} is given, and nothing says that this node uses NATS: set broker.type to "nats" (or to "memory")`
          }
        ]
  },
  ({ broker: { nats } }) => {
    const ways = identities(nats)
    return ways.length > 1
      ? [
          {
            where: "broker.nats",
            message: `${ways.join(" and ")} are given: one of them says who the node is`
          }
        ]
      : []
  },
  ({ broker: { nats } }) =>
    nats.password !== undefined && nats.user === undefined
      ? [{ where: "broker.nats.password", message: "broker.nats.user is missing" }]
      : [],
  ({ broker: { nats } }) =>
    (nats.tls.cert === undefined) === (nats.tls.key === undefined)
      ? []
      : [{ where: "broker.nats.tls", message: "cert and key belong together: one of them is missing" }]
]
