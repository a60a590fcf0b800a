/** What is wrong with NATS and may pass by itself, as it does while its servers begin; what does not ends a node at its start. */
import { JetStreamApiError } from "@nats-io/jetstream"
import { errors, PermissionViolationError, type ServerInfo } from "@nats-io/transport-node"

const NOT_ENABLED = "JetStreamNotEnabled"
const REPLICAS_NEED_A_CLUSTER = 10_074
/** The server has no TLS. */
const UNSUPPORTED = /does not support/
/** The server was too busy to hear who the node is. */
const TOO_LATE = /authentication timeout/i

/** Several at once, where a name has several addresses. */
const isOfNetwork = (error: unknown): boolean =>
  error instanceof AggregateError || (error instanceof Error && "syscall" in error)

/**
 * Why there is no connection: nobody listens, a name is not known yet, the network is away, a server is full.
 * @param error of the client library, or of Node.js
 */
export const mayConnect = (error: unknown): boolean => {
  if (error instanceof errors.ConnectionError)
    return error.cause === undefined ? !UNSUPPORTED.test(error.message) : isOfNetwork(error.cause)
  if (error instanceof errors.AuthorizationError) return TOO_LATE.test(error.message)
  return error instanceof errors.TimeoutError || error instanceof errors.ProtocolError || isOfNetwork(error)
}

/**
 * Why JetStream does not do what it was asked: without a leader, or without servers that are to come, it may do it later.
 * @param server that the node is connected to: one that is in a cluster may hear of others with JetStream
 */
export const mayAnswer = (error: unknown, server: ServerInfo | undefined): boolean => {
  const cause = error instanceof Error ? error.cause : undefined
  // The library does not export the class.
  if (error instanceof Error && error.name === NOT_ENABLED) {
    const isForAccount = cause instanceof JetStreamApiError
    return !isForAccount && (server?.jetstream === true || server?.cluster !== undefined)
  }
  if (error instanceof JetStreamApiError) return error.code !== REPLICAS_NEED_A_CLUSTER
  return !(error instanceof PermissionViolationError || cause instanceof PermissionViolationError)
}
