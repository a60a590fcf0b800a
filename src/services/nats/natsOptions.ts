/** The client library's options, from the configuration. */
import { readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import type { Socket } from "node:net"
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from "node:tls"
import { type Authenticator, credsAuthenticator, type NodeConnectionOptions } from "@nats-io/transport-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { BrokerConfig } from "../../config/brokerKeys.ts"

type NatsConfig = BrokerConfig["nats"]

/** Pings without an answer after which the connection is given up. */
const MAX_PINGS_OUT = 2

/** Milliseconds after which a connection is given up over which nothing comes. */
export const givenUpMs = ({ pingInterval }: Pick<NatsConfig, "pingInterval">): number =>
  (MAX_PINGS_OUT + 1) * Duration.toMillis(pingInterval)

const secretOf = (secret: Redacted.Redacted<string> | undefined) =>
  secret === undefined ? undefined : Redacted.value(secret)

/** Only what is given: the library takes a member that is undefined for one that is there. */
const given = <O extends object>(options: O): { [K in keyof O]: NonNullable<O[K]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof O]: NonNullable<O[K]>
  }

/** Files that may be replaced while the node runs: they have to be of use when it starts. */
const check = async (key: string, use: () => unknown): Promise<void> => {
  try {
    await use()
  } catch (error) {
    throw new Error(`${key} is of no use: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The file as it is when the connection is made; where it is of no use then, as it was before: an error here would end the connection for good. */
const authenticatorOf = (file: string): Authenticator => {
  let last = credsAuthenticator(readFileSync(file))
  return (nonce) => {
    try {
      const present = credsAuthenticator(readFileSync(file))
      const auth = present(nonce)
      last = present
      return auth
    } catch {
      return last(nonce)
    }
  }
}

const identity = async ({ user, password, token, credentials }: NatsConfig) => {
  const named = given({ user, pass: secretOf(password), token: secretOf(token) })
  if (credentials === undefined) return named
  await check("broker.nats.credentials", () => credsAuthenticator(readFileSync(credentials))())
  return { ...named, authenticator: authenticatorOf(credentials) }
}

/**
 * The library gives no name where a server is known by its IP address, and Node.js then takes "localhost" for it
 * (https://github.com/nats-io/nats.js/issues/303): the certificate has to be one for the address.
 */
function checkIdentity(this: ConnectionOptions | undefined, name: string, certificate: PeerCertificate) {
  const { servername, socket } = this ?? {}
  const address = servername ? undefined : (socket as Socket | undefined)?.remoteAddress
  return checkServerIdentity(address ?? name, certificate)
}

/** Without files of its own, what the scheme of the address and the server ask for. The library reads the files for each connection. */
const tlsOf = async ({ tls: { ca, cert, key }, servers }: NatsConfig) => {
  for (const [name, file] of Object.entries({ ca, cert, key }))
    if (file !== undefined) await check(`broker.nats.tls.${name}`, () => readFile(file))
  const files = given({ caFile: ca, certFile: cert, keyFile: key })
  const isAsked = Object.keys(files).length > 0 || servers.some((server) => server.startsWith("tls:"))
  return isAsked ? { tls: { ...files, checkServerIdentity: checkIdentity } } : {}
}

const addressOf = (server: string): string => server.replace(/^\w+:\/\/(.*?)\/?$/, "$1")

/** @param name of the node, for those who watch NATS */
export const natsOptions = (config: NatsConfig, name: string): Effect.Effect<NodeConnectionOptions, Error> =>
  Effect.tryPromise({
    try: async () => ({
      name,
      servers: config.servers.map(addressOf),
      timeout: Duration.toMillis(config.connectTimeout),
      maxReconnectAttempts: -1,
      reconnectTimeWait: Duration.toMillis(config.reconnectWait),
      reconnectJitter: Duration.toMillis(config.reconnectJitter),
      reconnectJitterTLS: Duration.toMillis(config.reconnectJitter),
      pingInterval: Duration.toMillis(config.pingInterval),
      maxPingOut: MAX_PINGS_OUT,
      // What is asked says so itself when it fails: two stacks for each request were a fifth of what a publication cost.
      noAsyncTraces: true,
      // A server that cannot be asked who we are now may be asked later: what is wrong at the start ends the node.
      ignoreAuthErrorAbort: true,
      ...(await identity(config)),
      ...(await tlsOf(config))
    }),
    catch: (error) => error as Error
  })
