/** Why NATS does not let a node in, for who runs it: it names the keys that have to do with it, and no secret. */
import { errors } from "@nats-io/transport-node"
import type { BrokerConfig } from "../../config/brokerKeys.ts"

type NatsConfig = BrokerConfig["nats"]

/** What Node.js says of a certificate that it has no reason to trust. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED"
])

/** Who the node says that it is. */
const identityOf = ({ user, token, credentials, tls }: NatsConfig): string => {
  if (user !== undefined) return `the user ${user} (broker.nats.user, broker.nats.password)`
  if (token !== undefined) return "the token (broker.nats.token)"
  if (credentials !== undefined) return `the credentials in ${credentials} (broker.nats.credentials)`
  return tls.cert === undefined
    ? "who says nothing of itself (broker.nats.user, token and credentials are unset)"
    : `the certificate in ${tls.cert} (broker.nats.tls.cert)`
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isAboutIdentity = (error: unknown): boolean =>
  error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError

/** @param error of the client library, or of Node.js */
export const refusalOf = (config: NatsConfig, error: unknown): string => {
  const { tls, servers } = config
  const message = messageOf(error)
  const code = String((error as { readonly code?: unknown } | null)?.code)
  if (isAboutIdentity(error)) return `${message}: NATS does not let in ${identityOf(config)}`
  if (UNTRUSTED.has(code))
    return tls.ca === undefined
      ? `${message}: broker.nats.tls.ca is unset, and nobody whom Node.js trusts has signed the certificate of NATS`
      : `${message}: the certificate of NATS is not signed by whom ${tls.ca} names (broker.nats.tls.ca)`
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `${message} (an address in broker.nats.servers has to be one that the certificate of NATS is for)`
  const isTls = tls.ca !== undefined || servers.some((server) => server.startsWith("tls:"))
  // A server that wants another certificate ends the connection without a word.
  if (error instanceof errors.TimeoutError && isTls)
    return `${message}; it may want ${tls.cert === undefined ? "a certificate" : `another certificate than ${tls.cert}`} (broker.nats.tls.cert)`
  return message
}
