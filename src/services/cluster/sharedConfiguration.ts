/** What all nodes of a cluster must be configured alike. */
import { createHash } from "node:crypto"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import { historyNamespaces } from "../channels/historyNamespaces.ts"

/** The same for people. */
export const SHARED_CONFIGURATION =
  "channels with history, where their namespaces end, broker.nats.replicas, broker.nats.storage"

/** Of the demo, which need not be everywhere, there is nothing in it. */
const WITHOUT_DEMO = { enabled: false } as ServerConfigValue["demo"]

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1

/** A short hash of it: the same text means the same configuration. No secrets are in it. */
export const sharedConfiguration = ({
  channels,
  broker: { nats }
}: Pick<ServerConfigValue, "channels" | "broker">): string => {
  const { histories } = historyNamespaces({ channels, demo: WITHOUT_DEMO })
  const { namespaceBoundary, privatePrefix } = channels
  const shared = [
    [...histories].sort(byName).map(({ name, size, ttlMs, metaTtlMs }) => [name, size, ttlMs, metaTtlMs]),
    [namespaceBoundary, privatePrefix, nats.replicas, nats.storage]
  ]
  return createHash("sha256").update(JSON.stringify(shared)).digest("base64url").slice(0, 16)
}
